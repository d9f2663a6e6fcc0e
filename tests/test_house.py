"""One data folder: what the house leaves outside it, and when the demo may start over."""

import json
from pathlib import Path

import pytest

import house
from folder import prepare
from settings import Settings
from supervisor import Supervisor
from trading.errors import ConfigError


def test_what_the_processes_keep_lies_in_the_data_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MPLCONFIGDIR", raising=False)
    settings = Settings(data=tmp_path / "data")
    env = house.environment(settings)
    assert env["MPLCONFIGDIR"] == str(tmp_path / "data" / "matplotlib")
    assert env["QUARTERDECK_DATA"] == str(tmp_path / "data")
    monkeypatch.setenv("MPLCONFIGDIR", "/var/cache/elsewhere")
    assert house.environment(settings)["MPLCONFIGDIR"] == "/var/cache/elsewhere"


def test_the_demo_starts_over_on_its_own_folder(tmp_path: Path):
    settings = Settings(data=tmp_path / "data", mode="demo")
    assert "nothing" in house.reset_demo(settings)
    assert not settings.data.exists()
    prepare(settings)
    (settings.data / "paper.sqlite3").touch()
    assert "starts over" in house.reset_demo(settings)
    assert not settings.data.exists()


def test_starting_over_touches_no_folder_that_is_not_the_demos(tmp_path: Path):
    prepare(Settings(data=tmp_path / "data"))
    with pytest.raises(ConfigError, match="holds paper data, not demo"):
        house.reset_demo(Settings(data=tmp_path / "data", mode="demo"))
    assert json.loads((tmp_path / "data" / "format.json").read_text())["mode"] == "paper"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    with pytest.raises(ConfigError, match="no data folder of ours"):
        house.reset_demo(Settings(data=tmp_path / "mine", mode="demo"))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.txt"]


def test_a_demo_that_runs_is_not_started_over_under_itself(tmp_path: Path):
    settings = Settings(data=tmp_path / "data", mode="demo")
    prepare(settings)
    with Supervisor(settings.data), pytest.raises(ConfigError, match="already running"):
        house.reset_demo(settings)
    assert settings.data.exists()
