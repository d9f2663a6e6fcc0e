"""A message in Telegram's form: within its limits and by its own count, whatever the text."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.callbacks import Press, new_nonce
from bot.voice import (
    CAPTION_LIMIT,
    LABEL_LIMIT,
    TEXT_LIMIT,
    cut,
    keyboard,
    keys,
    say,
    sendable,
    units,
)
from phone.entities import checked, utf16_length, utf16_slice
from trading.messages import Button, Message, Span, bold, message

CHARACTERS = st.characters() | st.sampled_from("a \n😀👩‍👩‍👧‍👦𝔸é中\u200d\ufe0f")
TEXTS = st.text(CHARACTERS, max_size=60) | st.builds(
    lambda text, times: text * times,
    st.text(CHARACTERS, min_size=1, max_size=8),
    st.integers(1, 900),
)
STYLES = st.sampled_from(["", "bold", "italic", "code", "pre"])
BUTTONS = st.builds(
    Button,
    st.text(CHARACTERS, min_size=1, max_size=60),
    st.sampled_from(["approve", "why"]),
    st.lists(st.text(max_size=80), max_size=3).map(tuple),
    st.sampled_from(["", "success", "danger", "primary"]),
)
MESSAGES = st.builds(
    lambda spans, rows: Message(tuple(spans), tuple(tuple(row) for row in rows)),
    st.lists(st.builds(Span, TEXTS, STYLES), max_size=6),
    st.lists(st.lists(BUTTONS, min_size=1, max_size=3), max_size=3),
)


@given(MESSAGES, st.booleans())
def test_what_is_said_is_within_the_limit_and_its_entities_within_it(said: Message, caption: bool):
    out = say(said, caption=caption)
    length = utf16_length(out.text)
    assert length <= (CAPTION_LIMIT if caption else TEXT_LIMIT)
    out.text.encode()  # no half of a pair is left over
    raw = [entity.model_dump(exclude_none=True) for entity in out.entities]
    checked(out.text, raw)  # as Telegram would: in range, no symbol split
    ends = [(entity.offset, entity.offset + entity.length) for entity in out.entities]
    assert ends == sorted(ends)
    assert all(before[1] <= after[0] for before, after in pairwise(ends))


@given(MESSAGES)
def test_each_entity_covers_its_own_span(said: Message):
    out = say(said, caption=False)
    styled = [s for s in said.text if s.style and s.text.strip()]
    for entity, span in zip(out.entities, styled, strict=False):
        covered = utf16_slice(out.text, entity.offset, entity.length)
        assert entity.type == span.style
        clean = sendable(span.text)
        assert covered == clean or (covered.endswith("…") and clean.startswith(covered[:-1]))


@given(MESSAGES)
def test_what_fits_is_said_word_for_word(said: Message):
    if units(said.plain) <= TEXT_LIMIT:
        assert say(said, caption=False).text == "".join(sendable(s.text) for s in said.text)


@given(st.text(CHARACTERS, max_size=200), st.integers(1, 60))
def test_a_cut_text_ends_in_an_ellipsis_within_the_limit(text: str, limit: int):
    short = cut(text, limit)
    assert units(short) <= limit
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


@given(MESSAGES, MESSAGES)
def test_the_digest_changes_only_with_what_is_shown(one: Message, other: Message):
    def seen(said: Message) -> object:
        out = say(said, caption=False)
        return out.text, [e.model_dump() for e in out.entities], said.to_json()["buttons"]

    digests = say(one, caption=False).digest, say(other, caption=False).digest
    assert (digests[0] == digests[1]) is (seen(one) == seen(other))
    assert say(one, caption=False).digest == digests[0], "nonces are not part of it"


def test_the_digest_tells_pictures_styles_and_buttons_apart():
    plain = message("AAPL", buttons=[[Button("Approve", "approve", ("1",))]])
    said = [
        say(plain, caption=True),
        say(plain, caption=True, picture="7"),
        say(replace(plain, text=(bold("AAPL"),)), caption=True),
        say(replace(plain, buttons=()), caption=True),
        say(replace(plain, buttons=((Button("Approve", "approve", ("2",)),),)), caption=True),
    ]
    assert len({one.digest for one in said}) == len(said)


def test_a_lone_surrogate_does_not_stop_the_post():
    assert say(message("broker said \ud83d"), caption=False).text == "broker said \ufffd"
    [[button]] = keyboard(keys(message("", buttons=[[Button("\udc00", "why")]]))).inline_keyboard  # type: ignore[union-attr]
    assert button.text == "\ufffd"


def test_markup_in_a_text_is_only_text():
    said = say(message(bold("<b>&_*`[x](y)")), caption=False)
    assert said.text == "<b>&_*`[x](y)"
    assert [(e.type, e.offset, e.length) for e in said.entities] == [("bold", 0, 13)]


@given(MESSAGES)
def test_a_button_is_an_opaque_nonce_of_at_most_64_bytes(said: Message):
    board = keyboard(keys(said))
    buttons = [b for row in board.inline_keyboard for b in row] if board else []
    assert len(buttons) == sum(map(len, said.buttons))
    for button in buttons:
        assert button.callback_data is not None
        assert len(button.callback_data.encode()) <= 64
        assert "approve" not in button.callback_data
        assert units(button.text) <= LABEL_LIMIT
    assert len({b.callback_data for b in buttons}) == len(buttons)


def test_a_nonce_survives_the_trip():
    for _ in range(200):
        nonce = new_nonce()
        assert Press.unpack(Press(nonce=nonce).pack()).nonce == nonce
