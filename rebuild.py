"""`quarterdeck rebuild`: marks and snapshots made anew from the facts; the house may run."""

from desk import caches
from desk.desk import Desk
from desk.wording import number_of
from folder import bars_folder
from settings import Settings
from wiring import Silence, open_base


async def rebuild(settings: Settings, *, ask: bool = False) -> str:
    """Every session that is kept, at the prices it was kept with; `ask` takes those of the bars
    stored now. Only caches change. Says what was otherwise."""
    from market.history import HistoryFeed
    from market.store import BarStore

    async with open_base(settings, bell=Silence()) as base:
        await base.market.refresh()
        desk = Desk(
            journal=base.journal,
            market=base.market,
            wall=base.wall,
            feed=HistoryFeed(BarStore(bars_folder(settings)), base.calendar),
            instruments=base.instruments,
            calendar=base.calendar,
            brokers={},
            plans={},
            bell=Silence(),
            desk_id="",
            currency=settings.currency,
        )
        changed = await caches.rebuild(desk, ask=ask)
    if not changed:
        return "Marks and snapshots are what the facts make: nothing changed."
    return (
        f"{number_of(len(changed), 'session')} made anew from the facts, "
        f"{changed[0]} to {changed[-1]}."
    )
