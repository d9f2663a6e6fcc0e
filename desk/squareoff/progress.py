"""Where a square-off stands, broker by broker."""

from dataclasses import dataclass

from trading.types import Holdings


@dataclass(frozen=True, slots=True)
class Left:
    """What cannot be closed, signed units, and why."""

    holding: Holdings
    why: str


@dataclass(frozen=True, slots=True)
class Place:
    """One broker, as far as the square-off's scope goes."""

    broker: str
    cancelled: int = 0  # orders, since it began
    held: tuple[Holdings, ...] = ()  # still to be closed
    working: int = 0  # orders that are
    in_doubt: tuple[str, ...] = ()  # symbols of orders whose outcome nobody knows
    unsettled: tuple[str, ...] = ()  # what the broker shows of these may be about to change
    note: str = ""  # what kept it from being asked or told
    left: tuple[Left, ...] = ()

    @property
    def rests(self) -> bool:
        """Whether nothing more will happen here."""
        return not (self.held or self.working or self.in_doubt or self.note or self.unsettled)


@dataclass(frozen=True, slots=True)
class Progress:
    """Of all its brokers; `flat` only when they themselves show nothing of its scope."""

    places: tuple[Place, ...]

    @property
    def ended(self) -> bool:
        """Nothing more will happen: it is flat, or what is left cannot be closed."""
        return all(place.rests for place in self.places)

    @property
    def flat(self) -> bool:
        return self.ended and not self.left

    @property
    def waits(self) -> bool:
        """Nothing but an open is waited for."""
        return not any(place.in_doubt or place.note or place.unsettled for place in self.places)

    @property
    def left(self) -> tuple[Left, ...]:
        return tuple(left for place in self.places for left in place.left)

    @property
    def held(self) -> tuple[Holdings, ...]:
        return tuple(holding for place in self.places for holding in place.held)

    @property
    def cancelled(self) -> int:
        return sum(place.cancelled for place in self.places)

    @property
    def in_doubt(self) -> tuple[str, ...]:
        return tuple(symbol for place in self.places for symbol in place.in_doubt)
