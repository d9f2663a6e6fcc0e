"""Every critical notice is mailed at least once and, as far as SMTP allows, once."""

import asyncio
from datetime import timedelta

import pytest

from desk import notices
from mail.mailman import LONG, PAUSES, forget
from mail.progress import BURST
from tests.mail.conftest import Post
from tests.world import ANN
from trading.facts import Lane, Notice, Request
from trading.messages import Button, bold, message


async def test_an_event_is_one_mail_to_all_however_many_operators_are_told(post: Post):
    await post.alarm("Outcome unknown: buy 10 AAPL", "the broker gave no reason")
    assert await post.world.journal.count(Notice) == 2
    await post.man.round()
    (mail,) = post.server.mails
    assert mail["Subject"] == "Quarterdeck: Outcome unknown: buy 10 AAPL"
    assert post.server.to == [["ann@example.org", "bob@example.net"]]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == post.world.clock.at
    assert "the broker gave no reason" in mail.get_body(("plain",)).get_content()
    assert "<b>Outcome unknown: buy 10 AAPL</b>" in mail.get_body(("html",)).get_content()
    await post.man.round()
    assert len(post.server.mails) == 1


async def test_what_is_not_critical_is_not_mailed(post: Post):
    await notices.tell(post.world.desk, message("a scan found nothing"))
    await notices.tell(
        post.world.desk, message("the day"), lane=Lane.DIGEST, subject="digest:end:x"
    )
    await post.man.round()
    assert post.server.mails == []


async def test_what_was_told_before_mail_was_wanted_is_not_mailed(post: Post):
    await post.alarm("old news")
    await forget(post.world.desk)
    await post.man.round()
    await post.alarm("new news")
    await post.man.round()
    assert post.server.subjects == ["Quarterdeck: new news"]


async def test_the_same_text_at_another_moment_is_another_event(post: Post):
    await post.alarm("Job failed: backup")
    post.wait(seconds=1)
    await post.alarm("Job failed: backup")
    await post.man.round()
    assert len({mail["Message-ID"] for mail in post.server.mails}) == 2


async def test_later_mails_of_a_subject_answer_its_first(post: Post):
    for times in ("", " (2 times today)", " (3 times today)"):
        await post.alarm(f"Job failed: backup{times}", subject="job:backup:7")
        post.wait(minutes=1)
        await post.man.round()
    first, second, third = post.server.mails
    assert first["In-Reply-To"] is None
    assert second["In-Reply-To"] == third["References"] == first["Message-ID"]


async def test_whoever_halts_is_not_mailed_as_you(post: Post):
    desk = post.world.desk
    asked = Request("test", "1", "halt", post.world.clock.at, (), ANN.id, ANN.id, id=1)
    await notices.answer(desk, asked, message(bold("Trading halted by you")), lane=Lane.CRITICAL)
    await notices.tell(desk, message(bold("Trading halted by Ann")), lane=Lane.CRITICAL, but=ANN.id)
    await post.man.round()
    assert post.server.subjects == ["Quarterdeck: Trading halted by Ann"]


async def test_a_button_is_named_and_answered_in_telegram(post: Post):
    row = [Button("It is there", "x"), Button("No", "x"), Button("Why", "why", once=False)]
    said = message(bold("Outcome unknown"), buttons=[row])
    await notices.tell(post.world.desk, said, lane=Lane.CRITICAL)
    await post.man.round()
    text = post.server.mails[0].get_body(("plain",)).get_content()
    assert text.splitlines()[-2:] == [
        "Mon 3 Feb 16:05 New York",
        "To answer, in Telegram: It is there · No",
    ]


async def test_nothing_secret_is_mailed(post: Post):
    token = "123456789:AAF" + "x" * 32
    await post.alarm(f"it broke at {token}", f"https://api.telegram.org/bot{token}/getMe")
    await post.man.round()
    assert token not in post.server.mails[0].as_string()
    assert "x" * 32 not in str(post.server.mails[0]["Subject"])


async def test_a_text_that_no_mail_can_carry_goes_in_another_form(post: Post):
    await post.alarm("lone \ud800 surrogate\r\nBcc: eve@example.org", "\x00 and a bell \a")
    await post.man.round()
    (mail,) = post.server.mails
    assert mail["Bcc"] is None
    assert "eve" not in mail["Subject"]


async def test_a_row_nobody_can_read_is_still_announced_and_holds_up_nothing(post: Post):
    await post.world.journal.append(
        [Notice(1, "card", post.world.clock.at, subject="signal:seventeen", lane=Lane.CRITICAL)]
    )
    await post.alarm("after it")
    post.wait(seconds=20)
    await post.man.round()
    assert post.server.subjects == [
        "Quarterdeck: A message cannot be shown",
        "Quarterdeck: after it",
    ]


# The server away and back


async def test_away_for_days_loses_nothing_and_is_told_once_in_the_chat(
    post: Post, capsys: pytest.CaptureFixture[str]
):
    await post.server.away()
    for day in range(3):
        await post.alarm(f"alarm of day {day}")
        for _ in range(20):
            post.wait(hours=1)
            await post.man.round()
    (told,) = await post.chat()
    assert told.startswith("Email does not go out\n127.0.0.1 since Mon 3 Feb 17:05 New York: ")
    await post.server.back()
    post.wait(hours=1)
    await post.man.round()
    assert post.server.subjects == [f"Quarterdeck: alarm of day {day}" for day in range(3)]
    assert (await post.chat())[1:] == ["Email goes out again\n127.0.0.1 took what had waited."]
    assert (await post.progress()).waiting == ()
    assert capsys.readouterr().out.count("the mail server is away") == 1


async def test_a_short_outage_is_not_told(post: Post):
    await post.server.away()
    await post.alarm("alarm")
    await post.man.round()
    post.wait(minutes=9)
    await post.man.round()
    await post.server.back()
    post.wait(minutes=6)
    await post.man.round()
    assert len(post.server.mails) == 1
    assert await post.chat() == []


async def test_while_away_the_server_is_asked_less_and_less(post: Post):
    post.server.rcpt = lambda address: "421 too busy"
    await post.alarm("alarm")
    for _ in range(1_200):
        await post.man.round()
        post.wait(seconds=1)
    assert 6 <= post.server.connections <= 10


async def test_a_password_that_is_refused_waits_like_an_outage(post: Post):
    post.server.rcpt = lambda address: "530 Authentication required"
    await post.alarm("alarm")
    for _ in range(3):
        await post.man.round()
        post.wait(minutes=6)
    post.server.rcpt = lambda address: ""
    await post.man.round()
    assert len(post.server.mails) == 1
    assert "530 Authentication required" in (await post.chat())[0]


async def test_a_server_that_hangs_is_left_after_the_time_limit(post: Post):
    async def hang() -> None:
        await asyncio.sleep(3)

    post.server.taking = hang  # the rate of 20 makes the limit 1.25 s
    await post.alarm("alarm")
    async with asyncio.timeout(5):
        await post.man.round()
    assert (await post.progress()).failures == 1


async def test_a_connection_that_drops_after_the_mail_repeats_it_under_the_same_name(post: Post):
    post.server.drops = 1
    await post.alarm("alarm")
    await post.man.round()
    post.wait(minutes=1)
    await post.man.round()
    first, second = post.server.mails
    assert first["Message-ID"] == second["Message-ID"]
    post.wait(minutes=1)
    await post.man.round()
    assert len(post.server.mails) == 2


# One address, or one mail


async def test_a_refused_address_does_not_stop_the_others_and_is_told_once(post: Post):
    post.server.rcpt = lambda address: "550 no such user" if "bob" in address else ""
    for number in range(3):
        await post.alarm(f"alarm {number}")
        post.wait(minutes=1)
        await post.man.round()
    assert post.server.to == [["ann@example.org"]] * 3
    (told,) = await post.chat()
    assert told.startswith("An email address is refused\nbob@example.net: 550 no such user.")


async def test_a_greylisted_address_gets_it_later_and_the_other_not_twice(post: Post):
    seen: set[str] = set()

    def grey(address: str) -> str:
        late = "bob" in address and post.world.clock.at < first + timedelta(minutes=4)
        seen.add(address)
        return "451 try again later" if late else ""

    first = post.world.clock.at
    post.server.rcpt = grey
    await post.alarm("alarm")
    for _ in range(100):
        await post.man.round()
        post.wait(seconds=10)
    assert post.server.to == [["ann@example.org"], ["bob@example.net"]]
    assert await post.chat() == []


async def test_one_address_that_is_full_for_long_is_told_and_delays_nobody(post: Post):
    post.server.rcpt = lambda address: "452 mailbox full" if "bob" in address else ""
    for number in range(30):
        await post.alarm(f"alarm {number}")
        await post.man.round()
        post.wait(minutes=1)
    assert [to for to in post.server.to if "ann@example.org" in to] == [["ann@example.org"]] * 30
    (told,) = await post.chat()
    assert "bob@example.net: 452 mailbox full" in told


async def test_an_address_that_says_later_for_days_is_given_up_and_told(post: Post):
    post.server.rcpt = lambda address: "452 mailbox full" if "bob" in address else ""
    await post.alarm("alarm")
    for _ in range(130):
        await post.man.round()
        post.wait(hours=1)
    assert (await post.progress()).waiting == ()
    assert any(said.startswith("An email address is refused") for said in await post.chat())


async def test_a_mail_whose_content_is_refused_is_told_and_the_next_goes(post: Post):
    post.server.data = lambda mail: "554 looks like spam" if "win" in mail["Subject"] else ""
    await post.alarm("you win")
    await post.alarm("you lose")
    await post.man.round()
    assert post.server.subjects == ["Quarterdeck: you lose"]
    (told,) = await post.chat()
    assert told.startswith("A mail was refused\n“you win”: 554 looks like spam.")
    assert (await post.progress()).waiting == ()


# A flood


async def test_a_flood_becomes_one_mail_that_holds_every_text(post: Post):
    for number in range(100):
        await post.alarm(f"alarm {number:03}", f"said in full {number:03}")
        post.wait(seconds=1)
    await post.man.round()
    assert len(post.server.mails) == BURST + 1
    last = post.server.mails[-1]
    assert last["Subject"] == "Quarterdeck: 80 messages, first: alarm 020"
    for kind in ("plain", "html"):
        text = last.get_body((kind,)).get_content()
        assert all(f"said in full {number:03}" in text for number in range(20, 100))


async def test_a_flood_that_lasts_is_bounded_and_loses_nothing(post: Post):
    for number in range(1_200):
        await post.alarm(f"alarm {number:04}")
        await post.man.round()
        post.wait(seconds=1)
    post.wait(minutes=3)
    await post.man.round()
    went = [mail["Date"].datetime for mail in post.server.mails]
    span = timedelta(minutes=10)
    assert max(sum(at <= other < at + span for other in went) for at in went) <= BURST + 6
    said = "".join(mail.get_body(("plain",)).get_content() for mail in post.server.mails)
    assert all(said.count(f"alarm {number:04}") == 1 for number in range(1_200))


async def test_a_flood_refused_as_one_mail_goes_in_parts(post: Post):
    post.server.data = lambda mail: "552 too big" if "messages" in mail["Subject"] else ""
    for number in range(BURST + 3):
        await post.alarm(f"alarm {number:02}")
        post.wait(seconds=1)
    for _ in range(30):
        await post.man.round()
        post.wait(minutes=1)
    assert sorted(post.server.subjects) == [
        f"Quarterdeck: alarm {number:02}" for number in range(BURST + 3)
    ]


def test_the_pauses_reach_no_further_than_what_is_told_of_them():
    assert PAUSES[-1] < LONG
