"""`quarterdeck check` as a real process, on a database that may be in use."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from db.journal import open_journal
from tests.test_cli import refusal, run
from trading.facts import Adjustment, Fact, Latch, Request, RequestState, Trading

DATABASE = "quarterdeck-data/quarterdeck.sqlite3"
SINCE = datetime(2026, 2, 3, 15, 2, 11, tzinfo=UTC)


def kept(folder: Path, *facts: Fact) -> None:
    """A data folder with these facts."""

    async def write() -> None:
        (folder / DATABASE).parent.mkdir(exist_ok=True)
        async with open_journal(folder / DATABASE) as journal:
            for fact in facts:
                await journal.append([fact])

    asyncio.run(write())


def test_a_sound_desk_whose_house_is_down_passes_and_says_what_could_not_be_asked(tmp_path: Path):
    kept(tmp_path, Latch())
    done = run(tmp_path, "check")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == ("rows can be read      holds: every row of the database is the fact it was")
    assert (
        "decided once          holds: an approved signal has exactly one order, as approved; every "
        "other none that was sent"
    ) in lines
    assert "same positions        not asked: the broker holds what our books hold" in lines
    assert lines[-2].endswith(" rules hold; 3 could not be asked of a broker that is away.")
    assert lines[-1].startswith("paper: cannot reach the paper broker")


def test_what_is_found_stands_under_its_rule_with_what_to_do(tmp_path: Path):
    kept(tmp_path, Request("telegram", "7", "pnl", SINCE), Latch(state=Trading.HALTED))
    done = run(tmp_path, "check")
    assert (done.returncode, done.stderr) == (1, "")
    assert (
        "requests handled      1 FINDING: what was asked is carried out within a minute\n"
        "  - request 1 (/pnl) waits since 2026-02-03 15:02:11 UTC\n"
        "  What to do: see that the house runs: /health, or `quarterdeck check fast`.\n"
    ) in done.stdout
    assert "2 do not: 2 findings; 3 could not be asked" in done.stdout


def test_a_damaged_row_is_named_and_stops_only_the_rules_that_need_it(tmp_path: Path):
    paid = Adjustment("paper", "opening", "deposit", Decimal(100), "USD", SINCE)
    kept(tmp_path, Latch(), paid)
    with closing(sqlite3.connect(tmp_path / DATABASE)) as database:
        database.execute("UPDATE adjustments SET amount = 'lots'")
        database.commit()
    done = run(tmp_path, "check")
    assert done.returncode == 1
    assert done.stderr == "row 1 of adjustments cannot be read: its amount is 'lots'\n"
    assert (
        "rows can be read      1 FINDING: every row of the database is the fact it was\n"
        "  - row 1 of adjustments cannot be read: its amount "
    ) in done.stdout
    assert "restore the newest backup that has it right" in done.stdout
    assert "sums come out         not read: cash is what" in done.stdout
    assert "one latch             holds: " in done.stdout
    assert "could not be read for a damaged row" in done.stdout


def test_a_check_writes_nothing(tmp_path: Path):
    kept(tmp_path, Request("telegram", "7", "pnl", SINCE), Latch(state=Trading.HALTED))
    before = (tmp_path / DATABASE).read_bytes()
    run(tmp_path, "check")
    assert (tmp_path / DATABASE).read_bytes() == before


def test_many_findings_of_one_rule_are_ten_and_a_count(tmp_path: Path):
    many = [Request("t", str(n), "pnl", SINCE, state=RequestState.DONE) for n in range(1_234)]
    kept(tmp_path, *many)
    done = run(tmp_path, "check")
    assert done.returncode == 1
    assert "dated requests        1,234 FINDINGS: a handled request says when\n" in done.stdout
    assert "  - request 10 (/pnl) is done, at no time\n  … and 1,224 more\n" in done.stdout


def test_a_folder_in_which_no_desk_was_kept_is_refused(tmp_path: Path):
    assert refusal(tmp_path, "check").startswith("nothing has run in ")


def test_with_the_name_of_a_part_it_stays_the_containers_question(tmp_path: Path):
    kept(tmp_path)
    done = run(tmp_path, "check", "fast")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.endswith("has never been alive here\n")
