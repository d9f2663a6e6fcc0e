"""One typed `Settings`, read once at the top: QUARTERDECK_* variables, `.env`, quarterdeck.toml."""

import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from trading.errors import ConfigError
from trading.types import Mode

TOML = "quarterdeck.toml"
PREFIX = "QUARTERDECK_"
DEMO_TOKEN = "4242:local-stand-in-for-telegram-not-a-secret"  # noqa: S105  the phone page's own
Fraction = Annotated[Decimal, Field(gt=0, le=1)]


class Person(BaseModel):
    """An operator: Telegram's integer id (write to @userinfobot to learn it) and a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: int = Field(gt=0)
    name: str = Field(min_length=1, max_length=40)


class StrategySettings(BaseModel):
    """How one strategy is run. Fractions are of the account's equity."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mode: Mode = Mode.MANUAL
    allocation: Fraction = Decimal("0.80")
    position: Fraction = Decimal("0.05")
    max_positions: int = Field(default=20, ge=1)
    cards: int = Field(default=3, ge=0, le=10)
    params: dict[str, Any] = Field(default_factory=dict)


class LimitSettings(BaseModel):
    """Pre-trade limits, fractions of equity; see README, "What is checked"."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    order_notional: Fraction = Decimal("0.05")
    position_notional: Fraction = Decimal("0.10")
    gross_notional: Annotated[Decimal, Field(gt=0, le=10)] = Decimal("1.00")
    drift: Fraction = Decimal("0.01")
    collar: Fraction = Decimal("0.02")


class CostSettings(BaseModel):
    """What the paper broker charges: slippage in basis points, commission in currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    slippage_bps: Annotated[Decimal, Field(ge=0, le=1000)] = Decimal(2)
    per_unit: Annotated[Decimal, Field(ge=0)] = Decimal("0.005")
    minimum: Annotated[Decimal, Field(ge=0)] = Decimal("1.00")
    maximum_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.01")


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_nested_delimiter="__",
        toml_file=TOML,
        extra="ignore",  # checked by `_unknown` below, which names the key and where it stands
        frozen=True,
    )

    mode: Literal["demo", "paper"] = "paper"
    data: Path = Path("quarterdeck-data")
    database: str = ""  # "" is SQLite in the data folder; or postgres://user:password@host/name
    redis: str = ""  # "" starts one in the data folder; or redis://host:6379/0
    telegram_token: SecretStr = SecretStr("")
    operators: tuple[Person, ...] = ()
    capital: Annotated[Decimal, Field(gt=0)] = Decimal(100_000)
    currency: str = Field(default="USD", pattern="^[A-Z]{3}$")
    strategy_folder: str = ""  # strategy files of your own are loaded from here; "" is none
    theme: Literal["dark", "light"] = "dark"
    phone_port: int = Field(default=8765, ge=0, le=65535)
    strategies: dict[str, StrategySettings] = Field(
        default_factory=lambda: {"mean_reversion": StrategySettings()}
    )
    limits: LimitSettings = LimitSettings()
    costs: CostSettings = CostSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del file_secret_settings
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, dotenv_settings, toml

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite://{self.data.absolute() / 'quarterdeck.sqlite3'}"


def load(**given: Any) -> Settings:
    """The settings, or ConfigError: one line naming the key, the value and what was expected."""
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigError(_first_line(error)) from None
    except (ValueError, OSError) as error:  # a broken TOML file, a JSON value that is none
        raise ConfigError(f"settings cannot be read: {str(error).splitlines()[0]}") from None
    for key, where in _keys_given():
        if key.split("__")[0] not in Settings.model_fields:
            known = ", ".join(sorted(Settings.model_fields))
            raise ConfigError(f"unknown setting {key!r} in {where}; known are: {known}")
    return settings


def _first_line(error: ValidationError) -> str:
    problem = error.errors()[0]
    key = ".".join(str(part) for part in problem["loc"])
    value = problem["input"]
    hidden = isinstance(value, SecretStr) or "token" in key
    shown = "" if hidden else f" = {str(value)[:60]!r}"
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {key!r}; see the README's list of settings"
    return f"setting {key!r}{shown}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def _keys_given() -> list[tuple[str, str]]:
    """Every key somebody wrote, and where, so that a misspelt one is not silently ignored."""
    found = [
        (name[len(PREFIX) :].lower(), "the environment")
        for name in os.environ
        if name.startswith(PREFIX)
    ]
    dotenv = Path(".env")
    if dotenv.is_file():
        names = re.findall(rf"(?m)^\s*(?:export\s+)?{PREFIX}(\w+)\s*=", dotenv.read_text("utf-8"))
        found += [(name.lower(), ".env") for name in names]
    toml = Path(TOML)
    if toml.is_file():
        import tomllib

        found += [(key, TOML) for key in tomllib.loads(toml.read_text("utf-8"))]
    return found


def as_environment(settings: Settings) -> dict[str, str]:
    """The same settings as QUARTERDECK_* variables, for child processes."""
    plain = settings.model_dump(mode="json")
    plain["telegram_token"] = settings.telegram_token.get_secret_value()
    plain["data"] = str(settings.data.absolute())
    if settings.strategy_folder:
        plain["strategy_folder"] = str(Path(settings.strategy_folder).expanduser().absolute())
    return {
        PREFIX + key.upper(): value if isinstance(value, str) else json.dumps(value)
        for key, value in plain.items()
    }
