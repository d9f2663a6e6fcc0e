"""What the settings say of charges: `[charges]`."""

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

Product = Literal["", "delivery", "intraday", "futures", "options"]


class ChargeChoice(BaseModel):
    """A schedule for the instruments that meet every condition given; "" is any."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    schedule: str = Field(min_length=1)
    product: Product = ""
    broker: str = ""
    exchange: str = ""
    currency: str = ""
    sector: str = ""
    symbols: tuple[str, ...] = ()


class ChargeSettings(BaseModel):
    """Fees and taxes by schedule in place of [costs]' commission; see docs/charges.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    use: str = ""  # for what `choose` leaves, in the schedule's currency; "" is [costs]
    product: Product = ""  # with `use`
    choose: tuple[ChargeChoice, ...] = ()
    folder: str = ""  # of schedules of one's own
    schedules: dict[str, dict[str, Any]] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, given: object) -> object:
        """`charges = "us_ib_fixed"` is the table with `use` alone."""
        if isinstance(given, str):
            return json.loads(given) if given.startswith("{") else {"use": given}
        return given
