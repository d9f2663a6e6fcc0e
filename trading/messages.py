"""What we say, before any channel's own format: styled text, buttons, and their JSON form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

Style = Literal["", "bold", "italic", "code", "pre"]
ButtonStyle = Literal["", "success", "danger", "primary"]


@dataclass(frozen=True, slots=True)
class Span:
    text: str
    style: Style = ""


@dataclass(frozen=True, slots=True)
class Button:
    """Pressing it asks the desk `verb` with `args`, as if typed, by whoever pressed.

    `once`: pressing it a second time does nothing (decisions); otherwise it may be pressed again
    (paging, Why).
    """

    label: str
    verb: str
    args: tuple[str, ...] = ()
    style: ButtonStyle = ""
    once: bool = True


@dataclass(frozen=True, slots=True)
class Message:
    text: tuple[Span, ...]
    buttons: tuple[tuple[Button, ...], ...] = ()

    @property
    def plain(self) -> str:
        return "".join(span.text for span in self.text)

    def to_json(self) -> dict[str, Any]:
        return {
            "text": [[span.text, span.style] for span in self.text],
            "buttons": [
                [[b.label, b.verb, list(b.args), b.style, b.once] for b in row]
                for row in self.buttons
            ],
        }

    @classmethod
    def from_json(cls, body: Mapping[str, Any]) -> Self:
        return cls(
            tuple(Span(text, style) for text, style in body["text"]),
            tuple(
                tuple(
                    Button(label, verb, tuple(args), style, once)
                    for label, verb, args, style, once in row
                )
                for row in body.get("buttons", ())
            ),
        )


def message(*parts: str | Span, buttons: Sequence[Sequence[Button]] = ()) -> Message:
    """`message(bold("AAPL"), " is already long")`: plain strings and spans, joined as they are."""
    spans = tuple(part if isinstance(part, Span) else Span(part) for part in parts)
    return Message(spans, tuple(tuple(row) for row in buttons))


def bold(text: str) -> Span:
    return Span(text, "bold")


def italic(text: str) -> Span:
    return Span(text, "italic")


def code(text: str) -> Span:
    return Span(text, "code")


def table(text: str) -> Span:
    """Monospaced lines, aligned by the writer; at most 34 characters wide fits a phone."""
    return Span(text, "pre")
