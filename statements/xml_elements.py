"""The elements of an XML file, without a document type: none can define entities, so a small file
cannot grow into a large one, and none can name another file."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.parsers import expat

from trading.errors import DataError


@dataclass(frozen=True, slots=True)
class Element:
    tag: str
    attributes: Mapping[str, str]
    line: int
    parent: str  # the tag around it

    def get(self, *names: str) -> str:
        """The first of these attributes that says anything; stripped."""
        for name in names:
            word = self.attributes.get(name, "").strip()
            if word:
                return word
        return ""

    @property
    def text(self) -> str:
        return f"<{self.tag} " + " ".join(f'{k}="{v}"' for k, v in self.attributes.items() if v)


def elements(data: bytes) -> list[Element]:
    """In the order of the file. Raises DataError for what is no XML, or declares a document
    type."""
    found: list[Element] = []
    path: list[str] = []
    parser = expat.ParserCreate()

    def begin(tag: str, attributes: dict[str, str]) -> None:
        around = path[-1] if path else ""
        found.append(Element(tag, attributes, parser.CurrentLineNumber, around))
        path.append(tag)

    def end(_: str) -> None:
        path.pop()

    def doctype(*_: object) -> None:
        raise DataError("the XML declares a document type, which no statement has")

    parser.StartElementHandler = begin
    parser.EndElementHandler = end
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise DataError(f"line {error.lineno}: no XML: {expat.ErrorString(error.code)}") from None
    except (ValueError, LookupError) as error:
        raise DataError(f"no XML: {error}") from None
    return found
