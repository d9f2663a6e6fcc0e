"""`[limits]` of the settings; see docs/risk.md."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from risk.limits import Breakers, Caps, Limits, Protections

Fraction = Annotated[Decimal, Field(gt=0, le=1)]
Share = Annotated[Decimal, Field(ge=0, le=1)]  # 0 asks for nothing
Times = Annotated[Decimal, Field(gt=0, le=10)]
Count = Annotated[int, Field(ge=0, le=10_000)]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class CapSettings(BaseModel):
    """Of one account, strategy or instrument; fractions of equity."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    order_notional: Fraction | None = None
    position_notional: Fraction | None = None
    gross_notional: Times | None = None
    net_exposure: Times | None = None
    sector: Times | None = None

    def values(self) -> Caps:
        return Caps(**self.model_dump())


class LimitSettings(BaseModel):
    """Fractions of equity, times in seconds, where nothing else is said."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    order_notional: Fraction = Decimal("0.05")
    position_notional: Fraction = Decimal("0.10")
    gross_notional: Times = Decimal("1.00")
    net_exposure: Times = Decimal("1.00")
    sector: Times = Decimal("0.40")
    leverage: Times | None = None  # None: what the broker allows
    margin: Fraction = Decimal("0.80")
    drift: Fraction = Decimal("0.01")
    collar: Fraction = Decimal("0.02")
    thin_collar: Fraction = Decimal("0.05")
    thin_spread: Fraction = Decimal("0.01")
    quote_age: Seconds = 5
    bar_age: Count = 2
    duplicate: Seconds = 60
    skew: Seconds = 2
    rate: Count = 10
    rate_symbol: Count = 3
    rate_wait: Seconds = 300
    loss_reducing: Share = Decimal("0.03")
    loss_halted: Share = Decimal("0.05")
    drawdown: Share = Decimal("0.10")
    losses: Count = 8
    rejects: Count = 5
    stops: Count = 4
    stop_sessions: Annotated[int, Field(ge=1, le=250)] = 5
    poor_trades: Count = 0
    poor_sessions: Annotated[int, Field(ge=1, le=250)] = 60
    poor_profit: Decimal = Decimal(0)
    lock_sessions: Annotated[int, Field(ge=1, le=250)] = 2
    accounts: dict[str, CapSettings] = Field(default_factory=dict)
    strategies: dict[str, CapSettings] = Field(default_factory=dict)
    symbols: dict[str, CapSettings] = Field(default_factory=dict)

    def values(self) -> Limits:
        return Limits(
            order_notional=self.order_notional,
            position_notional=self.position_notional,
            gross_notional=self.gross_notional,
            drift=self.drift,
            collar=self.collar,
            thin_collar=self.thin_collar,
            thin_spread=self.thin_spread,
            net_exposure=self.net_exposure,
            sector=self.sector,
            leverage=self.leverage,
            margin=self.margin,
            quote_age=timedelta(seconds=self.quote_age),
            bar_age=self.bar_age,
            duplicate=timedelta(seconds=self.duplicate),
            skew=timedelta(seconds=self.skew),
            rate=self.rate,
            rate_symbol=self.rate_symbol,
            rate_wait=timedelta(seconds=self.rate_wait),
            breakers=Breakers(
                self.loss_reducing, self.loss_halted, self.drawdown, self.losses, self.rejects
            ),
            protections=Protections(
                self.stops,
                self.stop_sessions,
                self.poor_trades,
                self.poor_sessions,
                self.poor_profit,
                self.lock_sessions,
            ),
            accounts={name: caps.values() for name, caps in self.accounts.items()},
            strategies={name: caps.values() for name, caps in self.strategies.items()},
            symbols={name.upper(): caps.values() for name, caps in self.symbols.items()},
        )
