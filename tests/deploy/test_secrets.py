"""Secrets by file, as containers and systemd hand them over, and addresses with a password."""

from collections.abc import Callable
from pathlib import Path

import pytest

import folder
from settings import load
from tests.test_settings import PASSWORD, TOKEN, refusal


@pytest.mark.parametrize("change", [str.upper, str.lower])
def test_a_secret_may_stand_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[str], str]
):
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    monkeypatch.setenv(change("QUARTERDECK_TELEGRAM_TOKEN_FILE"), str(tmp_path / "token"))
    assert load().telegram_token.get_secret_value() == TOKEN


def test_a_file_named_in_dotenv_and_the_variable_itself_which_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "url").write_text("redis://there:6379/0")
    Path(".env").write_text(f"QUARTERDECK_REDIS_FILE={tmp_path / 'url'}\n")
    assert load().redis == "redis://there:6379/0"
    monkeypatch.setenv("QUARTERDECK_REDIS", "redis://here:6379/0")
    assert load().redis == "redis://here:6379/0"


def test_a_file_of_a_secret_that_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_DATABASE_FILE", str(tmp_path / "none"))
    assert refusal() == (
        f"QUARTERDECK_DATABASE_FILE names {tmp_path / 'none'}, which cannot be read: "
        "No such file or directory"
    )


def test_only_a_secret_has_a_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_CAPITAL_FILE", "/run/secrets/capital")
    assert refusal().startswith("unknown setting 'capital_file' in the environment; known are: ")


@pytest.mark.parametrize(
    "url",
    [
        "unix:///tmp/x",
        "tcp://host:7070",
        "tcp://:short@host:7070",
        f"tcp://:{PASSWORD * 3}@host",
        f"tcp://:{PASSWORD * 3}@host:seven",
        f"http://:{PASSWORD * 3}@host:7070",
    ],
)
def test_an_address_of_a_paper_broker_elsewhere_that_is_none(url: str):
    line = refusal(lambda: folder.paper_address(load(paper=url)))
    assert line == (
        "setting 'paper' is an address like tcp://:PASSWORD@HOST:PORT, its password of 16 "
        "characters or more"
    )


def test_an_address_of_a_paper_broker_elsewhere():
    address = folder.paper_address(load(paper=f"tcp://:{PASSWORD * 3}%21@10.0.0.7:7070"))
    assert address.remote == (7070, f"{PASSWORD * 3}!", "10.0.0.7")
    assert PASSWORD not in str(address.path)
