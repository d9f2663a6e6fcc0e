"""What the operator types and presses, and the words that come back."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from desk import decide, inbox
from desk.console import cards
from desk.console.verbs import VERBS, handle
from desk.halt import trading_state
from desk.propose import utc
from desk.story import card as read_card
from risk.limits import Allowance
from tests.desk.test_deciding import TUESDAY, bought, proposed
from tests.world import ANN, World, answer, explain, world
from trading.facts import Notice, Picture, Request, RequestState, Run, Trading
from trading.messages import Message
from trading.money import Mark
from trading.orders import Fill, Order, OrderState
from trading.signals import SignalState
from trading.types import Side


async def said(w: World, text: str, *, pressed: bool = False) -> str:
    """The plain text of what answers a command."""
    request = await w.ask(text, pressed=pressed)
    await handle(w.desk, request)
    rows = await w.journal.read(Notice, answers=request)
    return "\n".join(Message.from_json(row.body).plain for row in rows)


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if verb.help])
async def test_every_command_answers_on_an_empty_desk(name: str):
    w = await world()
    text = await said(w, f"/{name}")
    if name not in ("halt", "scan"):  # halt tells every operator; a scan answers when it is done
        assert text
    assert "Traceback" not in text
    request = await w.journal.first(Request, order="-id")
    assert request is not None
    assert request.state in (RequestState.DONE, RequestState.REFUSED)


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if verb.help])
async def test_every_command_answers_with_positions_held(name: str):
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.go(TUESDAY, 15)
    await said(w, f"/{name}")
    request = await w.journal.first(Request, order="-id")
    assert request is not None
    assert request.state is not RequestState.FAILED


async def test_a_card_says_what_the_order_will_pay_until_it_is_sent():
    w = await world()
    asked = []

    def about(instrument, side, quantity, value, at):
        asked.append((instrument.symbol, side, quantity, value, at))
        return Decimal("1.234")

    w.desk.estimate = about
    signal = (await proposed(w, "AAPL"))[0]
    text = cards.card_message(w.desk, await read_card(w.desk, signal.id)).plain
    assert "of equity\nFees about 1.23 USD\nSignal 100.00 USD" in text
    value = signal.quantity * signal.price
    assert asked == [("AAPL", Side.BUY, signal.quantity, value, signal.execute_at)]
    w.desk.estimate = lambda *_: None  # a schedule that does not know the day
    assert "Fees about" not in cards.card_message(w.desk, await read_card(w.desk, signal.id)).plain
    w.desk.estimate = about
    await bought(w, "MSFT")
    filled = await w.journal.first(Order, symbol="MSFT")
    text = cards.card_message(w.desk, await read_card(w.desk, filled.signal_id)).plain
    assert "Fees about" not in text
    assert "Fees 1.00 USD" in text


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("/approve", "Which signal? For example: /approve 17"),
        ("/approve seventeen", "is no signal number"),
        ("/approve 99", "There is no signal 99"),
        ("/approve ４２", "is no signal number"),
        ("/pnl fortnight", "is neither a period (today, week, month, quarter, ytd, all, jan,"),
        ("/scan astrology", "No strategy called 'astrology'; there are: dip"),
        ("/juggle", "There is no command /juggle; /help lists them all"),
        ("/why 0", "There is no signal 0"),
    ],
)
async def test_a_bad_argument_is_one_clear_line_and_changes_nothing(text: str, line: str):
    w = await world()
    before = await w.journal.count(Order)
    answer_text = await said(w, text)
    assert line in answer_text
    assert "\n" not in answer_text
    assert await w.journal.count(Order) == before


async def test_a_press_on_a_decided_card_names_who_decided():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by="operator:2")
    assert "already approved by Bob" in await said(w, f"/reject {signal.id}", pressed=True)


async def test_the_card_names_what_is_bought_why_and_until_when():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    card = cards.card_message(w.desk, await read_card(w.desk, signal.id))
    assert card.plain == (
        "▲ Buy 50 AAPL · Aapl Inc.\n"
        "5,000.00 USD · 5.0 % of equity\n"
        "Signal 100.00 USD · close Mon 3 Feb\n"
        "RSI 24 under 30\n"
        "🟢 order 5.0 % of equity, limit 5.0 %\n"
        "🟢 AAPL 5.0 % of equity, limit 10.0 %\n"
        "🟢 all 19 checks pass\n"
        "Goes Tue 4 Feb 09:30 New York, at the open; decide before 09:29\n"
        f"dip · signal {signal.id}"
    )
    assert [[b.label for b in row] for row in card.buttons] == [
        ["Approve", "Reject"],
        ["Half", "Why", "Chart", "Snooze"],
    ]


async def test_a_card_becomes_approved_with_withdraw_then_filled():
    from desk import execute

    w = await world()
    [signal] = await proposed(w, "AAPL")
    await said(w, f"/approve {signal.id}", pressed=True)
    approved = cards.card_message(w.desk, await read_card(w.desk, signal.id, reader=ANN.id))
    assert "Approved by you" in approved.plain
    assert [b.label for b in approved.buttons[0]] == ["Withdraw", "Why", "Chart"]
    w.go(TUESDAY, 14, 30)
    await execute.execute_due(w.desk, owner="t")
    filled = cards.card_message(w.desk, await read_card(w.desk, signal.id, reader=2))
    assert filled.plain.startswith("✔ Filled 50 @ 100.00\nFees 1.00 USD · approved by Ann\n")
    assert [b.label for b in filled.buttons[0]] == ["Why", "Chart"]


async def test_halt_latches_in_the_doors_own_transaction():
    w = await world()
    await w.ask("/halt")
    assert await trading_state(w.desk) is Trading.HALTED, "before any lane has looked"


async def test_squareoff_latches_only_when_confirmed():
    w = await world()
    await w.ask("/squareoff")
    assert await trading_state(w.desk) is Trading.ACTIVE
    await w.ask("/squareoff yes", pressed=True)
    assert await trading_state(w.desk) is Trading.HALTED


async def test_resume_asks_first():
    w = await world()
    await said(w, "/halt")
    assert "Resume it?" in await said(w, "/resume")
    assert await trading_state(w.desk) is Trading.HALTED
    await said(w, "/resume yes", pressed=True)
    assert await trading_state(w.desk) is Trading.ACTIVE


async def test_squareoff_lists_what_it_will_close_and_its_value():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    w.go(TUESDAY, 15)
    text = await said(w, "/squareoff")
    assert "Closes 2 positions worth 10,000.00 USD: 50 AAPL, 50 MSFT." in text


async def test_a_command_that_came_late_is_asked_again_but_a_halt_is_honoured():
    from datetime import timedelta

    w = await world()
    [signal] = await proposed(w, "AAPL")
    for verb, args in (("approve", (str(signal.id),)), ("halt", ())):
        late = Request(
            "test",
            f"late-{verb}",
            verb,
            w.clock.at,
            args,
            1,
            1,
            sent_at=w.clock.at - timedelta(seconds=61),
        )
        request = await inbox.receive(w.journal, replace(late))
        assert request is not None
        await handle(w.desk, request.id)
    assert (await decide.signal_of(w.desk, signal.id)).state is SignalState.PENDING
    assert await trading_state(w.desk) is Trading.HALTED
    texts = [
        Message.from_json(n.body).plain for n in await w.journal.read(Notice, recipient=1) if n.body
    ]
    assert any("came late, after a downtime: send it again" in text for text in texts)


async def test_the_same_update_is_carried_out_once():
    w = await world()
    asked = Request("test", "u1", "scan", w.clock.at, operator=ANN.id)
    first = await inbox.receive(w.journal, asked)
    assert first is not None
    assert await inbox.receive(w.journal, asked) is None
    await handle(w.desk, first.id)
    await handle(w.desk, first.id)
    assert await w.journal.count(Run) == 1


async def test_pnl_asks_for_a_picture_with_every_day():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    text = await said(w, "/pnl all")
    assert "net" in text
    assert "broker agrees" in text
    picture = await w.journal.first(Picture)
    assert picture is not None
    assert picture.spec["currency"] == "USD"
    assert picture.spec["days"] == [["2025-02-04", "-1"]]


async def test_an_error_of_ours_is_told_without_a_stack_trace():
    w = await world()
    w.desk.plans = None  # type: ignore[assignment]
    request = await w.ask("/strategies")
    with pytest.raises(AttributeError):
        await handle(w.desk, request)
    told = [Message.from_json(n.body).plain for n in await w.journal.read(Notice)]
    assert any("An error of ours (AttributeError)" in text for text in told)
    assert not any("Traceback" in text for text in told)


async def test_a_list_turns_pages_and_approves_by_item():
    w = await world(cards=0)
    await proposed(w, "AAPL", "MSFT", "NVDA", "TSLA", "XOM")
    bar = answer("AAPL").bar
    shown = await cards.list_message(w.desk, "dip", utc(bar))
    assert shown is not None
    assert shown.plain.startswith("5 signals from dip, close of ")
    await said(w, "/approve 1", pressed=True)
    again = await cards.list_message(w.desk, "dip", utc(bar), reader=ANN.id)
    assert again is not None
    assert "Approved by you" in again.plain
    assert explain({}) in again.plain


async def test_a_list_beside_cards_says_how_many_more_there_are():
    w = await world(cards=3)
    await proposed(w, "AAPL", "MSFT", "NVDA", "TSLA")
    shown = await cards.list_message(w.desk, "dip", utc(answer("AAPL").bar))
    assert shown is not None
    assert shown.plain.startswith("1 more from dip, close of ")


async def test_the_answer_to_signals_loses_the_item_that_was_decided_from_it():
    w = await world(cards=0)
    signals = await proposed(w, "AAPL", "MSFT")
    asked = await w.ask("/signals")
    await handle(w.desk, asked)
    [row] = await w.journal.read(Notice, answers=asked)
    shown = Message.from_json(row.body)
    assert shown.plain.startswith("2 signals waiting")
    approve, reject, _ = shown.buttons[0]
    assert (approve.label, reject.label) == ("✔ AAPL", "✖ AAPL")
    text = await said(w, f"/approve {' '.join(approve.args)}", pressed=True)
    assert text.startswith("1 signal waiting")
    assert "AAPL" not in text
    text = await said(w, f"/reject {signals[1].id} page 1", pressed=True)
    assert text == "No signal is waiting. /scan looks for new ones now."
    assert (await decide.signal_of(w.desk, signals[1].id)).note == ""


async def test_a_scans_own_list_is_not_answered_anew_by_its_buttons():
    w = await world(cards=0)
    await proposed(w, "AAPL", "MSFT")
    shown = await cards.list_message(w.desk, "dip", utc(answer("AAPL").bar))
    assert shown is not None
    assert [button.args for button in shown.buttons[0]] == [("1",)] * 3
    assert await said(w, "/approve 1", pressed=True) == ""


async def test_a_halt_repeats_its_reason():
    w = await world()
    assert "Trading halted by you: news at nine\n" in await said(w, "/halt news at nine")


async def test_a_misspelt_command_is_told_the_one_that_was_meant():
    w = await world()
    text = await said(w, "/aprove 12")
    assert text == "There is no command /aprove; did you mean /approve? /help lists them all."


async def test_numbers_agree_with_their_nouns():
    w = await world()
    assert "no signal waits for a decision" in await said(w, "/start")
    assert "Closes no position.\nCancels no working order." in await said(w, "/squareoff")
    [signal] = await proposed(w, "AAPL")
    assert "1 signal waits for a decision" in await said(w, "/start")
    await decide.approve(w.desk, signal.id, by="operator:1")
    assert "1 approved order waits; it expires" in await said(w, "/halt")
    assert "1 approved order may then be sent" in await said(w, "/resume")


async def test_pnl_tells_the_day_before_beside_the_last_day():
    w = await world()
    await bought(w, "AAPL")
    await w.journal.append([Mark(date(2025, 2, 3), "a", "dip", "USD", 5_000_000, 0, 0, 0, 0)])
    w.go(TUESDAY, 15)
    assert "Tue 4 Feb −6.00 −11.00\n" in await said(w, "/pnl"), "11 less than the day before"


async def test_orders_tell_their_price_once_filled():
    w = await world()
    await bought(w, "AAPL")
    w.go(TUESDAY, 15)
    assert "buy 50 AAPL @ 100.00 · filled Tue 4 Feb 09:30\n" in await said(w, "/orders")


async def test_a_filled_card_tells_what_was_paid():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    order = await decide.approve(w.desk, signal.id, by="operator:1")
    card = await read_card(w.desk, signal.id)
    assert (card.value, card.share) == (Decimal("5000.00"), Decimal("0.05"))
    filled = replace(
        card,
        order=replace(order, state=OrderState.FILLED),
        filled=Decimal(50),
        average=Decimal("101.20"),
    )
    assert "\n5,060.00 USD · 5.1 % of equity\n" in cards.card_message(w.desk, filled).plain


async def test_where_no_size_was_shown_the_size_is_asked_about_first():
    w = await world(allowance=Allowance(allocation=Decimal("0.05"), position=Decimal("0.05")))
    first, second = await proposed(w, "AAPL", "MSFT")
    assert (first.quantity, second.quantity) == (50, 0)
    await decide.reject(w.desk, first.id, by="operator:1")
    asked = await said(w, f"/approve {second.id}")
    assert asked == (
        f"No funds were left for signal {second.id} (MSFT) when it was found; there are now: "
        "buy 50 at about 100.00 USD, 5,000.00 USD. Approve it?"
    )
    assert await w.journal.count(Order) == 0
    notice = await w.journal.first(Notice, order="-id")
    assert notice is not None
    [[yes, _]] = Message.from_json(notice.body).buttons
    await said(w, f"/{yes.verb} {' '.join(yes.args)}", pressed=True)
    [order] = await w.journal.read(Order)
    assert (order.symbol, order.quantity) == ("MSFT", 50)


async def test_where_there_are_still_no_funds_that_is_said_and_nothing_asked():
    w = await world(allowance=Allowance(allocation=Decimal("0.05"), position=Decimal("0.05")))
    first, second = await proposed(w, "AAPL", "MSFT")
    await decide.approve(w.desk, first.id, by="operator:1")
    assert "no funds left" in await said(w, f"/approve {second.id}")
    assert await w.journal.count(Order) == 1


async def test_what_two_strategies_hold_says_whose_each_line_is():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    assert " in dip" not in await said(w, "/positions")
    [first] = await w.journal.read(Fill, symbol="AAPL")
    other = replace(first, id=0, strategy="swing", execution_id="again", quantity=Decimal(7))
    await w.journal.append([other])
    assert "\nAAPL: 50 in dip, 7 in swing\n" in await said(w, "/positions")
