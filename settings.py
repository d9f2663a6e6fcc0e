"""One typed `Settings`, read once at the top: QUARTERDECK_* variables, `.env`, quarterdeck.toml."""

import json
import os
import re
import tomllib
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from dotenv import dotenv_values
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from charges.settings import ChargeSettings
from crewing import PeopleSettings, Person
from mail.settings import MailSettings
from risk.autonomy_settings import DemotionSettings, PromotionSettings
from risk.exit_settings import ExitSettings
from risk.settings import LimitSettings
from risk.sizing_settings import Allocation, SizingSettings
from trading.errors import ConfigError
from trading.ledger import Method
from trading.types import Mode

TOML = "quarterdeck.toml"
PREFIX = "QUARTERDECK_"
DEMO_TOKEN = "4242:local-stand-in-for-telegram-not-a-secret"  # noqa: S105  the phone page's own
SECRET = (
    "telegram_token",
    "key",
    "mail_password",
    "database",
    "redis",
    "paper",
)  # or with a password in it: never shown
FILE = "_file"  # QUARTERDECK_TELEGRAM_TOKEN_FILE names the file that holds the secret
Fraction = Annotated[Decimal, Field(gt=0, le=1)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3,5}$")]


class StrategySettings(BaseModel):
    """How one strategy is run. Fractions are of the account's equity."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    mode: Mode = Mode.MANUAL
    veto_window: Annotated[str, Field(pattern="^[1-9][0-9]{0,3}[smh]$")] = "10m"
    executes: Literal["", "now", "close", "next open", "next close"] = ""
    promotion: PromotionSettings = PromotionSettings()
    demotion: DemotionSettings = DemotionSettings()
    allocation: Allocation = Decimal("0.80")  # or an amount, "25000 USD"
    position: Fraction = Decimal("0.05")
    max_positions: int = Field(default=20, ge=1)
    cards: int = Field(default=3, ge=0, le=10)
    params: dict[str, Any] = Field(default_factory=dict)
    universe: str = ""  # what it may enter; "" is the whole book
    sizing: SizingSettings = SizingSettings()
    cooldown: int = Field(default=0, ge=0, le=250)  # sessions out of a symbol after a stop
    squareoff: str = ""  # when it is squared off by itself, such as "close-10m"
    exits: ExitSettings = ExitSettings()


class CostSettings(BaseModel):
    """What the paper broker charges: slippage in basis points, commission in currency."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    slippage_bps: Annotated[Decimal, Field(ge=0, le=1000)] = Decimal(2)
    per_unit: Annotated[Decimal, Field(ge=0, le=1_000_000)] = Decimal("0.005")
    minimum: Annotated[Decimal, Field(ge=0, le=1_000_000)] = Decimal("1.00")
    maximum_share: Annotated[Decimal, Field(ge=0, le=1)] = Decimal("0.01")


class ImportSettings(BaseModel):
    """A folder whose CSV and Parquet files are taken as they come; see docs/data.md."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    folder: str = ""  # "" watches none
    zone: str = ""  # of times that name none, such as America/New_York
    exchange: str = ""  # "" is found from the data
    currency: str = Field(default="", pattern="^([A-Za-z]{3,5})?$")
    actions: str = ""  # a file of splits and dividends to adjust for


class BackupSettings(BaseModel):
    """Where backups go ("" is `backups` in the data folder) and how many are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    keep: int = Field(default=14, ge=1, le=1000)
    folder: str = ""


DigestName = Literal["start", "middle", "end", "week", "month"]


class DigestSettings(BaseModel):
    """Which digests come by themselves, and which of them without a sound; without a choice all
    five come and `middle` is silent, in the demo `end` alone and silent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kinds: tuple[DigestName, ...] | None = None
    silent: tuple[DigestName, ...] | None = None


class UniverseSettings(BaseModel):
    """Instruments that meet every condition given; see README, "Universes and lists"."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    symbols: tuple[str, ...] = ()
    exchange: str = ""
    sector: str = ""
    currency: str = ""
    top: int = Field(default=0, ge=0)  # the most traded so many; 0 is all
    watch: bool = False  # only what is on the watchlist


class CandleSettings(BaseModel):
    """A crypto exchange's candles, by ccxt: named symbols, or every spot market in `quote`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    exchange: str = Field(min_length=1)  # ccxt's id, such as "binance"
    symbols: tuple[str, ...] = ()  # as ccxt writes them: "BTC/USDT"
    quote: str = ""
    timeframe: str = Field(default="1d", pattern="^[1-9][0-9]*[mhd]$")
    since: date = date(2020, 1, 1)
    sandbox: bool = False
    url: str = ""  # in place of the exchange's own host

    @model_validator(mode="after")
    def _says_which(self) -> Self:
        if bool(self.symbols) == bool(self.quote):
            raise ValueError("say which markets: either `symbols` or `quote`")
        return self


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
    "people": PeopleSettings,
    "strategies": StrategySettings,
    "limits": LimitSettings,
    "costs": CostSettings,
    "charges": ChargeSettings,
    "imports": ImportSettings,
    "backup": BackupSettings,
    "digests": DigestSettings,
    "mail": MailSettings,
    "universes": UniverseSettings,
    "candles": CandleSettings,
    "jobs": JobSettings,
}


class SecretFiles(PydanticBaseSettingsSource):
    """Secrets by file, as containers and systemd hand them over: the variable of a secret with
    `_FILE` after it names where it is written. The variable itself comes first."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        del field
        if field_name not in SECRET:
            return None, field_name, False
        variable = (PREFIX + field_name + FILE).upper()
        written = {**dotenv_values(".env"), **os.environ}
        path = next((path for name, path in written.items() if name.upper() == variable), None)
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text("utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "it is no UTF-8 text"
            raise ConfigError(f"{variable} names {path}, which cannot be read: {why}") from None

    def __call__(self) -> dict[str, Any]:
        found = {
            name: self.get_field_value(field, name)[0]
            for name, field in self.settings_cls.model_fields.items()
        }
        return {name: value for name, value in found.items() if value}


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
    #: "" is a socket in the data folder; for several machines, tcp://:password@host:port
    paper: str = Field(default="", repr=False)
    host: str = Field(default="", max_length=20)  # of this machine, where several share a database
    telegram_token: SecretStr = SecretStr("")
    operators: tuple[Person, ...] = ()
    people: PeopleSettings = PeopleSettings()
    #: seals secrets in the database; "" is a file in the data folder, made when it is needed
    key: SecretStr = SecretStr("")
    capital: Annotated[Decimal, Field(gt=0, le=10**12)] = Decimal(100_000)
    currency: str = Field(default="USD", pattern="^[A-Z]{3,5}$")
    calendar: str = "XNYS"  # whose sessions the desk keeps; "24/7" never closes
    strategy_folder: str = ""  # strategy files of your own are loaded from here; "" is none
    theme: Literal["dark", "light"] = "dark"
    phone_port: int = Field(default=8765, ge=0, le=65535)
    strategies: dict[str, StrategySettings] = Field(
        default_factory=lambda: {"mean_reversion": StrategySettings()}
    )
    limits: LimitSettings = LimitSettings()
    costs: CostSettings = CostSettings()
    charges: Annotated[ChargeSettings, NoDecode] = ChargeSettings()
    rates: dict[Currency, Annotated[Decimal, Field(gt=0)]] = Field(default_factory=dict)
    lots: dict[str, Method] = Field(default_factory=dict)  # which go first, by account
    imports: ImportSettings = ImportSettings()
    backup: BackupSettings = BackupSettings()
    digests: DigestSettings = DigestSettings()
    mail: MailSettings = MailSettings()
    mail_password: SecretStr = SecretStr("")
    universes: dict[str, UniverseSettings] = Field(default_factory=dict)
    candles: dict[str, CandleSettings] = Field(default_factory=dict)
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
        files = SecretFiles(settings_cls)
        toml = TomlConfigSettingsSource(settings_cls)
        return init_settings, env_settings, files, dotenv_settings, toml

    @field_validator("operators")
    @classmethod
    def _one_name_each(cls, people: tuple[Person, ...]) -> tuple[Person, ...]:
        ids = [person.id for person in people]
        twice = sorted({one for one in ids if ids.count(one) > 1})
        if twice:
            raise ValueError(f"id {twice[0]} is there twice")
        return people

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite://{self.data.absolute() / 'quarterdeck.sqlite3'}"


def load(**given: Any) -> Settings:
    """The settings, or ConfigError: one line naming the key, the value and what was expected."""
    written = keys_written()
    try:
        settings = Settings(**given)
    except ValidationError as error:
        raise ConfigError(first_line(error)) from None
    except SettingsError as error:
        raise ConfigError(_not_json(error)) from None
    except OSError as error:
        raise ConfigError(f"the settings cannot be read: {error}") from None
    for key, where in written:
        secret = key.removesuffix(FILE) in SECRET and where != TOML
        if not secret and key.split("__")[0] not in Settings.model_fields:
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
    said = said.removeprefix("Value error, ")
    said = re.sub(r"a valid dictionary( or instance of \w+)?", "a table", said)
    said = said.replace("a valid tuple", "a list")
    return f"setting {key!r}{shown}: {said[:1].lower()}{said[1:]}"


def _known(path: tuple[int | str, ...]) -> str:
    """The keys there are beside the one at `path`."""
    model = GROUPS.get(str(path[0]), Settings) if path else Settings
    for part in path[1:-1]:
        field = model.model_fields.get(str(part))
        inner = field.annotation if field else None
        model = inner if isinstance(inner, type) and issubclass(inner, BaseModel) else model
    return f"known are: {', '.join(sorted(model.model_fields))}"


def _not_json(error: SettingsError) -> str:
    """pydantic names the field and its source, not the reason, which is in the cause."""
    found = re.search(r'field "(\w+)" from source "(\w+)"', str(error))
    key, source = found.groups() if found else ("?", "")
    where = ".env" if source.startswith("DotEnv") else "the environment"
    return f"setting {PREFIX}{key.upper()} in {where} is no JSON: {error.__cause__}"


def keys_written() -> list[tuple[str, str]]:
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
        mark = "it begins with a byte order mark; save it as UTF-8 without one"
        why = mark if _text(Path(TOML)).startswith("\ufeff") else error
        raise ConfigError(f"{TOML} is no TOML: {why}") from None
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
    plain["key"] = settings.key.get_secret_value()
    plain["mail_password"] = settings.mail_password.get_secret_value()
    plain["data"] = str(settings.data.absolute())
    if settings.strategy_folder:
        plain["strategy_folder"] = str(Path(settings.strategy_folder).expanduser().absolute())
    if settings.charges.folder:
        plain["charges"]["folder"] = str(Path(settings.charges.folder).expanduser().absolute())
    for one in ("folder", "actions"):  # children may stand elsewhere
        if plain["imports"][one]:
            plain["imports"][one] = str(Path(plain["imports"][one]).expanduser().absolute())
    return {
        PREFIX + key.upper(): value if isinstance(value, str) else json.dumps(value)
        for key, value in plain.items()
    }
