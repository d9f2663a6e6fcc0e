"""What is written under [strategies.NAME.promotion] and [strategies.NAME.demotion]."""

from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Bps = Annotated[Decimal, Field(ge=0, le=10_000)]


class PromotionSettings(BaseModel):
    """What a strategy must show before the next mode is suggested; see README, "Who decides"."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    trades: int = Field(default=30, ge=1)
    slippage_bps: Bps = Decimal(15)
    profit_factor: Annotated[Decimal, Field(ge=0, le=1000)] = Decimal("1.3")
    agreement: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.85")


class DemotionSettings(BaseModel):
    """What takes a strategy back to manual, any one of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    drawdown: Annotated[Decimal, Field(gt=0, le=1)] = Decimal("0.10")
    errors: int = Field(default=3, ge=1)
    slippage_bps: Bps = Decimal(50)
