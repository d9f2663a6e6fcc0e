"""Every bad input is one clear line that names the key, the value and what was expected."""

import json
import os
import traceback
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import choices
import folder
import wiring
from settings import (
    DEMO_TOKEN,
    PREFIX,
    Person,
    Settings,
    StrategySettings,
    as_environment,
    load,
)
from trading.errors import ConfigError
from trading.types import Mode

TOKEN = "123456:this-is-the-secret"
PASSWORD = "hunter2"


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in and none of our variables set."""
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(read: Callable[[], Any] = load) -> str:
    with pytest.raises(ConfigError) as refused:
        read()
    line = str(refused.value)
    assert "\n" not in line
    traced = "".join(traceback.format_exception(refused.value))
    assert TOKEN not in traced
    assert PASSWORD not in traced
    return line


# Keys nobody knows


@pytest.mark.parametrize("name", ["QUARTERDECK_THEEM", "quarterdeck_theem"])
def test_an_unknown_key_in_the_environment(monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.setenv(name, "dark")
    line = refusal()
    assert line.startswith("unknown setting 'theem' in the environment; known are: ")
    assert "theme" in line


def test_an_unknown_key_in_dotenv():
    Path(".env").write_text("# ours\nexport QUARTERDECK_THEEM=dark\n")
    assert refusal().startswith("unknown setting 'theem' in .env; known are: ")


def test_another_programs_keys_in_dotenv_are_its_own():
    Path(".env").write_text("COMPOSE_PROJECT_NAME=x\nQUARTERDECK_THEME=light\n")
    assert load().theme == "light"


def test_an_unknown_key_in_toml():
    Path("quarterdeck.toml").write_text('theem = "dark"\n')
    assert refusal().startswith("unknown setting 'theem' in quarterdeck.toml; known are: ")


@pytest.mark.parametrize(
    ("written", "key", "known"),
    [
        ("[limits]\ndrfit = 0.1", "limits.drfit", "collar, drift, gross_notional"),
        ("[costs]\nslip = 1", "costs.slip", "maximum_share, minimum, per_unit, slippage_bps"),
        ("operators = [{id = 1, name = 'A', x = 1}]", "operators.0.x", "id, largest, name, role"),
        (
            "[strategies.mean_reversion]\nmood = 'auto'",
            "strategies.mean_reversion.mood",
            "allocation, cards, exits, max_positions, mode, params, position",
        ),
    ],
)
def test_an_unknown_key_deeper_down_names_those_beside_it(written: str, key: str, known: str):
    Path("quarterdeck.toml").write_text(written)
    assert refusal().startswith(f"unknown setting {key!r}; known are: {known}")


def test_an_unknown_key_after_two_underscores(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_LIMITS__DRFIT", "0.1")
    assert refusal().startswith("unknown setting 'limits.drfit'; known are: collar, drift")


# Values


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("MODE", "live", "setting 'mode' = 'live': input should be 'demo' or 'paper'"),
        ("CAPITAL", "plenty", "setting 'capital' = 'plenty': input should be a valid decimal"),
        ("CAPITAL", "0", "setting 'capital' = '0': input should be greater than 0"),
        ("CAPITAL", "NaN", "setting 'capital' = 'NaN': input should be a finite number"),
        ("CURRENCY", "usd", "setting 'currency' = 'usd': string should match pattern"),
        ("PHONE_PORT", "http", "setting 'phone_port' = 'http': input should be a valid integer"),
        ("PHONE_PORT", "65536", "setting 'phone_port' = '65536': input should be less than or"),
        ("THEME", "blue", "setting 'theme' = 'blue': input should be 'dark' or 'light'"),
        ("LIMITS__DRIFT", "1.01", "setting 'limits.drift' = '1.01': input should be less than"),
        ("COSTS__MINIMUM", "-1", "setting 'costs.minimum' = '-1': input should be greater than"),
        ("OPERATORS", "7", "setting 'operators' = '7': input should be a list"),
        (
            "OPERATORS",
            '[{"id": "Ann", "name": "Ann"}]',
            "setting 'operators.0.id' = 'Ann': input should be a valid integer",
        ),
        (
            "OPERATORS",
            '[{"id": 7}]',
            "setting 'operators.0.name' is missing; known are: id, largest, name, role",
        ),
        (
            "OPERATORS",
            '[{"id": 7, "name": "Ann"}, {"id": 7, "name": "Bob"}]',
            "setting 'operators' = ",
        ),
        ("OPERATORS", f'[{{"id": {2**52}, "name": "A"}}]', "setting 'operators.0.id' = '450"),
        ("LIMITS", "3", "setting 'limits' = '3': input should be a table"),
        ("CAPITAL", "1e400", "setting 'capital' = '1e400': input should be less than or equal"),
        ("COSTS__PER_UNIT", "1e400", "setting 'costs.per_unit' = '1e400': input should be less"),
        ("IMPORTS__CURRENCY", "dollars", "setting 'imports.currency' = 'dollars': string should"),
        (
            "OPERATORS",
            "[{id: 7}]",
            "setting QUARTERDECK_OPERATORS in the environment is no JSON: Expecting property name",
        ),
        (
            "STRATEGIES__MEAN_REVERSION__CARDS",
            "11",
            "setting 'strategies.mean_reversion.cards' = '11': input should be less than or equal",
        ),
        (
            "STRATEGIES",
            '{"mean_reversion": {"mode": "fast"}}',
            "setting 'strategies.mean_reversion.mode' = 'fast': input should be 'manual' or ",
        ),
    ],
)
def test_a_bad_value_is_named_with_its_key_and_what_was_expected(
    monkeypatch: pytest.MonkeyPatch, key: str, value: str, line: str
):
    monkeypatch.setenv(PREFIX + key, value)
    assert refusal().startswith(line)


def test_a_bad_value_in_dotenv_and_in_toml():
    Path(".env").write_text("QUARTERDECK_OPERATORS=[{id\n")
    assert refusal().startswith("setting QUARTERDECK_OPERATORS in .env is no JSON: ")
    Path(".env").unlink()
    Path("quarterdeck.toml").write_text("capital = 'plenty'\n")
    assert refusal() == "setting 'capital' = 'plenty': input should be a valid decimal"


@pytest.mark.parametrize(
    ("written", "line"),
    [
        (b'mode = "demo', "quarterdeck.toml is no TOML: "),
        (b"mode = demo", "quarterdeck.toml is no TOML: Invalid value (at line 1, column 8)"),
        (f'telegram_token = "{TOKEN}'.encode(), "quarterdeck.toml is no TOML: "),
        (b"\xff\xfe", "quarterdeck.toml cannot be read as UTF-8 text: "),
    ],
)
def test_a_broken_toml_file_is_named(written: bytes, line: str):
    Path("quarterdeck.toml").write_bytes(written)
    assert refusal().startswith(line)


def test_a_dotenv_that_is_no_text_or_no_file_is_named():
    Path(".env").write_bytes(b"\xff\xfe")
    assert refusal().startswith(".env cannot be read as UTF-8 text: ")
    Path(".env").unlink()
    Path(".env").mkdir()
    assert refusal().startswith(".env cannot be read")


def test_the_environment_goes_before_dotenv_and_dotenv_before_toml(
    monkeypatch: pytest.MonkeyPatch,
):
    Path("quarterdeck.toml").write_text("theme = 'light'\nphone_port = 1\ncapital = 1\n")
    Path(".env").write_text("QUARTERDECK_PHONE_PORT=2\nQUARTERDECK_CAPITAL=2\n")
    monkeypatch.setenv("QUARTERDECK_CAPITAL", "3")
    settings = load()
    assert (settings.theme, settings.phone_port, settings.capital) == ("light", 2, 3)


def test_an_empty_variable_is_one_that_is_not_set(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_DATA", "")
    monkeypatch.setenv("QUARTERDECK_OPERATORS", "")
    settings = load()
    assert settings.data == Path("quarterdeck-data"), "never the folder one stands in"
    assert settings.operators == ()


# Secrets


def test_the_token_is_in_no_repr_and_no_error(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("QUARTERDECK_DATABASE", f"postgres://u:{PASSWORD}@db/q")
    monkeypatch.setenv("QUARTERDECK_REDIS", f"redis://:{PASSWORD}@r/0")
    settings = load()
    for shown in (repr(settings), str(settings), settings.model_dump_json(), f"{settings}"):
        assert TOKEN not in shown
    assert PASSWORD not in repr(settings)
    monkeypatch.setenv("QUARTERDECK_MODE", "live")
    refusal()


@pytest.mark.parametrize(
    ("key", "written"),
    [
        ("telegram_token", f'["{TOKEN}"]'),
        ("telegram_token", f'{{ value = "{TOKEN}" }}'),
        ("database", f'["postgres://u:{PASSWORD}@db/q"]'),
        ("redis", f'["redis://:{PASSWORD}@r/0"]'),
    ],
)
def test_a_secret_of_the_wrong_type_is_not_shown(key: str, written: str):
    Path("quarterdeck.toml").write_text(f"{key} = {written}\n")
    assert refusal() == f"setting {key!r}: input should be a valid string"


def test_a_token_under_a_misspelt_key_is_not_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_TELEGRAM_TOKNE", TOKEN)
    assert "'telegram_tokne'" in refusal()


# The data folder


def paper(**changes: Any) -> Settings:
    return load(data=Path("data"), **changes)


def test_a_data_folder_is_made_stamped_and_known_again(clean: Path):
    for _ in range(2):
        folder.prepare(paper())
    stamp = json.loads((clean / "data/format.json").read_text())
    assert stamp == {"format": folder.FORMAT, "mode": "paper"}
    assert [file.name for file in (clean / "data").iterdir()] == ["format.json"]


def test_a_data_folder_from_a_newer_version_is_left_alone(clean: Path):
    Path("data").mkdir()
    Path("data/format.json").write_text('{"format": 2, "mode": "paper"}')
    assert refusal(lambda: folder.prepare(paper())) == (
        f"{clean}/data was written by a newer Quarterdeck (format 2, this one knows 1): update, "
        "or set QUARTERDECK_DATA to another folder"
    )
    assert os.listdir("data") == ["format.json"]


def test_a_data_folder_of_another_mode_is_left_alone(clean: Path):
    folder.prepare(paper(mode="demo"))
    assert refusal(lambda: folder.prepare(paper())) == (
        f"{clean}/data holds demo data, not paper: set QUARTERDECK_DATA to another folder"
    )


def test_a_file_in_the_folders_place(clean: Path):
    Path("data").write_text("mine")
    assert refusal(lambda: folder.prepare(paper())) == (
        f"the data folder {clean}/data cannot be used (File exists): "
        "set QUARTERDECK_DATA to another folder"
    )
    deeper = load(data=Path("data/deeper"))
    assert "cannot be used (Not a directory)" in refusal(lambda: folder.prepare(deeper))


@pytest.mark.parametrize("written", ["", "[]", "7", "{}", '{"format": "x", "mode": "paper"}'])
def test_a_damaged_stamp_is_named(clean: Path, written: str):
    Path("data").mkdir()
    Path("data/format.json").write_text(written)
    line = refusal(lambda: folder.prepare(paper()))
    assert line.startswith(f"{clean}/data/format.json is damaged")


# What is wanted outside the demo


def test_outside_the_demo_a_token_is_needed():
    settings = load()
    assert "no Telegram token: set QUARTERDECK_TELEGRAM_TOKEN" in refusal(
        lambda: choices.telegram_token(settings)
    )
    assert choices.operators(settings) == (), "whoever has a code joins later"


def test_the_example_environment_is_read_as_it_stands(tmp_path: Path):
    """With every line it comments out written, too."""
    text = (Path(__file__).parents[1] / ".env.example").read_text("utf-8")
    (tmp_path / ".env").write_text(text)
    assert load().telegram_token.get_secret_value() == ""
    (tmp_path / ".env").write_text(text.replace("#QUARTERDECK_", "QUARTERDECK_"))
    settings = load()
    assert [ann.name for ann in settings.operators] == ["Ann"]
    assert settings.redis == "redis://host:6379/0"


def test_the_demo_needs_no_token_and_never_uses_a_real_token():
    settings = load(mode="demo", telegram_token=TOKEN)
    assert choices.telegram_token(settings) == DEMO_TOKEN
    assert [person.name for person in choices.operators(settings)] == [choices.DEMO_OPERATOR.name]


# Strategies


def strategies(**chosen: Any) -> Any:
    settings = load(strategies={"mean_reversion": {}} | chosen)
    return lambda: wiring.strategies(settings)


def test_an_unknown_strategy_is_named_with_those_there_are():
    assert refusal(strategies(astrology={})) == (
        "no strategy is called 'astrology'; there are mean_reversion, intraday_gap_up, "
        "swing_stochastic_rsi, weekly_trend"
    )


@pytest.mark.parametrize(
    ("params", "line"),
    [
        ({"moon": 3}, "unknown setting 'strategies.mean_reversion.params.moon'; known are: trend,"),
        ({"name": "x"}, "unknown setting 'strategies.mean_reversion.params.name'; known are: tre"),
        (
            {"rsi_enter": "low"},
            "setting 'strategies.mean_reversion.params.rsi_enter' = 'low': "
            "input should be a valid number",
        ),
        (
            {"trend": 2.5},
            "setting 'strategies.mean_reversion.params.trend' = '2.5': "
            "input should be a valid integer",
        ),
    ],
)
def test_a_bad_parameter_is_named(params: dict[str, Any], line: str):
    assert refusal(strategies(mean_reversion={"params": params})).startswith(line)


def test_a_parameter_from_the_environment_is_a_number(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_STRATEGIES__MEAN_REVERSION__PARAMS__RSI_ENTER", "31.5")
    monkeypatch.setenv("QUARTERDECK_STRATEGIES__MEAN_REVERSION__PARAMS__TREND", "150")
    made: Any = wiring.strategies(load())["mean_reversion"]
    assert (made.rsi_enter, made.trend) == (31.5, 150)
    assert type(made.trend) is int


# Handing settings on


def test_what_is_handed_to_a_child_is_what_it_reads(monkeypatch: pytest.MonkeyPatch):
    Path("quarterdeck.toml").write_text("[limits]\ndrift = 0.015\n")
    given = load(
        mode="demo",
        data=Path("some where"),
        database=f"postgres://u:{PASSWORD}@db/q?x=1&y=%20",
        redis="unix:///run/redis.sock",
        telegram_token=TOKEN,
        operators=[Person(id=7, name="Zoë =; \"quoted\" '#'"), Person(id=8, name="Bob")],
        capital=Decimal("250000.10"),
        phone_port=0,
        strategies={
            "mean_reversion": StrategySettings(
                mode=Mode.AUTO, position=Decimal("0.025"), params={"rsi_enter": 30, "trend": 100}
            ),
            "rip": StrategySettings(cards=0),
        },
    )
    for name, value in as_environment(given).items():
        monkeypatch.setenv(name, value)
    read = load()
    assert read == given.model_copy(update={"data": Path("some where").absolute()})
    assert read.telegram_token.get_secret_value() == TOKEN
    assert read.limits.drift == Decimal("0.015")
    assert as_environment(read) == as_environment(given)


def test_settings_nobody_changed_are_handed_on_too(monkeypatch: pytest.MonkeyPatch):
    for name, value in as_environment(load()).items():
        monkeypatch.setenv(name, value)
    assert load().model_dump(exclude={"data"}) == Settings().model_dump(exclude={"data"})
