"""Text as Telegram counts it: UTF-16 code units, entities that must fit, whitespace trimmed.

Rules and wording follow tdlib's MessageEntity.cpp (fix_formatted_text).
"""

from __future__ import annotations

import re
from itertools import accumulate
from typing import Any

from phone.refusal import bad_request, cannot_parse
from phone.shapes import Entity

MAX_ENTITIES = 100  # Telegram drops the rest silently
NEEDS = {  # entity type -> the field it is nothing without
    "text_link": "url",
    "text_mention": "user",
    "custom_emoji": "custom_emoji_id",
    "date_time": "unix_time",
}
DETECTED = frozenset(
    ("mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number")
)
BLOCKS = ("blockquote", "expandable_blockquote", "code", "pre")
STYLES = ("bold", "italic", "underline", "strikethrough", "spoiler")
NEEDS_TYPE = {"url": str, "user": dict, "custom_emoji_id": str, "unix_time": int}
KNOWN = frozenset((*DETECTED, *BLOCKS, *STYLES, *NEEDS))
EXTRAS = ("url", "user", "language", "custom_emoji_id", "unix_time", "date_time_format")
OPAQUE = frozenset(("code", "pre", "text_link", "text_mention"))  # nothing is detected inside

PATTERNS = (
    ("url", re.compile(r"(?<![\w/])https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")),
    ("email", re.compile(r"(?<![\w.])[\w.+-]+@[\w-]+\.[a-z]{2,}\b", re.IGNORECASE)),
    ("mention", re.compile(r"(?<!\w)@[A-Za-z]\w{3,31}\b", re.ASCII)),
    (
        "bot_command",
        re.compile(r"(?<![\w/<>])/[A-Za-z0-9_]{1,64}(?:@\w{3,32})?(?![\w/])", re.ASCII),
    ),
    ("hashtag", re.compile(r"(?<!\w)#\w*[^\W\d]\w*")),
    ("cashtag", re.compile(r"(?<!\w)\$[A-Z]{1,8}\b")),
)


def utf16_length(text: str) -> int:
    """How many UTF-16 code units Telegram counts in `text`."""
    return len(text) + sum(character > "\uffff" for character in text)


def utf16_slice(text: str, offset: int, length: int) -> str:
    """The part of `text` an entity covers; `offset` and `length` in UTF-16 code units."""
    units = text.encode("utf-16-le", "surrogatepass")
    return units[2 * offset : 2 * (offset + length)].decode("utf-16-le", "surrogatepass")


def check_utf8(text: str) -> None:
    """Refuses lone surrogates, which JSON can carry and UTF-8 cannot."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise bad_request("strings must be encoded in UTF-8")


def checked(text: str, raw: Any) -> list[Entity]:
    """The entities as Telegram keeps them; refuses those that do not fit `text`."""
    if raw is None:
        return []
    if not isinstance(raw, list):
        raise cannot_parse("expected an Array of MessageEntity")
    offsets = _offsets(text)
    places = {unit: index for index, unit in enumerate(offsets)}
    kept = [_checked_one(text, entity, places, offsets[-1]) for entity in raw]
    kept = [entity for entity in kept if entity["length"] > 0][:MAX_ENTITIES]
    # what Telegram finds by itself it does not take from others
    return _sorted([entity for entity in kept if entity["type"] not in DETECTED])


def _checked_one(text: str, entity: Any, places: dict[int, int], end: int) -> Entity:
    if not isinstance(entity, dict):
        raise cannot_parse("expected an Object as MessageEntity")
    kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
    if not isinstance(kind, str) or kind not in KNOWN:
        raise cannot_parse(f'unsupported MessageEntity type "{kind}" specified')
    if not isinstance(offset, int) or isinstance(offset, bool) or offset < 0:
        raise cannot_parse(f"receive an entity with incorrect offset {offset}")
    if not isinstance(length, int) or isinstance(length, bool) or length < 0:
        raise cannot_parse(f"receive an entity with incorrect length {length}")
    if offset > end:
        raise cannot_parse(f"entity begins after the end of the text at UTF-16 offset {offset}")
    beginning = f"entity beginning at UTF-16 offset {offset}"
    if offset + length > end:
        raise cannot_parse(
            f"{beginning} ends after the end of the text at UTF-16 offset {offset + length}"
        )
    if offset not in places:
        at = len(text[: places[offset + 1]].encode())
        raise cannot_parse(f"entity begins in a middle of a UTF-16 symbol at byte offset {at}")
    if offset + length not in places:
        at = len(text[: places[offset + length + 1]].encode())
        raise cannot_parse(f"{beginning} ends in a middle of a UTF-16 symbol at byte offset {at}")
    needed = NEEDS.get(kind)
    if needed and not isinstance(entity.get(needed), NEEDS_TYPE[needed]):
        raise cannot_parse(f'field "{needed}" of the MessageEntity must be specified')
    kept: Entity = {"type": kind, "offset": offset, "length": length}
    kept |= {name: entity[name] for name in EXTRAS if entity.get(name) is not None}
    return kept


def tidied(text: str, entities: list[Entity]) -> tuple[str, list[Entity]]:
    """Text and entities after Telegram's cleaning: controls to spaces, CR dropped, ends trimmed."""
    clean = ["" if c == "\r" else " " if c < " " and c != "\n" else c for c in text]
    before = _offsets(text)
    after = list(accumulate((utf16_length(c) for c in clean), initial=0))
    moved = dict(zip(before, after, strict=True))
    joined = "".join(clean)
    spans = [
        (start, stop, entity)
        for entity in entities
        for start, stop in [(moved[entity["offset"]], moved[entity["offset"] + entity["length"]])]
        if utf16_slice(joined, start, stop - start).strip(" \n")
    ]
    body = joined.rstrip(" \n")
    first = min((start for start, _, _ in spans), default=utf16_length(body))
    lead = 0
    while lead < len(body) and lead < first and body[lead] in " \n":
        lead += 1
    body = body[lead:]
    end = utf16_length(body)
    kept = [
        entity | {"offset": start - lead, "length": min(stop - lead, end) - (start - lead)}
        for start, stop, entity in spans
    ]
    return body, _sorted(kept)


def detected(text: str, entities: list[Entity]) -> list[Entity]:
    """`entities` and those Telegram finds itself: commands, links, mentions, tags."""
    offsets = _offsets(text)
    taken = [(e["offset"], e["offset"] + e["length"]) for e in entities if e["type"] in OPAQUE]
    found = list(entities)
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            start, stop = offsets[match.start()], offsets[match.end()]
            if all(stop <= left or right <= start for left, right in taken):
                taken.append((start, stop))
                found.append({"type": kind, "offset": start, "length": stop - start})
    return _sorted(found)


def _offsets(text: str) -> list[int]:
    """UTF-16 offset of every character boundary, ending with the length."""
    return list(accumulate((2 if c > "\uffff" else 1 for c in text), initial=0))


def _sorted(entities: list[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda e: (e["offset"], -e["length"]))
