"""From what a bot sent to the words a message keeps: parsed, cleaned, counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from phone.entities import check_utf8, checked, detected, tidied, utf16_length
from phone.markup import parse_html
from phone.refusal import bad_request, cannot_parse
from phone.shapes import Entity

TEXT_LIMIT = 4096  # UTF-16 code units after entities are parsed
CAPTION_LIMIT = 1024


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of a message or caption, with every entity Telegram would report."""

    words: str
    entities: list[Entity]


def text_of(text: str, parse_mode: str, entities: Any) -> Wording:
    """A message's text; refused when empty or over 4,096 units."""
    wording = _worded(text, parse_mode, entities)
    if not wording.words:
        raise bad_request("message text is empty")
    if utf16_length(wording.words) > TEXT_LIMIT:
        raise bad_request("message is too long")
    return wording


def caption_of(text: str, parse_mode: str, entities: Any) -> Wording:
    """A caption, which may be empty; refused over 1,024 units."""
    wording = _worded(text, parse_mode, entities)
    if utf16_length(wording.words) > CAPTION_LIMIT:
        raise bad_request("message caption is too long")
    return wording


def _worded(text: str, parse_mode: str, entities: Any) -> Wording:
    check_utf8(text)
    mode = parse_mode.lower()
    if mode == "html":
        plain, found = parse_html(text)
    elif mode in ("markdown", "markdownv2"):
        raise cannot_parse(
            f"this stand-in takes parse_mode HTML or explicit entities, not {parse_mode}"
        )
    elif mode:
        raise bad_request("unsupported parse_mode")
    else:
        plain, found = text, checked(text, entities)
    words, kept = tidied(plain, found)
    return Wording(words, detected(words, kept))
