"""What the settings say of money: how much a strategy has and how an entry is sized."""

from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from risk.aims import (
    Aim,
    AllocationShare,
    EquityShare,
    FixedNotional,
    RiskToStop,
    VolatilityTarget,
)
from trading.parts import Part


def _share(given: object) -> object:
    """`0.5 %` is a fraction too."""
    return Part.parse(given).share if isinstance(given, str) and "%" in given else given


def _part(given: object) -> object:
    if isinstance(given, (int, float, Decimal, str)) and not isinstance(given, bool):
        part = Part.parse(f"{given}")
        return part.share if part.share is not None else str(part)
    raise ValueError("say a share such as 80 % or 0.8, or an amount such as 25000 USD")


Share = Annotated[Decimal, BeforeValidator(_share), Field(gt=0, le=1)]

#: A fraction of equity, or the text of an amount.
Allocation = Annotated[Decimal | str, BeforeValidator(_part)]


class SizingSettings(BaseModel):
    """How an entry is sized; each rule with what it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rule: Literal["equity", "notional", "allocation", "risk", "volatility"] = "equity"
    share: Share | None = None  # of equity, or of the allocation
    amount: Annotated[Decimal, Field(gt=0, le=10**12)] | None = None  # notional: in `currency`
    risk: Share | None = None  # of the allocation, lost where the stop is met
    target: Annotated[Decimal, BeforeValidator(_share), Field(gt=0, le=2)] | None = None  # a year

    @model_validator(mode="after")
    def _needs(self) -> Self:
        needs = {"notional": "amount", "risk": "risk", "volatility": "target"}
        wanted = needs.get(self.rule, "share")
        given = {name for name in ("share", "amount", "risk", "target") if getattr(self, name)}
        plain = self.rule == "equity" and not given
        if given != {wanted} and not plain:
            raise ValueError(f"the rule {self.rule!r} takes {wanted!r} and nothing else")
        return self

    def aim(self, currency: str) -> Aim | None:
        """None: each entry aims at the strategy's `position`."""
        match self.rule, self.share or self.amount or self.risk or self.target:
            case _, None:
                return None
            case "notional", amount:
                return FixedNotional(amount, currency)
            case "allocation", share:
                return AllocationShare(share)
            case "risk", risk:
                return RiskToStop(risk)
            case "volatility", target:
                return VolatilityTarget(target)
            case _, share:
                return EquityShare(share)
