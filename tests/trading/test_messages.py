"""A message survives its JSON, as the outbox keeps it."""

import json
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from trading.messages import (
    Button,
    ButtonStyle,
    Message,
    Span,
    Style,
    bold,
    code,
    italic,
    message,
    table,
)

spans = st.builds(Span, st.text(max_size=20), st.sampled_from(get_args(Style)))
buttons = st.builds(
    Button,
    st.text(max_size=10),
    st.text(max_size=10),
    st.lists(st.text(max_size=8), max_size=3).map(tuple),
    st.sampled_from(get_args(ButtonStyle)),
    st.booleans(),
)
rows = st.lists(st.lists(buttons, max_size=3).map(tuple), max_size=3).map(tuple)
messages = st.builds(Message, st.lists(spans, max_size=5).map(tuple), rows)


@given(messages)
def test_a_message_comes_back_from_json_as_it_was(said: Message):
    written = json.dumps(said.to_json())
    assert Message.from_json(json.loads(written)) == said


def test_a_body_without_buttons_is_a_message_without_buttons():
    assert Message.from_json({"text": [["hello", "bold"]]}) == message(bold("hello"))


def test_strings_and_spans_are_joined_as_they_are():
    said = message(bold("AAPL"), " is ", italic("already"), " ", code("long"), table("\n1 2"))
    assert said.plain == "AAPL is already long\n1 2"
    assert [span.style for span in said.text] == ["bold", "", "italic", "", "code", "pre"]


def test_buttons_keep_their_rows():
    yes, no = Button("Yes", "approve", ("17",)), Button("No", "reject", ("17",), once=False)
    assert message("?", buttons=[[yes], [no]]).buttons == ((yes,), (no,))
