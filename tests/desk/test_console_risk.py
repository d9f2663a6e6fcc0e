"""/risk: what is used of each limit, fullest first, in a table that fits a phone."""

from decimal import Decimal

import pytest

from desk import decide, usage
from desk.console.replies import WIDTH
from desk.console.risk import BAR, bar, line
from desk.console.verbs import handle
from desk.halt import latch, of_strategy
from desk.usage import Gauge, Unit
from risk.limits import Caps, Limits
from tests.desk.test_deciding import bought, proposed
from tests.world import World, world
from trading.facts import Notice, Trading
from trading.messages import Message

D = Decimal


async def said(w: World, command: str) -> Message:
    request = await w.ask(command)
    await handle(w.desk, request)
    [notice] = await w.journal.read(Notice, answers=request)
    return Message.from_json(notice.body)


def table(message: Message) -> list[str]:
    [found] = [span.text for span in message.text if span.style == "pre"]
    return found.splitlines()


async def test_each_limit_is_listed_with_what_is_used_fullest_first():
    w = await world()
    await bought(w, "AAPL", "MSFT")
    rows = table(await said(w, "/risk"))
    shares = [gauge.share for gauge in await usage.of_desk(w.desk)]
    assert shares == sorted(shares, reverse=True)
    assert all(len(row) <= WIDTH for row in rows), rows
    assert [row.split()[0] for row in rows][:2] == ["AAPL", "Technology"]
    assert "gross" in " ".join(rows)
    assert next(row for row in rows if row.startswith("gross")).endswith("10.0/100 %")


async def test_orders_on_their_way_are_used_already():
    w = await world()
    [signal] = await proposed(w, "AAPL")
    await decide.approve(w.desk, signal.id, by="operator:1")
    found = {gauge.label: gauge.used for gauge in await usage.of_desk(w.desk)}
    assert found["AAPL"] == D("0.05")


async def test_a_strategy_an_instrument_and_an_account_have_their_own():
    w = await world()
    caps = Caps(gross_notional=D("0.20"))
    w.desk.limits = Limits(strategies={"dip": caps}, symbols={"AAPL": Caps(D("0.06"), D("0.06"))})
    await bought(w, "AAPL", "MSFT")
    strategy = " ".join(table(await said(w, "/risk dip")))
    assert "allocation" in strategy
    assert "10.0/20 %" in strategy
    assert "own AAPL" in " ".join(table(await said(w, "/risk aapl")))
    assert (await said(w, "/risk paper")).plain.startswith("Risk, paper")
    assert "no strategy (dip) and no instrument" in (await said(w, "/risk nothing")).plain


async def test_it_says_what_is_latched_and_why():
    w = await world()
    assert "Trading is active" in (await said(w, "/risk")).plain
    await latch(
        w.journal, Trading.REDUCING, by="breaker", reason="8 trades lost", at=None,
        scope=of_strategy("dip"),
    )  # fmt: skip
    assert "dip is reducing: 8 trades lost" in (await said(w, "/risk")).plain


async def test_its_buttons_ask_for_another_scope_and_fit_their_64_bytes():
    w = await world()
    buttons = [one for row in (await said(w, "/risk")).buttons for one in row]
    assert [(one.label, one.verb, one.args) for one in buttons] == [
        ("Desk", "risk", ("desk",)),
        ("dip", "risk", ("dip",)),
    ]


@pytest.mark.parametrize(
    ("share", "filled"),
    [("0", 0), ("0.0001", 1), ("0.5", 4), ("0.9999", BAR - 1), ("1", BAR), ("7", BAR)],
)
def test_a_bar_is_full_from_the_limit_on_and_empty_only_at_nothing(share: str, filled: int):
    assert bar(D(share)) == "█" * filled + "░" * (BAR - filled)


@pytest.mark.parametrize(
    "gauge",
    [
        Gauge("a sector with a very long name indeed", D("123.4567"), D("0.0001")),
        Gauge("clock a-broker-with-a-name", D("100000.5"), D(2), Unit.SECONDS),
        Gauge("leverage", D("12.345"), D(10), Unit.TIMES),
        Gauge("entries/min", D(3), D(10), Unit.COUNT),
    ],
)
def test_no_row_is_wider_than_a_phone(gauge: Gauge):
    assert len(line(gauge)) <= WIDTH
