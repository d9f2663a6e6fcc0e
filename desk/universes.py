"""Universes: what a strategy may enter. Exits are never asked about it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from desk import lists, locks, notices, wording
from desk.desk import Desk, Plan
from trading.errors import DeskError
from trading.facts import Lane
from trading.messages import bold, message
from trading.ports import Ranking, Session
from trading.types import Instrument, Side
from trading.universes import SESSIONS, WATCHLIST, Selection, Universe

NAMED = 12  # names of a change told in full; the rest as a count


@dataclass(frozen=True, slots=True)
class Members:
    """A universe as it stands: its members, and the week's computation where it has one."""

    universe: Universe
    symbols: tuple[str, ...]
    computed: Selection | None = None


def universe_of(desk: Desk, name: str) -> Universe:
    """Raises DeskError for a name nobody defined. The watchlist is always there."""
    if name == WATCHLIST:
        return Universe(WATCHLIST, watch=True)
    found = desk.universes.get(name)
    if found is None:
        known = ", ".join([*desk.universes, WATCHLIST])
        raise DeskError(f"no universe called {name[:40]!r}; there are: {known}")
    return found


async def members(desk: Desk, name: str) -> Members:
    """Who belongs now. One with `top` that was never computed has no members yet."""
    universe = universe_of(desk, name)
    chosen = [one.symbol for one in await candidates(desk, universe)]
    if not universe.top:
        return Members(universe, tuple(chosen))
    computed = await this_week(desk, universe) or await desk.journal.first(
        Selection, universe=name, rule=universe.definition, order="-session"
    )
    there = frozenset(chosen)  # a watchlist may have become shorter since
    symbols = () if computed is None else tuple(s for s in computed.symbols if s in there)
    return Members(universe, symbols, computed)


async def candidates(desk: Desk, universe: Universe) -> list[Instrument]:
    watched = await lists.on_list(desk, WATCHLIST) if universe.watch else {}
    return universe.candidates(desk.instruments.all(), watched)


async def admission(desk: Desk, plan: Plan) -> Callable[[str], bool]:
    """Whether a plan may enter a symbol now: in its universe and not on the blacklist. What
    scans and replay alike ask before they propose an entry."""
    barred = {*await lists.barred(desk), *await _locked(desk, plan.strategy)}
    if not plan.universe:
        return lambda symbol: symbol not in barred
    inside = frozenset((await members(desk, plan.universe)).symbols)
    return lambda symbol: symbol in inside and symbol not in barred


async def _locked(desk: Desk, strategy: str) -> set[str]:
    """What a lock keeps out on both sides; of one side alone the decision says so."""
    held = await locks.standing(desk)
    if not held:
        return set()
    return {
        one.symbol
        for one in desk.instruments.all()
        if all(locks.why(desk, held, one.symbol, strategy, side) for side in Side)
    }


def eve(desk: Desk) -> Session:
    """The last session before the week of the present or next one. A week's members are chosen
    from bars up to it, whenever in that week they are asked for."""
    now = desk.market.now()
    day = (desk.calendar.session_at(now) or desk.calendar.next_session(now)).day
    monday = day - timedelta(days=day.weekday())
    return desk.calendar.last_closed(datetime.combine(monday, time(), UTC))


async def this_week(desk: Desk, universe: Universe) -> Selection | None:
    """This week's members, or None while nobody has computed them."""
    return await desk.journal.first(
        Selection, universe=universe.name, session=eve(desk).day, rule=universe.definition
    )


async def ready(desk: Desk, ranking: Ranking, name: str) -> None:
    """See to it that this week's members are known before a scan asks for them."""
    universe = universe_of(desk, name) if name else None
    if universe is not None and universe.top and await this_week(desk, universe) is None:
        await choose(desk, ranking, universe)


async def choose(desk: Desk, ranking: Ranking, universe: Universe) -> str:
    """Choose this week's members, once; what happened in a clause."""
    until = eve(desk)
    since = until.day - timedelta(days=2 * SESSIONS)  # five sessions a week, and holidays
    days = [session.day for session in desk.calendar.sessions(since, until.day)][-SESSIONS:]
    ranked = ranking(await candidates(desk, universe), days)
    return await _record(desk, universe, until, ranked)


async def _record(
    desk: Desk, universe: Universe, session: Session, ranked: Mapping[str, float]
) -> str:
    """Keep the best `top` of `ranked` and tell what changed, in one transaction."""
    symbols = tuple(ranked)[: universe.top]
    fresh = Selection(
        universe.name,
        session.day,
        universe.definition,
        desk.market.now(),
        symbols,
        {symbol: ranked[symbol] for symbol in symbols},
    )
    async with desk.journal.transaction():
        before = await desk.journal.first(Selection, universe=universe.name, order="-session,-id")
        if not await desk.journal.append([fresh]):
            return f"{universe.name} was computed already"
        came = [s for s in symbols if before is None or s not in before.symbols]
        gone = [s for s in before.symbols if s not in symbols] if before else []
        day, many = wording.short_day(session.day), wording.count(len(symbols), "instrument")
        if before is None:
            said = f"{universe.name}: {many} by {day}, {universe.rule}"
            await notices.tell(desk, message(f"Universe {said}."), lane=Lane.DIGEST, silent=True)
        elif came or gone:
            said = f"{universe.name}: {len(came)} in, {len(gone)} out, {len(symbols)} in all"
            change = "".join(f"\n{_named(w, s)}" for w, s in (("In", came), ("Out", gone)) if s)
            text = message(bold(f"Universe {said}"), change)
            await notices.tell(desk, text, lane=Lane.DIGEST, silent=True)
        else:
            said = f"{universe.name}: the same {len(symbols)}"
    await desk.bell.ring("postman")
    return said


def _named(word: str, symbols: Sequence[str]) -> str:
    more = f" and {len(symbols) - NAMED} more" if len(symbols) > NAMED else ""
    return f"{word}: {', '.join(symbols[:NAMED])}{more}"
