"""Adopt, ignore and close: what a press under a difference writes, once, and what it refuses."""

import asyncio
from decimal import Decimal

import pytest

from desk import adopt, execute, reconcile
from desk.console import differences, verbs
from desk.differences import CLOSE, Difference, Shift
from desk.halt import latch
from desk.sending import LEASE
from tests.desk.test_reconcile import broker, holding, order, slip
from tests.world import ANN, BOB, MONDAY, World
from trading.errors import DeskError
from trading.facts import Lane, Notice, Request, RequestState, Trading
from trading.messages import Message
from trading.orders import Fill, Order, OrderState, OrderType

D = Decimal
TUESDAY = MONDAY.replace(day=4)


async def newest(w: World, who: int = ANN.id) -> Message:
    row = await w.journal.first(Notice, kind="text", recipient=who, order="-id")
    assert row is not None
    return Message.from_json(row.body)


async def press(w: World, label: str) -> str:
    """Presses a button of Ann's newest message; returns what she reads then."""
    for row in (await newest(w)).buttons:
        for button in row:
            if button.label == label:
                words = " ".join((button.verb, *button.args))
                await verbs.handle(w.desk, await w.ask(words, pressed=True))
                return (await newest(w)).plain
    raise LookupError(f"no button {label!r}")


async def compare(w: World) -> list[Difference]:
    """Ann asks /reconcile; what differs."""
    await verbs.handle(w.desk, await w.ask("/reconcile"))
    return sorted((await reconcile.check(w.desk)).found, key=lambda d: d.words)


async def held(w: World) -> dict[str, Decimal]:
    """Units by strategy, of everything."""
    ledger = await w.desk.books.ledger()
    return {p.book.strategy: p.quantity for p in ledger.held()}


async def test_adopting_a_position_says_what_it_books_and_makes_the_books_agree():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await compare(w)
    assert await press(w, "Adopt") == (
        "Adopt AAPL from paper?\n"
        "paper holds 13, our books 10.\n"
        "Our books take +3 AAPL in unassigned, at 100.00 USD, the last price: 300.00 USD in all. "
        "Nothing is sent to the broker."
    )
    assert await w.journal.count(Fill) == 1, "nothing before the second press"
    assert await press(w, "Adopt") == (
        "Adopted: +3 AAPL in unassigned\n"
        "At 100.00 USD, the last price. Both books show 13 AAPL now."
    )
    assert (await newest(w, BOB.id)).plain.startswith("Adopted: +3 AAPL in unassigned, by Ann\n")
    assert await compare(w) == []
    assert await held(w) == {"dip": D(10), "unassigned": D(3)}
    [fill] = await w.journal.read(Fill, strategy="unassigned")
    assert (fill.execution_id, fill.fee, fill.is_adopted) == (
        "adopted:AAPL:10>13:1:unassigned",
        D(0),
        True,
    )


async def test_what_our_books_never_held_is_booked_at_the_brokers_average():
    w = await holding()
    w.tape.prices["AAPL"] = D(120)
    slip(w, "buy 3 AAPL")
    await compare(w)
    assert "at 100.00 USD, paper's average price: 300.00 USD in all" in await press(w, "Adopt")


async def test_a_position_that_is_gone_leaves_the_strategy_that_held_it():
    w = await holding("buy 10 AAPL")
    slip(w, "sell 10 AAPL")
    await compare(w)
    assert [b.label for b in (await newest(w)).buttons[0]] == ["Adopt", "Ignore"]
    assert "Our books take −10 AAPL in dip" in await press(w, "Adopt")
    await press(w, "Adopt")
    assert await held(w) == {}
    assert await compare(w) == []


async def test_the_same_difference_adopted_by_two_operators_is_one_fact():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    [shift] = await compare(w)
    assert isinstance(shift, Shift)
    first, second = [await adopt.booking(w.desk, shift) for _ in range(2)]
    came = await asyncio.gather(
        adopt.book(w.desk, first), adopt.book(w.desk, second), return_exceptions=True
    )
    assert sorted(isinstance(one, DeskError) for one in came) == [False, True]
    assert await held(w) == {"dip": D(10), "unassigned": D(3)}
    with pytest.raises(DeskError, match="AAPL agrees by now, 13 on both sides"):
        await adopt.shift(w.desk, shift.words)


async def test_the_same_figures_after_another_trade_are_another_fact():
    w = await holding("buy 10 AAPL")
    for text in ("buy 3 AAPL", "sell 3 AAPL", "buy 3 AAPL"):
        slip(w, text)
        [shift] = await compare(w)
        assert isinstance(shift, Shift)
        await adopt.book(w.desk, await adopt.booking(w.desk, shift))
    assert await compare(w) == []
    assert len({f.execution_id for f in await w.journal.read(Fill)}) == 4


async def test_a_press_on_a_difference_that_has_changed_is_refused_with_the_figure():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await compare(w)
    await press(w, "Adopt")
    slip(w, "buy 1 AAPL")
    assert await press(w, "Adopt") == (
        "It has changed since, AAPL: paper 14, ours 10; /reconcile compares again."
    )
    assert await w.journal.count(Fill) == 1


async def test_an_answer_that_waited_out_a_downtime_is_refused():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await compare(w)
    await press(w, "Close")
    w.go(TUESDAY, 19, 30)
    assert await press(w, "Close") == "This question is 25 minutes old; press it again above."
    assert await w.journal.count(Order) == 1


@pytest.mark.parametrize(
    "words",
    [
        "adopt",
        "adopt position paper AAPL",
        "adopt position paper AAPL ten 3",
        "close position nobody AAPL 13 10",
        "ignore order paper",
        "adopt position paper AAPL 13 10 yesterday yes",
        "close order paper nothing 4 - works",
    ],
)
async def test_words_no_button_wrote_are_refused_in_one_line(words: str):
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    request = await w.ask(f"/reconcile {words}")
    await verbs.handle(w.desk, request)
    assert (await newest(w)).plain.count("\n") == 0
    assert await w.journal.count(Request, id=request, state=RequestState.REFUSED) == 1


async def test_an_instrument_with_an_order_in_doubt_is_not_adopted():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    sender = {"owner": await w.desk.owners.mine(), "leased_until": w.clock.at + LEASE}
    doubt = order(w, "lost", "buy 3 AAPL", state=OrderState.SUBMITTING, **sender)
    await w.journal.append([doubt])
    await compare(w)
    said = await press(w, "Adopt")
    assert said.startswith("Nobody knows yet what became of the order to buy 3 AAPL")


async def test_ignored_is_told_only_with_other_figures_and_shown_as_ignored():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await differences.tell(w.desk, await reconcile.check(w.desk))
    assert (await press(w, "Ignore")).startswith("Ignore this difference?\nAAPL: paper 13, ours 10")
    assert (await press(w, "Ignore")).startswith("Ignored\nAAPL: paper 13, ours 10.")
    before = await w.journal.count(Notice)
    reading = await reconcile.check(w.desk)
    assert (reading.agrees, len(reading.ignored)) == (True, 1)
    await verbs.handle(w.desk, await w.ask("/reconcile"))
    said = await newest(w)
    assert said.plain.startswith("Our books and paper's differ, ignored\n")
    assert [b.label for b in said.buttons[0]] == ["Adopt", "Close"]
    assert await w.journal.count(Notice) == before + 1
    slip(w, "buy 1 AAPL")
    assert await differences.tell(w.desk, await reconcile.check(w.desk))
    assert "14   10" in (await newest(w)).plain


async def test_a_difference_less_is_no_news():
    w = await holding("buy 10 AAPL", "buy 5 MSFT")
    slip(w, "buy 3 AAPL")
    slip(w, "buy 2 MSFT")
    assert await differences.tell(w.desk, await reconcile.check(w.desk))
    slip(w, "sell 3 AAPL")
    assert not await differences.tell(w.desk, await reconcile.check(w.desk))
    slip(w, "sell 2 MSFT")
    assert await differences.tell(w.desk, await reconcile.check(w.desk))
    assert (await newest(w)).plain.startswith("The brokers' books agree with ours again")


async def test_one_that_went_away_and_came_back_is_told_again():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    [shift] = await compare(w)
    await reconcile.ignore(w.desk, shift, by="operator:1")
    slip(w, "sell 3 AAPL")
    await differences.tell(w.desk, await reconcile.check(w.desk))
    slip(w, "buy 3 AAPL")
    assert await differences.tell(w.desk, await reconcile.check(w.desk))


async def test_closing_sells_what_is_too_much_and_both_books_agree_after_it():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    await compare(w)
    assert await press(w, "Close") == (
        "Close 3 AAPL at paper?\n"
        "paper holds 13, our books 10.\n"
        "Sells 3 AAPL at the market, about 300.00 USD, reduce-only. They are booked to unassigned "
        "first, at 100.00 USD, the last price."
    )
    assert (await press(w, "Close")).startswith("Closing: sell 3 AAPL\n")
    [closing] = await w.journal.read(Order, purpose="manual")
    assert (closing.key, closing.reduce_only) == ("t-rc1-AAPL", True)
    await execute.execute_due(w.desk, owner="t")
    assert (
        await newest(w)
    ).plain == "Filled: sell 3 AAPL\nAt paper, in unassigned. /orders shows it."
    assert await held(w) == {"dip": D(10)}
    assert await compare(w) == []


async def test_closing_waits_for_the_open_and_for_a_resume_and_says_so():
    w = await holding("buy 10 AAPL")
    slip(w, "buy 3 AAPL")
    w.go(TUESDAY, 22)
    await latch(w.journal, Trading.HALTED, by="operator:1", reason="", at=None)
    await compare(w)
    said = await press(w, "Close")
    assert "The market is closed: the order goes at the open, Wed 5 Feb 09:30." in said
    assert "Trading is halted: it goes after /resume, or ends with its session." in said
    await press(w, "Close")
    [closing] = await w.journal.read(Order, purpose="manual")
    w.go(TUESDAY.replace(day=5), 15)
    await execute.execute_due(w.desk, owner="t")
    assert (await w.journal.read(Order, key=closing.key))[0].state is OrderState.PLANNED


async def test_a_short_count_cannot_be_closed_only_adopted():
    w = await holding("buy 10 AAPL")
    slip(w, "sell 3 AAPL")
    [shift] = await compare(w)
    assert CLOSE not in shift.acts
    words = " ".join(("/reconcile", CLOSE, *shift.words))
    await verbs.handle(w.desk, await w.ask(words))
    assert "cannot be read any more" in (await newest(w)).plain


async def hand_order(w: World, key: str = "by-hand") -> None:
    resting = order(w, key, "buy 4 XOM", type=OrderType.LIMIT, limit=D(90))
    await broker(w).submit(resting)


async def test_many_differences_have_pages_of_six_with_their_own_buttons():
    w = await holding()
    for n in range(8):
        await hand_order(w, f"k{n}")
    await compare(w)
    first = await newest(w)
    assert [row[0].label for row in first.buttons] == [
        *(f"{n} Adopt" for n in range(1, 7)),
        "More ›",
    ]
    assert "Page 1 of 2." in first.plain
    await press(w, "More ›")
    assert [row[0].label for row in (await newest(w)).buttons] == ["7 Adopt", "8 Adopt", "‹ Back"]
    await differences.tell(w.desk, await reconcile.check(w.desk))
    alarm = await newest(w)
    assert "… and 2 more: /reconcile shows them." in alarm.plain
    assert len(alarm.buttons) == 6
    [notice] = await w.journal.read(
        Notice, recipient=BOB.id, lane=Lane.CRITICAL, order="-id", limit=1
    )
    assert Message.from_json(notice.body) == alarm
