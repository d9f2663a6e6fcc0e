"""A job in the settings: read as it was written, or refused before anything starts."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import house
from settings import as_environment, load
from tests.test_settings import TOKEN, clean, refusal

__all__ = ["clean"]  # an empty folder to stand in, for every test


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"mark": {"when": "noon"}}, "job 'mark': when = 'noon': expected a cron expression"),
        ({"astrology": {"when": "close"}}, "job 'astrology': no job is of kind 'astrology'; there"),
    ],
)
def test_a_job_that_cannot_be_read_is_refused_before_the_house_starts(given: Any, line: str):
    settings = load(telegram_token=TOKEN, operators=[{"id": 1, "name": "Ann"}], jobs=given)
    assert refusal(lambda: asyncio.run(house.run_house(settings))).startswith(line)
    assert not Path("quarterdeck-data", "supervisor.lock").exists()


def test_an_unknown_key_of_a_job_names_those_there_are():
    Path("quarterdeck.toml").write_text('[jobs."scan:dip"]\nwhenever = "close"\n')
    line = refusal()
    assert line.startswith("unknown setting 'jobs.scan:dip.whenever'; known are: catch_up, ")


def test_jobs_reach_the_processes_as_they_were_written(monkeypatch: pytest.MonkeyPatch):
    Path("quarterdeck.toml").write_text('[jobs."scan:dip"]\nwhen = "close+9m"\n')
    settings = load()
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)
    Path("quarterdeck.toml").unlink()
    assert load().jobs == settings.jobs
    assert settings.jobs["scan:dip"].when == "close+9m"
