"""What is read: the facts as they are, in plain text and in HTML, and a digest with its picture."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from desk import decide, digest, notices, propose
from desk.digest import Digest
from mail.letter import Stationery, as_html
from mail.route import Route
from mail.texts import Text, title
from tests.mail.conftest import Post
from tests.world import ANN, MONDAY, answer, at, explain
from trading.facts import Picture, PictureState
from trading.messages import Message, Span, bold, code, italic, message, table
from trading.signals import Signal

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 40


async def test_a_card_is_mailed_with_the_facts_of_now_and_its_changes_are_one_mail(post: Post):
    world = post.world
    await propose.propose(world.desk, "dip", [answer("AAPL")], explain=explain)
    signal = await world.journal.first(Signal, symbol="AAPL")
    assert signal is not None
    subject = [notices.card_subject(signal.id)]
    for _ in range(3):
        await notices.tell_changed(world.desk, "card", subject, lane=notices.Lane.CRITICAL)
        post.wait(seconds=2)
        await post.man.round()
    assert post.server.mails == []  # the card may change once more
    await decide.approve(world.desk, signal.id, by=f"operator:{ANN.id}")
    post.wait(seconds=15)
    await post.man.round()
    (mail,) = post.server.mails
    assert mail["Subject"] == "Quarterdeck: AAPL approved by Ann"
    assert "Buy 50 AAPL" in mail.get_body(("plain",)).get_content()
    assert [part for part in mail.walk() if part.get_content_maintype() == "image"] == []


@pytest.mark.parametrize("long", [False, True])
async def test_a_digest_waits_for_its_picture_and_brings_it(post: Post, long: bool):
    desk = post.world.desk
    post.man.stationery = replace(
        post.man.stationery, route=replace(post.man.stationery.route, digests=True)
    )
    words = "word " * (300 if long else 3)  # a long one is told apart from its picture
    told = Digest("end", MONDAY, message(bold("End of session"), "\n", words), {"kind": "x"})
    await digest.tell(desk, told)
    await post.man.round()
    assert post.server.mails == []
    picture = await post.world.journal.first(Picture)
    await post.world.journal.move(picture, state=PictureState.DRAWN, png=PNG)
    await post.man.round()
    (mail,) = post.server.mails
    assert mail["Subject"] == "Quarterdeck: End of session"
    (image,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert image.get_payload(decode=True) == PNG
    assert f"cid:{image['Content-ID'][1:-1]}" in mail.get_body(("html",)).get_content()


async def test_a_digest_whose_picture_does_not_come_goes_without(post: Post):
    post.man.stationery = replace(
        post.man.stationery, route=replace(post.man.stationery.route, digests=True)
    )
    await digest.tell(post.world.desk, Digest("end", MONDAY, message("a day"), {"kind": "x"}))
    post.wait(seconds=61)
    await post.man.round()
    assert post.server.subjects == ["Quarterdeck: a day"]


def test_html_says_what_the_spans_say_and_takes_no_text_for_tags():
    said = message(
        bold("A < B"), "\nline & ", italic("<script>"), code("x"), table("1  2\n3  4"), "\nend"
    )
    html = as_html(said)
    assert html.startswith("<b>A &lt; B</b><br>line &amp; <i>&lt;script&gt;</i><code>x</code><pre")
    assert "1  2\n3  4</pre>end" in html


@pytest.mark.parametrize(
    ("said", "symbol", "expected"),
    [
        ("✔ Filled 50 @ 100.00\nFees 1.00 USD", "AAPL", "AAPL filled 50 @ 100.00"),
        (
            "⚠ Outcome not known: asking the broker",
            "AAPL",
            "AAPL outcome not known: asking the broker",
        ),
        ("▲ Buy 50 AAPL", "AAPL", "Buy 50 AAPL"),
        ("\n  \nJob failed: backup", "", "Job failed: backup"),
        ("/halt failed", "", "/halt failed"),
        ("", "", "something happened"),
        ("!!!", "", "!!!"),
    ],
)
def test_a_title_is_the_first_line_and_names_the_symbol(said: str, symbol: str, expected: str):
    assert title(message(said), symbol) == expected


@given(
    some.lists(some.tuples(some.text(), some.sampled_from(["", "bold", "code", "pre"])), min_size=1)
)
def test_any_text_makes_a_mail_that_can_be_sent(spans: list[tuple[str, str]]):
    clean = [(text.encode("utf-8", "replace").decode(), style) for text, style in spans]
    said = Message(tuple(Span(text, style) for text, style in clean))  # type: ignore[arg-type]
    moment = at(MONDAY, 21)
    text = Text("7-1", title(said), said, moment, "3-1")
    route = Route("x", "none", "desk@example.org", ("ann@example.org",))
    stationery = Stationery(route, "qd1", lambda at: f"{at:%H:%M}")
    sent = stationery.letter([text, text], moment + timedelta(hours=1)).as_bytes()
    assert sent.isascii()
    assert max(len(line) for line in sent.split(b"\r\n")) <= 998
    assert b"\nMessage-ID: <qd1-7-1@example.org>\r\n" in sent
