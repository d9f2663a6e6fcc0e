"""What /positions, /trade and /performance say of stops."""

from desk import execute, statistics
from desk.console import exits
from desk.exits import keep
from desk.report import held as open_rows
from tests.exits_world import bought, exiting, forgetful, later, look, price, resting
from tests.world import World
from trading.facts import Run


async def lines(w: World) -> str:
    parts = await exits.shown(w.desk, await open_rows(w.desk))
    return "".join(part if isinstance(part, str) else part.text for part in parts)


async def test_positions_show_each_stop_where_it_rests_how_far_it_is_and_what_is_at_risk():
    w = await exiting(stop="5 %", target="10 %", sessions=3)
    await bought(w)
    await look(w)
    assert (await lines(w)).splitlines() == [
        "",
        "Stops: b at the broker, w watched by us; risk from here, in USD",
        "      stop    away risk",
        "AAPL 95.00 b 5.0 %  250",
        "Targets: AAPL 110.00",
        "Until the close of: AAPL Thu 6 Feb",
    ]


async def test_positions_show_a_watched_stop_and_why_one_does_not_cover():
    w = await exiting(trail="4 %")
    forgetful(w)
    await bought(w)
    await look(w)
    assert "AAPL 96.00 w 4.0 %  200" in await lines(w)
    del w.tape.prices["AAPL"]
    await later(w, minutes=10)
    assert "⚠ AAPL: there is no price of today" in await lines(w)


async def test_positions_without_a_bracket_say_nothing():
    w = await exiting()
    await bought(w)
    await look(w)
    assert await lines(w) == ""


async def test_a_trade_shows_its_stop_and_what_ended_it():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w)
    await price(w, "AAPL", "94")
    [trade] = (await w.desk.books.ledger()).trades
    assert await exits.figures(w.desk, trade) == [
        ("stop, broker", "95.00 USD"),
        ("from entry", "5.0 %"),
        ("at risk", "250.00 USD"),
        ("ended by", "stop"),
    ]
    assert await statistics.exit_reasons(w.desk, [trade]) == {trade.closed_by: "stop"}


async def test_performance_tells_a_target_from_a_stop():
    w = await exiting(stop="5 %", target="10 %")
    await bought(w)
    await look(w)
    await price(w, "AAPL", "111")
    [trade] = (await w.desk.books.ledger()).trades
    assert await statistics.exit_reasons(w.desk, [trade]) == {trade.closed_by: "target"}


async def test_a_position_that_a_square_off_of_its_instrument_closes_gets_no_other_stop():
    w = await exiting(stop="5 %")
    await bought(w)
    await look(w)
    [stop] = await resting(w)
    await w.journal.append([Run("squareoff", w.clock.at, args={"scope": "symbol:AAPL"})])
    await w.broker.cancel(stop.key)
    await execute.follow(w.desk)
    for _ in range(4):
        await keep(w.desk, owner="t")
    assert await resting(w) == []
    assert "⚠ AAPL: a square-off is closing it" in await lines(w)
