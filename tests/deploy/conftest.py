"""A desk that has traded a little, and places to restore it into."""

import asyncio
import os
import shutil
from pathlib import Path

import pytest

from demo import make
from settings import PREFIX, Settings, load
from tests.journal.conftest import Server, postgres

__all__ = ["Server", "postgres"]


@pytest.fixture(scope="session")
def traded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a demo with six months behind it; made once, copied by each test."""
    folder = tmp_path_factory.mktemp("traded") / "data"
    asyncio.run(make(settings(folder)))
    return folder


def settings(data: Path, **given: object) -> Settings:
    return load(mode="demo", data=data, **given)


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def old(traded: Path, tmp_path: Path) -> Settings:
    """A copy to work with, without its bars."""
    shutil.copytree(traded, tmp_path / "old", ignore=shutil.ignore_patterns("market"))
    return settings(tmp_path / "old")


@pytest.fixture(params=("sqlite", "postgres"))
def new(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """Where it is restored: an empty folder with a database of each kind."""
    (tmp_path / "new").mkdir()
    if request.param == "sqlite":
        return settings(tmp_path / "new")
    server: Server = request.getfixturevalue("postgres")
    return settings(tmp_path / "new", database=server.create())
