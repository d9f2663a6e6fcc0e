"""What may be done with a card: half, snooze, reasons, charts, and many at once."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import exits, propose, snoozing
from desk.console import cards
from desk.console.render import render
from desk.console.several import numbers
from desk.console.verbs import handle
from desk.desk import Operator
from desk.notices import card_subject
from desk.story import card as read_card
from tests.world import ANN, BOB, D, Tape, World, answer, explain, world
from trading.bars import Bars
from trading.errors import DeskError
from trading.facts import Notice, NoticeState, Picture, Request
from trading.messages import Button, Message
from trading.orders import Order
from trading.signals import Signal, SignalState
from trading.types import Account


async def proposed(w: World, *symbols: str) -> list[Signal]:
    answers = [answer(s, strength=9 - n) for n, s in enumerate(symbols)]
    return await propose.propose(w.desk, "dip", answers, explain=explain)


async def asked(w: World, text: str, *, by: Operator = ANN, pressed: bool = False) -> list[Message]:
    number = await w.ask(text, by=by, pressed=pressed)
    await handle(w.desk, number)
    rows = await w.journal.read(Notice, answers=number)
    return [Message.from_json(row.body) for row in rows]


async def said(w: World, text: str, *, by: Operator = ANN, pressed: bool = False) -> str:
    return "\n".join(one.plain for one in await asked(w, text, by=by, pressed=pressed))


async def shown(w: World, signal: Signal, reader: Operator = ANN) -> Message:
    return cards.card_message(w.desk, await read_card(w.desk, signal.id, reader=reader.id))


def labels(message: Message) -> list[str]:
    return [button.label for row in message.buttons for button in row]


def pressing(button: Button) -> str:
    return f"/{button.verb} {' '.join(button.args)}"


async def words(w: World, text: str, about: str = "") -> str:
    """The answer to a text that is no command."""
    number = await w.ask("/help")
    request = await w.journal.first(Request, id=number)
    assert request is not None
    await w.journal.move(request, payload={"said": text, "about": about})
    await handle(w.desk, number)
    rows = await w.journal.read(Notice, answers=number)
    return "\n".join(Message.from_json(row.body).plain for row in rows)


async def test_half_is_half_of_what_was_shown_down_to_the_lot_and_says_so():
    w = await world()
    w.tape.prices["AAPL"] = D("121")
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL", price=121.0)], explain=explain)
    assert signal.quantity == 41
    [half] = [b for row in (await shown(w, signal)).buttons for b in row if b.label == "Half"]
    assert await said(w, pressing(half), pressed=True) == "", "the card itself changes"
    [order] = await w.journal.read(Order)
    assert order.quantity == 20
    assert "✔ Approved by you: half size, 20 of 41" in (await shown(w, signal)).plain


async def test_half_of_one_lot_is_refused_and_has_no_button():
    w = await world()
    w.tape.prices["AAPL"] = D(4000)
    [signal] = await propose.propose(w.desk, "dip", [answer("AAPL", price=4000.0)], explain=explain)
    assert signal.quantity == 1
    assert "Half" not in labels(await shown(w, signal))
    assert "less than one lot" in await said(w, f"/approve {signal.id} half")
    assert await w.journal.read(Order) == []


async def test_a_reason_is_pressed_after_the_rejection_and_stands_on_every_card():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/reject {signal.id}", pressed=True)
    mine, bobs = await shown(w, signal), await shown(w, signal, BOB)
    assert labels(mine)[:5] == ["Price", "Size", "News", "Don't like it", "Other"]
    assert "Price" not in labels(bobs), "the reason is of whoever rejected it"
    [dislike] = [b for row in mine.buttons for b in row if b.label == "Don't like it"]
    assert "was already rejected by Ann" in await said(w, pressing(dislike), by=BOB, pressed=True)
    await said(w, pressing(dislike), pressed=True)
    assert "Rejected by Ann: don't like it" in (await shown(w, signal, BOB)).plain
    assert "Price" not in labels(await shown(w, signal))


async def test_other_takes_the_next_words_as_the_reason():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/reject {signal.id}", pressed=True)
    assert "Reply with a few words" in await said(w, f"/reason {signal.id} other", pressed=True)
    assert "Kept with signal 1 (AAPL): too near earnings" in await words(w, "too near earnings")
    assert "Rejected by you: too near earnings" in (await shown(w, signal)).plain
    assert "Kept" not in await words(w, "and hello"), "one answer, then it is help again"


async def test_a_reply_to_a_rejected_card_is_its_reason():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/reject {signal.id}", pressed=True)
    await words(w, "spread too wide", about=card_subject(signal.id))
    assert "Rejected by you: spread too wide" in (await shown(w, signal)).plain


async def test_words_long_after_other_are_no_reason():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/reject {signal.id}", pressed=True)
    await said(w, f"/reason {signal.id} other", pressed=True)
    w.clock.at += timedelta(minutes=11)
    assert "Kept" not in await words(w, "too near earnings")


async def test_a_snoozed_card_is_put_away_for_its_reader_alone_and_comes_back():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    options = await asked(w, f"/snooze {signal.id}", pressed=True)
    assert labels(options[0]) == ["15 min", "1 hour", "10 min before the end", "Back"]
    await said(w, f"/snooze {signal.id} 15m", pressed=True)
    mine = await shown(w, signal)
    assert mine.plain == f"Put away until 16:20 New York\n▲ Buy 50 AAPL · signal {signal.id}"
    assert labels(mine) == ["Show now", "Reject"]
    assert "Half" in labels(await shown(w, signal, BOB))
    [again] = await w.journal.read(Notice, kind=snoozing.AGAIN)
    assert (again.recipient, again.not_before) == (ANN.id, w.clock.at + timedelta(minutes=15))
    w.clock.at += timedelta(minutes=15)
    rendered = await render(w.desk, again, 1)
    assert rendered is not None
    assert "Half" in labels(rendered.message)
    assert snoozing.comes_again(again, w.clock.at - timedelta(minutes=14)), "as a new message"
    assert not snoozing.comes_again(again, w.clock.at), "once: after a crash it is edited"


async def test_show_now_brings_it_back_and_nothing_comes_twice():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/snooze {signal.id} 1h", pressed=True)
    await said(w, f"/snooze {signal.id} off", pressed=True)
    assert "Half" in labels(await shown(w, signal))
    [again] = await w.journal.read(Notice, kind=snoozing.AGAIN)
    assert again.state is NoticeState.MERGED


async def test_what_was_decided_meanwhile_does_not_come_back():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/snooze {signal.id} 1h", pressed=True)
    await said(w, f"/approve {signal.id}", by=BOB)
    assert "Approved by Bob" in (await shown(w, signal)).plain
    w.clock.at += timedelta(hours=1)
    [again] = await w.journal.read(Notice, kind=snoozing.AGAIN)
    assert await render(w.desk, again, 1) is None


async def test_a_card_cannot_be_put_away_past_its_end():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    w.clock.at = signal.expires_at - timedelta(minutes=15)
    assert "expires in 15 minutes" in await said(w, f"/snooze {signal.id} 15m")
    options = await asked(w, f"/snooze {signal.id}")
    assert labels(options[0]) == ["10 min before the end", "Back"]
    await said(w, f"/snooze {signal.id} end")
    [again] = await w.journal.read(Notice, kind=snoozing.AGAIN)
    assert again.not_before == signal.expires_at - timedelta(minutes=10)


async def test_a_stop_is_shown_only_where_it_is_looked_after(monkeypatch: pytest.MonkeyPatch):
    w = await world()
    [signal] = await proposed(w, "AAPL")
    assert signal.stop is not None
    assert "Stop" not in (await shown(w, signal)).plain
    monkeypatch.setattr(exits, "stop_of", lambda desk, signal: D("91.50"))
    [other] = await proposed(w, "MSFT")
    assert "\nStop 91.50 USD\n" in (await shown(w, other)).plain


async def test_several_numbers_are_approved_each_through_the_checks():
    w = await world()
    a, b, c = await proposed(w, "AAPL", "MSFT", "NVDA")
    w.tape.prices["MSFT"] = D(103)
    text = await said(w, f"/approve {a.id} {b.id} {c.id} 99")
    assert text.startswith("2 signals approved, 2 refused")
    assert "✔ Buy 50 AAPL" in text
    assert "✖ MSFT: price moved +3.00 % from 100" in text
    assert "✖ There is no signal 99" in text
    assert {o.symbol for o in await w.journal.read(Order)} == {"AAPL", "NVDA"}


async def test_all_of_a_strategy_lists_its_value_and_asks_once():
    w = await world()
    await proposed(w, "AAPL", "MSFT", "NVDA")
    w.tape.prices["MSFT"] = D(103)
    [question] = await asked(w, "/approve all dip")
    assert question.plain.startswith("Approve 2 signals of dip?\nWorth 10,000.00 USD together.")
    assert "Buy 50 AAPL · 5,000.00 USD" in question.plain
    assert "✖ MSFT: price moved" in question.plain
    assert await w.journal.read(Order) == []
    w.tape.prices["NVDA"] = D(104)
    approve = question.buttons[0][0]
    assert approve.label == "Approve 2"
    text = await said(w, pressing(approve), pressed=True)
    assert text.startswith("1 signal approved, 1 refused")
    assert "NVDA: price moved +4.00 %" in text


async def test_all_of_a_strategy_approves_only_what_was_listed():
    w = await world()
    await proposed(w, "AAPL")
    [question] = await asked(w, "/approve all dip")
    await proposed(w, "MSFT")
    await said(w, pressing(question.buttons[0][0]), pressed=True)
    assert [o.symbol for o in await w.journal.read(Order)] == ["AAPL"]


async def test_all_of_a_strategy_or_several_are_rejected_at_once():
    w = await world()
    signals = await proposed(w, "AAPL", "MSFT", "NVDA")
    text = await said(w, f"/reject {signals[0].id} {signals[1].id} too many")
    assert text.startswith("2 signals rejected: too many")
    assert "1 signal rejected" in await said(w, "/reject all dip")
    states = {s.state for s in await w.journal.read(Signal)}
    assert states == {SignalState.REJECTED}
    assert "no signal of dip is waiting" in (await said(w, "/approve all dip")).lower()


async def test_two_operators_pressing_at_once_make_one_order_and_the_second_hears_who():
    """Both have asked the broker before either decides."""
    w = await world()
    [signal] = await proposed(w, "AAPL")
    gate, ask = asyncio.Barrier(2), w.broker.account

    async def account() -> Account:
        found = await ask()
        await gate.wait()
        return found

    w.broker.account = account  # type: ignore[method-assign]
    texts = await asyncio.gather(
        said(w, f"/approve {signal.id}"), said(w, f"/approve {signal.id}", by=BOB)
    )
    [late] = [text for text in texts if "already approved by" in text]
    first = "Bob" if late == texts[0] else "Ann"
    assert f"already approved by {first}" in late
    assert await w.journal.count(Order) == 1


class Keeping(Tape):
    """A feed that has bars, one a day at 100."""

    asked_for: tuple[date, str] = (date.min, "")

    async def bars(
        self, symbols: Collection[str], first: date, at: datetime, timeframe: str = "1d"
    ) -> Mapping[str, Bars]:
        self.asked_for = (first, timeframe)
        days = np.arange("2025-01-01", "2025-02-04", dtype="datetime64[D]")
        flat = np.full(len(days), 100.0)
        ts = days.astype("datetime64[us]")
        return {s: Bars(s, ts, flat, flat, flat, flat, flat) for s in symbols}


async def test_a_chart_of_another_stretch_is_a_message_of_its_own():
    from charts import CandlesSpec

    w = await world()
    [signal] = await proposed(w, "AAPL")
    feed = Keeping(w.tape.calendar, w.tape.prices)
    w.desk.feed = feed
    number = await w.ask(f"/chart {signal.id}", pressed=True)
    await handle(w.desk, number)
    [row] = await w.journal.read(Notice, answers=number)
    assert not row.edits, "the card stays as it is"
    assert row.picture_id is not None
    assert feed.asked_for == (date(2023, 2, 3), "1w")
    picture = await w.journal.first(Picture, id=row.picture_id)
    assert picture is not None
    spec = CandlesSpec.from_json(picture.spec)
    assert (spec.bars.symbol, len(spec.bars)) == ("AAPL", 34)
    said_ = Message.from_json(row.body)
    assert labels(said_) == ["1 month", "6 months", "2 years"]
    again = await w.ask(pressing(said_.buttons[0][0]), pressed=True)
    await handle(w.desk, again)
    [redrawn] = await w.journal.read(Notice, answers=again)
    assert redrawn.edits
    assert feed.asked_for == (date(2025, 1, 3), "1d")


async def test_a_press_after_the_end_is_refused_with_how_long_ago():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    w.clock.at = signal.expires_at + timedelta(minutes=4)
    assert "expired 4 minutes ago" in await said(w, f"/approve {signal.id} half")
    with pytest.raises(DeskError, match="expired 4 minutes ago"):
        await snoozing.snooze(w.desk, ANN.id, signal.id, timedelta(minutes=15))


@given(st.lists(st.integers(0, 10**14)), st.lists(st.from_regex(r"[a-z]{1,9}", fullmatch=True)))
def test_numbers_come_first_each_once_and_the_rest_are_words(ids: list[int], words: list[str]):
    named = numbers([*(f"#{one}" for one in ids), *words, *(["7"] if words else [])])
    assert named.ids == tuple(dict.fromkeys(ids))
    assert named.words == (*words, "7") if words else named.words == ()
