"""What the settings choose, as the desk's own values; `wiring` hands them over."""

import re
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING

from crewing import Person
from desk.desk import DIGESTS, Digests, Estimate, Operator, Plan
from risk.autonomy import Demotion, Promotion
from risk.limits import Allowance, Limits
from settings import DEMO_TOKEN, Settings
from trading.errors import BrokerRejected, ConfigError
from trading.parts import Part
from trading.people import Discipline
from trading.ports import Calendar
from trading.types import Holding, Instrument, Side

if TYPE_CHECKING:  # heavy: only the processes that scan or trade load them
    from brokers.costs import Costs
    from charges import Choices
    from trading.bars import Strategy

DEMO_OPERATOR = Person(id=1, name="Skipper")


def digests(settings: Settings, house: Calendar, exchange: Callable[[str], Calendar]) -> Digests:
    """A day of the demo takes seconds: five digests each would bury its cards."""
    from worker.timing import when

    chosen = settings.digests
    kinds, silent = (("end",), ("end",)) if settings.mode == "demo" else (DIGESTS, ("middle",))
    return Digests(
        kinds if chosen.kinds is None else chosen.kinds,
        silent if chosen.silent is None else chosen.silent,
        partial(when, house=house, exchange=exchange),
    )


def telegram_token(settings: Settings) -> str:
    """Raises ConfigError where a real Telegram is wanted and no token is given."""
    token = settings.telegram_token.get_secret_value()
    if settings.mode == "demo":
        return DEMO_TOKEN
    if not token:
        raise ConfigError(
            "no Telegram token: set QUARTERDECK_TELEGRAM_TOKEN to the one @BotFather gave you, "
            "or try `make demo`, which needs none"
        )
    if not re.fullmatch(r"\d+:\S+", token):
        raise ConfigError("the Telegram token is not like 123456789:ABC…, as @BotFather writes it")
    return token


def operators(settings: Settings) -> tuple[Operator, ...]:
    """Those the settings name; others join by a code (`desk.crew`)."""
    people = settings.operators
    if settings.mode == "demo":
        people = people or (DEMO_OPERATOR,)
    return tuple(Operator(one.id, one.name, one.role, one.largest) for one in people)


def discipline(settings: Settings) -> Discipline:
    chosen = settings.people
    return Discipline(
        chosen.two_above, chosen.codes == "required", chosen.groups, chosen.acting_in_groups
    )


def plans(settings: Settings, known: "dict[str, Strategy]") -> dict[str, Plan]:
    """Raises ConfigError where a strategy that holds a session would enter after it."""
    from worker.timing import duration

    for name, chosen in settings.strategies.items():
        if known[name].holds is Holding.SESSION and chosen.executes not in ("", "now"):
            raise ConfigError(
                f"setting 'strategies.{name}.executes' = {chosen.executes!r}: it holds one "
                "session and must go now"
            )
    return {
        name: Plan(
            strategy=name,
            decides=known[name].decides,
            holds=known[name].holds,
            timeframe=known[name].timeframe,
            mode=chosen.mode,
            allowance=_allowance(settings, name),
            cards=chosen.cards,
            universe=chosen.universe,
            executes=chosen.executes,
            veto_window=duration(chosen.veto_window),
            promotion=Promotion(**chosen.promotion.model_dump()),
            demotion=Demotion(**chosen.demotion.model_dump()),
            cooldown=chosen.cooldown,
            squareoff=chosen.squareoff,
            exits=chosen.exits.read(),
        )
        for name, chosen in settings.strategies.items()
    }


def _allowance(settings: Settings, name: str) -> Allowance:
    """Raises ConfigError for money in a currency that is not the desk's."""
    chosen = settings.strategies[name]
    part, aim = Part.parse(str(chosen.allocation)), chosen.sizing.aim(settings.currency)
    if part.currency not in ("", settings.currency):
        raise ConfigError(
            f"setting 'strategies.{name}.allocation' is in {part.currency}; the desk's currency is "
            f"{settings.currency}"
        )
    made = Allowance(position=chosen.position, max_positions=chosen.max_positions, aim=aim)
    return made.with_part(part)


def limits(settings: Settings) -> Limits:
    return settings.limits.values()


def costs(settings: Settings) -> "Costs":
    """The paper broker's."""
    from brokers.costs import Costs

    chosen = settings.costs
    return Costs(
        slippage_bps=chosen.slippage_bps,
        fee_per_share=chosen.per_unit,
        fee_minimum=chosen.minimum,
        fee_maximum_percent=chosen.maximum_share * 100,
        choices=charges(settings),
    )


def charges(settings: Settings) -> "Choices | None":
    """None where no schedule is chosen. Raises ConfigError for one that is wrong or not there."""
    from charges import Choice, Choices, load

    chosen = settings.charges
    library = load(chosen.folder, chosen.schedules)
    rows = [
        Choice(
            library.find(one.schedule),
            one.product,
            one.broker,
            one.exchange,
            one.currency,
            one.sector,
            one.symbols,
        )
        for one in chosen.choose
    ]
    if chosen.use:
        usual = library.find(chosen.use)
        rows.append(Choice(usual, chosen.product, currency=usual.currency))
    return Choices(tuple(rows)) if rows else None


def estimate(settings: Settings) -> Estimate:
    """What an order would pay at the paper broker, as its card says it beforehand; None where its
    schedule does not know."""
    made = costs(settings)

    def about(
        instrument: Instrument, side: Side, quantity: Decimal, value: Decimal, at: datetime
    ) -> Decimal | None:
        try:
            return made.charged(instrument, side, quantity, value, at).total
        except BrokerRejected:
            return None

    return about
