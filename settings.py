"""One typed `Settings`, read once at the top: QUARTERDECK_* variables, `.env`, quarterdeck.toml."""

import json
import os
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from trading.errors import ConfigError
from trading.types import Mode

TOML = "quarterdeck.toml"
PREFIX = "QUARTERDECK_"
DEMO_TOKEN = "4242:local-stand-in-for-telegram-not-a-secret"  # noqa: S105  the phone page's own
SECRET = ("telegram_token", "database", "redis")  # or with a password in them: never shown
Fraction = Annotated[Decimal, Field(gt=0, le=1)]


class Person(BaseModel):
    """An operator: Telegram's integer id (write to @userinfobot to learn it) and a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    id: int = Field(gt=0)
    name: str = Field(min_length=1, max_length=40)


class StrategySettings(BaseModel):
    """How one strategy is run. Fractions are of the account's equity."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mode: Literal[Mode.MANUAL, Mode.AUTO] = Mode.MANUAL
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


class JobSettings(BaseModel):
    """What is changed of a scheduled job, or a job added; see docs/schedule.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    when: str | None = None
    within: str | None = None
    catch_up: bool | None = None
    limit: str | None = None
    enabled: bool | None = None


GROUPS: dict[str, type[BaseModel]] = {
    "operators": Person,
    "strategies": StrategySettings,
    "limits": LimitSettings,
    "costs": CostSettings,
    "jobs": JobSettings,
}


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_file=".env",
        env_nested_delimiter="__",
        env_ignore_empty=True,  # an empty variable is one not set, as in a compose file
        toml_file=TOML,
        extra="ignore",  # checked by `load`, which names the key and where it stands
        frozen=True,
    )

    mode: Literal["demo", "paper"] = "paper"
    data: Path = Path("quarterdeck-data")
    #: "" is SQLite in the data folder; or postgres://user:password@host/name
    database: str = Field(default="", repr=False)
    #: "" starts one in the data folder; or redis://host:6379/0
    redis: str = Field(default="", repr=False)
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
    jobs: dict[str, JobSettings] = Field(default_factory=dict)

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
    written = _keys_written()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigError(first_line(error)) from None
    except SettingsError as error:
        raise ConfigError(_not_json(error)) from None
    except OSError as error:
        raise ConfigError(f"the settings cannot be read: {error}") from None
    for key, where in written:
        if key.split("__")[0] not in Settings.model_fields:
            raise ConfigError(f"unknown setting {key!r} in {where}; {_known(())}")
    return settings


def first_line(error: ValidationError) -> str:
    """The first problem as one line: the key, the value and what was expected."""
    problem = error.errors()[0]
    path = problem["loc"]
    key = ".".join(str(part) for part in path)
    if problem["type"] == "extra_forbidden":
        return f"unknown setting {key!r}; {_known(path)}"
    if problem["type"] == "missing":
        return f"setting {key!r} is missing; {_known(path)}"
    shown = "" if path[0] in SECRET else f" = {str(problem['input'])[:60]!r}"
    said = re.sub(r"<\w+\.\w+: ('\w+')>", r"\1", problem["msg"])  # a member as it is written
    return f"setting {key!r}{shown}: {said[:1].lower()}{said[1:]}"


def _known(path: tuple[int | str, ...]) -> str:
    """The keys there are beside the one at `path`."""
    model = GROUPS.get(str(path[0]), Settings) if path else Settings
    return f"known are: {', '.join(sorted(model.model_fields))}"


def _not_json(error: SettingsError) -> str:
    """pydantic names the field and its source, not the reason, which is in the cause."""
    found = re.search(r'field "(\w+)" from source "(\w+)"', str(error))
    key, source = found.groups() if found else ("?", "")
    where = ".env" if source.startswith("DotEnv") else "the environment"
    return f"setting {PREFIX}{key.upper()} in {where} is no JSON: {error.__cause__}"


def _keys_written() -> list[tuple[str, str]]:
    """Every key somebody wrote, and where, so that a misspelt one is not silently ignored."""
    found = [
        (name[len(PREFIX) :].lower(), "the environment")
        for name in os.environ
        if name.upper().startswith(PREFIX)
    ]
    names = re.findall(rf"(?mi)^\s*(?:export\s+)?{PREFIX}(\w+)\s*=", _text(Path(".env")))
    found += [(name.lower(), ".env") for name in names]
    try:
        found += [(key, TOML) for key in tomllib.loads(_text(Path(TOML)))]
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{TOML} is no TOML: {error}") from None
    return found


def _text(file: Path) -> str:
    """A settings file's text, "" where there is none."""
    try:
        return file.read_text("utf-8") if file.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} cannot be read as UTF-8 text: {error}") from None


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
