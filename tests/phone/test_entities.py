"""Counting in UTF-16, whatever the text."""

from __future__ import annotations

import html
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from phone.entities import checked, detected, tidied, utf16_length, utf16_slice
from phone.markup import parse_html
from phone.refusal import Refusal

text = st.text(st.characters(codec="utf-8"), max_size=60)
spicy = st.text(st.sampled_from("a😀\r\n\t é/@#$<>&;b\u200b1"), max_size=40)


def refused(attempt: Callable[[], object]) -> str:
    """Telegram's words against an attempt, "" when it takes it."""
    try:
        attempt()
    except Refusal as refusal:
        return refusal.description
    return ""


@given(text)
def test_length_is_what_utf16_takes(words: str) -> None:
    assert utf16_length(words) == len(words.encode("utf-16-le")) // 2


@given(text, text, text)
def test_a_slice_finds_the_middle(before: str, middle: str, after: str) -> None:
    whole = before + middle + after
    assert utf16_slice(whole, utf16_length(before), utf16_length(middle)) == middle


@given(spicy, st.integers(-3, 90), st.integers(-3, 90))
def test_an_entity_is_kept_whole_or_refused(words: str, offset: int, length: int) -> None:
    raw = [{"type": "bold", "offset": offset, "length": length}]
    refusal = refused(lambda: checked(words, raw))
    units = words.encode("utf-16-le")
    part = units[2 * max(offset, 0) : 2 * max(offset + length, 0)]
    in_range = offset >= 0 and length >= 0 and offset + length <= len(units) // 2
    splits_a_pair = "\ufffd" in part.decode("utf-16-le", "replace")
    if not in_range or splits_a_pair:
        assert refusal.startswith("Bad Request: can't parse entities: ")
    elif length:
        assert refusal == ""


@given(spicy, st.data())
def test_tidying_moves_entities_with_their_words(words: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words)))
    stop = data.draw(st.integers(start, len(words)))
    offset, length = utf16_length(words[:start]), utf16_length(words[start:stop])
    raw = [{"type": "bold", "offset": offset, "length": length}] if length else []
    clean, kept = tidied(words, raw)
    assert clean == clean.rstrip(" \n")
    assert "\r" not in clean
    assert "\t" not in clean
    for entity in kept:
        covered = utf16_slice(clean, entity["offset"], entity["length"])
        marked = words[start:stop].replace("\r", "").replace("\t", " ")
        assert covered == marked or covered == marked.rstrip(" \n")
    assert tidied(clean, kept) == (clean, kept)


@given(spicy)
def test_what_is_detected_lies_within_the_text(words: str) -> None:
    for entity in detected(words, []):
        covered = utf16_slice(words, entity["offset"], entity["length"])
        assert covered in words
        assert covered


@given(text)
def test_escaped_html_comes_back_as_it_was(words: str) -> None:
    assert parse_html(f"<b>{html.escape(words)}</b>")[0] == words.replace("&#x27;", "'")


@given(st.text(st.sampled_from("<>/bia &;=\"'pre#x"), max_size=40))
def test_any_html_is_parsed_or_refused(source: str) -> None:
    refusal = refused(lambda: parse_html(source))
    if refusal:
        assert "can't parse entities" in refusal
        return
    words, entities = parse_html(source)
    assert checked(words, entities) == entities


def test_html_in_telegrams_dialect() -> None:
    words, entities = parse_html(
        '<pre><code class="language-python">x = 1</code></pre>'
        '<a href="https://e.com/?a=1&amp;b=2">link</a><a href="javascript:x">no</a>'
        '<blockquote expandable>long</blockquote><span class="tg-spoiler">s</span>'
    )
    assert words == "x = 1linknolongs"
    assert [(e["type"], e.get("url"), e.get("language")) for e in entities] == [
        ("pre", None, "python"),
        ("text_link", "https://e.com/?a=1&b=2", None),
        ("expandable_blockquote", None, None),
        ("spoiler", None, None),
    ]


def test_commands_links_and_tags_are_found() -> None:
    words = "😀 /pnl@bot_bot x/y https://e.com/a, @nelson #fills $AAPL a@b.io `/no`"
    found = [(e["type"], utf16_slice(words, e["offset"], e["length"])) for e in detected(words, [])]
    assert found == [
        ("bot_command", "/pnl@bot_bot"),
        ("url", "https://e.com/a"),
        ("mention", "@nelson"),
        ("hashtag", "#fills"),
        ("cashtag", "$AAPL"),
        ("email", "a@b.io"),
        ("bot_command", "/no"),
    ]
    code = [{"type": "code", "offset": 0, "length": 4}]
    assert detected("/pnl", code) == code
