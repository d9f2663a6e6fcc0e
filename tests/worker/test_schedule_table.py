"""The table of shipped jobs: each can be carried out and read, and the page says the same."""

import re
from pathlib import Path
from typing import Any

import pytest

from desk.desk import Plan
from settings import JobSettings, Settings
from tests.world import Weekdays, timetable, world
from trading.errors import ConfigError, DataError
from trading.ports import Calendar
from trading.types import Holding, Moment
from worker import shipped
from worker.jobs import JOBS
from worker.shipped import SHIPPED, Given, Shipped

PAGE = (Path(__file__).parents[2] / "docs" / "schedule.md").read_text("utf-8")
PLANS = {
    "dip": Plan("dip"),
    "weekly": Plan("weekly", timeframe="1w"),
    "gap": Plan("gap", Moment.OPEN, Holding.SESSION, squareoff="close-10m"),
}


def exchange(name: str) -> Calendar:
    raise DataError(f"no exchange {name!r}")


def table(**given: dict[str, Any]) -> Any:
    changes = {name: Given(**changed) for name, changed in given.items()}
    return shipped.table(PLANS, changes, Weekdays(), exchange)


def lines() -> list[Shipped]:
    return [line for plan in PLANS.values() for line in shipped.of_plan(plan)] + list(SHIPPED)


def test_every_shipped_job_can_be_read_and_has_a_handler_and_a_line_about_it():
    jobs = table()
    assert len(jobs) == len(lines()), "no name twice"
    for job in jobs.values():
        assert job.name.partition(":")[0] in JOBS
        assert 0 < len(job.about) <= 60


def test_there_are_as_many_jobs_as_the_house_needs():
    assert len(SHIPPED) + len(shipped.of_plan(Plan("mean_reversion"))) > 20


def test_the_page_shows_the_table_as_it_is():
    rows = re.findall(
        r"^\| `([^`]+)` \| `([^`]+)` \| ([^|]+) \| (yes|no) \| ([^|]+) \|", PAGE, re.MULTILINE
    )
    told = [(line.name, line.when, line.within, line.catch_up, line.about) for line in lines()]
    shown = [(a, b, c, d == "yes", e) for a, b, c, d, e in rows]
    for plan in PLANS:
        told = [(re.sub(rf":{plan}$", ":NAME", a), b, c, d, e.replace(plan, "NAME"))
                for a, b, c, d, e in told]  # fmt: skip
    assert set(shown) == set(told)
    assert len(shown) == len(set(shown))


def test_the_examples_of_the_page_can_be_read():
    written = re.findall(r"`([^`]+)`", PAGE.partition("## Changing it")[0])
    tried = [text for text in written if re.search(r"open|close|middle|\* \*", text)]
    assert len(tried) >= 7
    for text in tried:
        table(mark={"when": text.replace("XETR ", "")})


def test_the_settings_lie_over_the_table():
    job = table(mark={"when": "close+10m", "limit": "2h"})["mark"]
    assert (job.when.text, job.limit.total_seconds()) == ("close+10m", 7200)
    assert (job.within.text, job.catch_up, job.stops != "") == ("14d", True, True)
    assert not table(mark={"enabled": False})["mark"].enabled


def test_a_job_may_be_added_under_a_kind_and_an_argument():
    job = table(**{"housekeeping:sunday": {"when": "0 4 * * SUN UTC"}})["housekeeping:sunday"]
    assert job.when.text == "0 4 * * SUN UTC"
    assert table(**{"scan:dip": {"when": "middle"}})["scan:dip"].within.text == "next open"


@pytest.mark.parametrize(
    ("name", "given", "line"),
    [
        ("astrology", {"when": "close"}, "no job is of kind 'astrology'; there are: scan, leave, "),
        ("scan:moon", {"when": "close"}, "no strategy runs under that name; there are: dip, week"),
        ("expire:late", {}, "when is missing; expected a cron"),
        ("mark", {"when": "at noon"}, "when = 'at noon': expected a cron expression and a zone"),
        ("mark", {"within": "soon"}, "within = 'soon': expected a duration such as"),
        ("mark", {"limit": "3d"}, "limit = '3d': a run takes 12h at most"),
        ("mark", {"limit": ""}, "limit = '': expected a duration such as"),
    ],
)
def test_what_cannot_be_read_is_one_line_naming_the_job(name: str, given: Any, line: str):
    with pytest.raises(ConfigError) as refused:
        table(**{name: given})
    assert str(refused.value).startswith(f"job {name!r}: {line}")
    assert "\n" not in str(refused.value)


def test_the_settings_reach_the_table(tmp_path: Path):
    import wiring

    given = Settings(data=tmp_path, jobs={"mark": JobSettings(when="close+9m")})
    plans = {"dip": Plan("dip")}
    jobs = wiring.timetable(given, plans, Weekdays())
    assert jobs["mark"].when.text == "close+9m"
    with pytest.raises(ConfigError, match="no exchange 'XMOON' is known"):
        wiring.timetable(
            Settings(data=tmp_path, jobs={"mark": {"when": "XMOON close"}}), plans, Weekdays()
        )
    assert wiring.timetable(
        Settings(data=tmp_path, jobs={"expire": {"when": "XETR open"}}), plans, Weekdays()
    )


async def test_the_small_world_knows_the_same_table():
    w = await world()
    timetable(w.desk, mark={"when": "close+3m"})
    assert w.desk.jobs["mark"].when.text == "close+3m"
