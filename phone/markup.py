"""parse_mode=HTML as Telegram reads it: few tags, all of them closed, in order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from phone.entities import utf16_length
from phone.refusal import Refusal, cannot_parse
from phone.shapes import Entity

TAGS: Final = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "code": "code",
    "pre": "pre",
    "a": "text_link",
    "blockquote": "blockquote",
}
NAMED: Final = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
CHARACTER = re.compile(r"&(?:#(\d{1,7})|#x([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));?")
NAME = re.compile(r"[^\s>/]*")
ATTRIBUTE = re.compile(r"\s*([^\s=>/\"']+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s>\"']+)))?")
LINK = re.compile(r"(?:https?|tg|ton|mailto|tel):\S+", re.IGNORECASE)
LANGUAGE: Final = "language-"


@dataclass(frozen=True, slots=True)
class _Open:
    tag: str
    offset: int  # UTF-16 units of text before it
    attributes: dict[str, str]


class _Reader:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.parts: list[str] = []
        self.length = 0
        self.open: list[_Open] = []
        self.entities: list[Entity] = []

    def read(self) -> tuple[str, list[Entity]]:
        while self.at < len(self.source):
            character = self.source[self.at]
            if character == "&":
                self._character()
            elif character != "<":
                self._put(character)
                self.at += 1
            elif self.source.startswith("</", self.at):
                self._end_tag()
            else:
                self._start_tag()
        if self.open:
            raise cannot_parse(
                f'can\'t find end tag corresponding to start tag "{self.open[-1].tag}"'
            )
        return "".join(self.parts), sorted(self.entities, key=lambda e: (e["offset"], -e["length"]))

    def _put(self, text: str) -> None:
        self.parts.append(text)
        self.length += utf16_length(text)

    def _byte(self, at: int) -> int:
        return len(self.source[:at].encode())

    def _character(self) -> None:
        match = CHARACTER.match(self.source, self.at)
        code = 0
        if match and not match[3]:
            code = int(match[1]) if match[1] else int(match[2], 16)
        if match and match[3]:
            self._put(NAMED[match[3]])
            self.at = match.end()
        elif match and 0 < code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF:
            self._put(chr(code))
            self.at = match.end()
        else:
            self._put("&")
            self.at += 1

    def _start_tag(self) -> None:
        begin = self.at
        name = NAME.match(self.source, begin + 1)
        assert name is not None  # the pattern matches the empty string
        tag, self.at = name[0].lower(), name.end()
        if self.at >= len(self.source):
            raise self._unclosed(begin)
        if tag not in TAGS:
            raise cannot_parse(f'unsupported start tag "{tag}" at byte offset {self._byte(begin)}')
        attributes: dict[str, str] = {}
        while True:
            while self.at < len(self.source) and self.source[self.at].isspace():
                self.at += 1
            if self.at >= len(self.source):
                raise self._unclosed(begin)
            if self.source[self.at] == ">":
                self.at += 1
                break
            match = ATTRIBUTE.match(self.source, self.at)
            if match is None:
                raise cannot_parse(
                    f'empty attribute name in the tag "{tag}" at byte offset {self._byte(begin)}'
                )
            attributes[match[1].lower()] = match[2] or match[3] or match[4] or ""
            self.at = match.end()
        if tag == "span" and attributes.get("class") != "tg-spoiler":
            raise cannot_parse(
                f'tag "span" must have class "tg-spoiler" at byte offset {self._byte(begin)}'
            )
        self.open.append(_Open(tag, self.length, attributes))

    def _unclosed(self, begin: int) -> Refusal:
        return cannot_parse(f"unclosed start tag at byte offset {self._byte(begin)}")

    def _end_tag(self) -> None:
        begin = self.at
        if not self.open:
            raise cannot_parse(f"unexpected end tag at byte offset {self._byte(begin)}")
        stop = self.source.find(">", begin)
        if stop < 0:
            raise cannot_parse(f"unclosed end tag at byte offset {self._byte(begin)}")
        tag = self.source[begin + 2 : stop].strip().lower()
        opened = self.open.pop()
        if tag and tag != opened.tag:
            raise cannot_parse(
                f"unmatched end tag at byte offset {self._byte(begin)}, "
                f'expected "</{opened.tag}>", found "</{tag}>"'
            )
        self.at = stop + 1
        if self.length > opened.offset:
            self._close(opened)

    def _close(self, opened: _Open) -> None:
        length = self.length - opened.offset
        entity: Entity = {"type": TAGS[opened.tag], "offset": opened.offset, "length": length}
        if opened.tag == "a":
            url = _unescaped(opened.attributes.get("href", ""))
            if not LINK.fullmatch(url):
                return  # Telegram keeps the words and forgets the link
            entity["url"] = url
        if opened.tag == "blockquote" and "expandable" in opened.attributes:
            entity["type"] = "expandable_blockquote"
        if opened.tag == "pre" and self._names_a_language(opened.offset, length):
            entity["language"] = self.entities.pop()["language"]
        if opened.tag == "code":
            language = opened.attributes.get("class", "")
            if language.startswith(LANGUAGE) and self.open and self.open[-1].tag == "pre":
                entity["language"] = language.removeprefix(LANGUAGE)
        self.entities.append(entity)

    def _names_a_language(self, offset: int, length: int) -> bool:
        if not self.entities:
            return False
        last = self.entities[-1]
        return "language" in last and (last["offset"], last["length"]) == (offset, length)


def _unescaped(text: str) -> str:
    return CHARACTER.sub(lambda m: NAMED[m[3]] if m[3] else m[0], text)


def parse_html(source: str) -> tuple[str, list[Entity]]:
    """Plain text and its entities; refuses unknown, unclosed or crossing tags."""
    return _Reader(source).read()
