"""The jobs that come with the house: one line each. `[jobs.NAME]` in the settings changes them.

Its handler stands in `worker.jobs.JOBS` under the first part of its name.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from desk.desk import Plan
from desk.digest import WHENS
from desk.timetable import Job, Jobs
from trading.errors import ConfigError
from trading.ports import Calendar
from trading.types import Holding, Moment
from worker import timing

#: No run may take longer; the lane gives up on what does.
LONGEST = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Shipped:
    """A line of the table, as text; see `desk.timetable.Job` for what each means."""

    name: str
    when: str
    about: str
    group: str = "House"
    within: str = "1d"
    catch_up: bool = False
    limit: str = "10m"
    punctual: bool = False
    tells: bool = False
    stops: str = ""
    enabled: bool = True


#: How late each digest is still told.
DIGESTED = {"start": "1h", "middle": "1h", "end": "next open", "week": "2d", "month": "2d"}

SHIPPED: tuple[Shipped, ...] = (
    Shipped("execute:open", "open+2m", "sends what is due at the open", "Trading", "30m"),
    Shipped("execute:same-day", "close-30s", "sends what goes at the close", "Trading", "25s"),
    Shipped("expire", "open+1m", "closes signals nobody decided", "Trading", "6h"),
    Shipped(
        "mark", "close+2m", "saves the P&L of every book", "Money", "14d", catch_up=True,
        tells=True, stops="no P&L is saved; resumed, the last 14 days are made up for",
    ),
    Shipped("autonomy", "close+4m", "weighs who decides by itself", "Money", "next open"),
    Shipped("import", "close+3m", "takes bars the folder brought", "Data", "next open"),
    Shipped("candles", "close+3m", "fetches new candles", "Data", "next open", limit="2h"),
    Shipped(
        "universe", "last session of the week, close+30m", "chooses the most traded", "Data",
        "7d",
    ),
    Shipped("freshness", "close+1h", "alerts when the bars are old", "Data", "12h", tells=True),
    Shipped("calendar", "0 7 * * *", "warns before the calendar ends", "Data"),
    Shipped("reconcile:start", "open-10m", "compares with the brokers", "Money", "30m"),
    Shipped(
        "reconcile:session", "*/30 9-16 * * 1-5 America/New_York", "compares with the brokers",
        "Money", "25m",
    ),
    Shipped("reconcile:end", "close+10m", "compares with the brokers", "Money", "6h"),
    Shipped(
        "backup", "30 2 * * * America/New_York", "copies everything", "House", "12h", limit="1h",
        tells=True, stops="no new copy of the database is made",
    ),
    Shipped(
        "restore-check", "0 3 * * SUN America/New_York", "restores the newest backup", "House",
        limit="1h", tells=True,
    ),
    Shipped("housekeeping", "close+20m", "prunes old rows and pictures", "House"),
    *(
        Shipped(f"digest:{kind}", when, f"tells the {kind} digest", "Digests", DIGESTED[kind])
        for kind, when in WHENS.items()
    ),
)  # fmt: skip


def of_plan(plan: Plan) -> list[Shipped]:
    """A strategy's scan, at the open while what is decided there can still be carried out or
    after the close; and its leave, made up for however late, so that nothing stays held; as is
    its square-off, where the settings name a time for it."""
    at_open = plan.decides is Moment.OPEN
    weekly = "last session of the week, " if plan.timeframe == "1w" and not at_open else ""
    scan = Shipped(
        f"scan:{plan.strategy}",
        "open" if at_open else f"{weekly}close+5m",
        f"looks for {plan.strategy}'s signals",
        "Trading",
        "10m" if at_open else "next open",
        tells=True,
    )
    leave = Shipped(
        f"leave:{plan.strategy}",
        "close-5m",
        f"closes what {plan.strategy} holds",
        "Trading",
        "7d",
        punctual=True,
        tells=True,
        stops=f"what {plan.strategy} bought for one session stays held overnight",
    )
    close = Shipped(
        f"squareoff:{plan.strategy}",
        plan.squareoff,
        f"squares {plan.strategy} off",
        "Trading",
        "next open",
        punctual=True,
        tells=True,
        stops=f"what {plan.strategy} holds stays held over the close",
    )
    lines = [scan, leave] if plan.holds is Holding.SESSION else [scan]
    return [*lines, close] if plan.squareoff else lines


@dataclass(frozen=True, slots=True)
class Given:
    """What the settings say of one job; None where they say nothing."""

    when: str | None = None
    within: str | None = None
    catch_up: bool | None = None
    limit: str | None = None
    enabled: bool | None = None


def table(
    plans: Mapping[str, Plan],
    given: Mapping[str, Given],
    house: Calendar,
    exchange: Callable[[str], Calendar],
) -> Jobs:
    """The shipped jobs and those of the plans, as the settings change and add to them.

    Raises ConfigError, one line, for a kind nobody carries out or a text that cannot be read.
    """
    lines = {line.name: line for plan in plans.values() for line in of_plan(plan)}
    lines |= {line.name: line for line in SHIPPED}
    for name in given:
        if name not in lines:
            lines[name] = _added(name, given[name], plans)
    return {
        name: _job(line, given.get(name, Given()), house, exchange) for name, line in lines.items()
    }


OF_PLANS = ("scan", "leave", "squareoff")  # by the strategy's name
KINDS = tuple(dict.fromkeys([*OF_PLANS, *(line.name.partition(":")[0] for line in SHIPPED)]))


def _added(name: str, given: Given, plans: Mapping[str, Plan]) -> Shipped:
    """A job the settings add to the table: a kind there is, at a time of its own."""
    kind, _, argument = name.partition(":")
    if kind not in KINDS:
        raise ConfigError(
            f"job {name!r}: no job is of kind {kind!r}; there are: {', '.join(KINDS)}"
        )
    if kind in OF_PLANS and argument not in plans:
        known = ", ".join(plans) or "none"
        raise ConfigError(f"job {name!r}: no strategy runs under that name; there are: {known}")
    if given.when is None:
        raise ConfigError(f"job {name!r}: when is missing; {timing.EXPECTED}")
    return Shipped(name, given.when, "added in the settings")


def _job(line: Shipped, given: Given, house: Calendar, exchange: Callable[[str], Calendar]) -> Job:
    def said(key: str) -> str:
        chosen = getattr(given, key)
        return str(getattr(line, key) if chosen is None else chosen)

    key = "when"
    try:
        when = timing.when(said(key), house, exchange)
        key = "within"
        within = timing.within(said(key), house)
        key = "limit"
        limit = timing.duration(said(key))
        if limit > LONGEST:
            raise timing.NotUnderstood(f"a run takes {timing.span(LONGEST)} at most")
    except timing.NotUnderstood as error:
        raise timing.refuse(line.name, key, said(key), error) from None
    return Job(
        line.name,
        when,
        within,
        line.about,
        line.group,
        line.catch_up if given.catch_up is None else given.catch_up,
        limit,
        line.enabled if given.enabled is None else given.enabled,
        line.punctual,
        line.tells,
        line.stops,
    )
