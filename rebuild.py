"""`quarterdeck rebuild`: marks and snapshots made anew from the facts; the house may run."""

from db.journal import open_journal
from desk import anew
from desk.anew import Made
from desk.desk import Desk
from desk.wording import number_of
from folder import bars_folder, lived_in, prepare
from market.instruments import InstrumentBook
from replay.demo_clock import DemoClock
from settings import Settings
from trading.clocks import MarketClock, ScaledClock, SystemClock
from trading.ports import Journal
from wiring import Silence, calendar_of

SHOWN = 5  # names of a longer list


async def rebuild(settings: Settings, *, ask: bool = False) -> str:
    """Every session since the first fact, at the prices it was kept with; `ask` takes those of the
    bars stored now. Only caches change. Says what was otherwise."""
    lived_in(settings)
    prepare(settings)
    async with open_journal(settings.database_url) as journal:
        made = await anew.rebuild(await bookkeeper(settings, journal), ask=ask)
    lines = said(made)
    if not made.changed:
        lines.insert(0, "Marks and snapshots are what the facts make: nothing changed.")
    return "\n".join(lines)


async def bookkeeper(settings: Settings, journal: Journal) -> Desk:
    """A desk that only keeps books: without brokers, strategies and instruments."""
    from market.history import HistoryFeed
    from market.store import BarStore

    wall, calendar = SystemClock(), calendar_of(settings)
    market: MarketClock = SystemClock()
    if settings.mode == "demo":
        market = ScaledClock(wall, DemoClock(journal, wall, calendar).read)
    await market.refresh()
    return Desk(
        journal=journal,
        market=market,
        wall=wall,
        feed=HistoryFeed(BarStore(bars_folder(settings)), calendar),
        instruments=InstrumentBook(()),
        calendar=calendar,
        brokers={},
        plans={},
        bell=Silence(),
        desk_id="",
        currency=settings.currency,
        methods=settings.lots,
    )


def said(made: Made) -> list[str]:
    """What was made anew, what was carried at cost, and what could not be told."""
    lines = []
    if made.changed:
        span = f"{made.changed[0]} to {made.changed[-1]}"
        sessions = number_of(len(made.changed), "session")
        lines.append(f"{sessions} made anew from the facts, {span}.")
    if made.at_cost:
        lines.append(
            f"Carried at cost, no price is known: {_some(sorted(made.at_cost))}; bring their bars "
            "(`quarterdeck data import`), then `quarterdeck rebuild`."
        )
    if made.untold:
        day, why = next(iter(made.untold.items()))
        sessions = number_of(len(made.untold), "session")
        lines.append(f"{sessions} cannot be told, the first {day}: {why}.")
    return lines


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
