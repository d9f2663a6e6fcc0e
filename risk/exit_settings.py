"""`[strategies.NAME.exits]`: what ends a strategy's positions besides its own exit rule."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from risk.exits import Distance, Exits
from trading.errors import ConfigError


class ExitSettings(BaseModel):
    """Distances as "5 %", "2 atr" or "1.50"; a stop may be "signal", the strategy's own."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    stop: str = ""
    trail: str = ""
    target: str = ""
    sessions: int = Field(default=0, ge=0, le=10_000)  # 1 holds nothing overnight; 0 is no end

    @field_validator("stop", "trail", "target", mode="before")
    @classmethod
    def _is_a_distance(cls, value: Any, info: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value:
            try:
                Distance.parse(value, signal=info.field_name == "stop")
            except ConfigError as error:
                raise ValueError(str(error)) from None
        return value

    def read(self) -> Exits:
        return Exits(
            Distance.parse(self.stop, signal=True) if self.stop else None,
            Distance.parse(self.trail) if self.trail else None,
            Distance.parse(self.target) if self.target else None,
            self.sessions,
        )
