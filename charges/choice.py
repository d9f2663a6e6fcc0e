"""Which schedule an instrument is charged by."""

from dataclasses import dataclass, field
from decimal import Decimal

from charges.charge import Charges, Deal, charged
from charges.schedule import Schedule
from trading.errors import DataError
from trading.types import Instrument


@dataclass(frozen=True, slots=True)
class Choice:
    """A schedule for the instruments that meet every condition given; "" is any."""

    schedule: Schedule
    product: str = ""
    broker: str = ""
    exchange: str = ""
    currency: str = ""
    sector: str = ""
    symbols: tuple[str, ...] = ()

    def meets(self, instrument: Instrument) -> bool:
        pairs = (
            (self.broker, instrument.broker),
            (self.exchange, instrument.exchange),
            (self.currency, instrument.currency),
            (self.sector, instrument.sector),
        )
        if self.symbols and instrument.symbol not in self.symbols:
            return False
        return all(not wanted or wanted == has for wanted, has in pairs)


@dataclass(frozen=True, slots=True)
class Choices:
    """Tried in order; the first that meets the instrument charges it."""

    choices: tuple[Choice, ...] = field(default_factory=tuple)

    def of(self, instrument: Instrument) -> Choice | None:
        return next((one for one in self.choices if one.meets(instrument)), None)

    def charged(self, instrument: Instrument, deal: Deal) -> Charges | None:
        """None where no schedule is chosen for it. Raises DataError where the schedule's currency
        is not the instrument's, or the day is before what it knows."""
        choice = self.of(instrument)
        if choice is None:
            return None
        schedule = choice.schedule
        if schedule.currency not in ("", instrument.currency):
            raise DataError(
                f"{instrument.symbol} trades in {instrument.currency}, and its charges "
                f"{schedule.name} are in {schedule.currency}: choose another under [charges]"
            )
        if not deal.quantity:
            return Charges(Decimal(0))
        if choice.product and not deal.product:
            deal = Deal(
                deal.side, deal.quantity, deal.value, deal.at,
                deal.maker, choice.product, instrument.multiplier,
            )  # fmt: skip
        return charged(schedule, deal)
