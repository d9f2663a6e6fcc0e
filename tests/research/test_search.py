"""`quarterdeck search` as it is used: once, again, interrupted, killed."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from datetime import time as clock
from decimal import Decimal
from pathlib import Path

import numpy as np
import psutil
import pytest

from charges.settings import ChargeChoice, ChargeSettings
from choices import costs
from research import report
from research.study import Study
from research.trials import FILE
from search import Search, prepared, search
from settings import Settings
from strategies.registry import STRATEGIES
from tests.research.conftest import stocked
from trading.errors import BadCommand, DataError
from trading.types import Side

ROOT = Path(__file__).parents[2]
OVER = ("width=1:2:0.5", "rsi_enter=30,40")
SMALL = Search("mean_reversion", OVER, folds=3, workers=1, verify=False)


def ask(settings: Settings, wanted: Search) -> str:
    said: list[str] = []
    search(settings, wanted, said.append)
    return "\n".join(said)


def run(settings: Settings, folder: Path, wanted: Search) -> tuple[str, bytes, bytes]:
    """What was said, the table and the picture."""
    out, picture = folder / "out.csv", folder / "heat.png"
    said = ask(settings, replace(wanted, out=out, picture=picture))
    return said, out.read_bytes(), picture.read_bytes()


def rows(settings: Settings, wanted: Search) -> list[tuple[str, int]]:
    with sqlite3.connect(prepared(settings, wanted).folder / FILE) as file:
        return file.execute("SELECT params, fold FROM trials").fetchall()


def test_one_worker_and_two_give_the_same_bytes_and_so_does_asking_again(
    settings: Settings, tmp_path: Path
):
    alone = run(settings, tmp_path, replace(SMALL, fresh=True))
    assert run(settings, tmp_path, SMALL) == alone, "read back, nothing evaluated"
    assert run(settings, tmp_path, replace(SMALL, fresh=True, workers=2)) == alone
    assert len(rows(settings, SMALL)) == 6 * 3
    assert not (prepared(settings, SMALL).folder / "bars").exists()


def test_the_answer_says_what_is_in_sample_how_many_tries_and_which_engine(settings: Settings):
    said = ask(settings, replace(SMALL, fresh=True, verify=True))
    for part in (
        "mean_reversion: 6 combinations (width 3 × rsi_enter 2), 3 folds, 26 instruments",
        "chosen on (in sample)",
        "measured on (out of sample)",
        "Tries: 6 on these bars",
        "deflated",
        "MADE BY the rules alone",
        "REPLAYED, the first set (",
        "by the desk's replay",
        "none changes.",
        "survivorship",
    ):
        assert part in " ".join(said.split()), part
    assert max(map(len, said.splitlines())) < 140


def test_a_wider_grid_counts_the_tries_made_before(settings: Settings):
    first = ask(settings, replace(SMALL, fresh=True, over=("width=1,1.5", "rsi_enter=40")))
    assert "Tries: 2 on these" in first
    wider = ask(settings, replace(SMALL, over=("width=1,2,3", "rsi_enter=40")))
    assert "Tries: 4 on these" in wider, "width 1 was one of both"


def test_other_costs_are_another_question(settings: Settings):
    dearer = settings.model_copy(
        update={"costs": settings.costs.model_copy(update={"slippage_bps": 9})}
    )
    assert prepared(settings, SMALL).folder != prepared(dearer, SMALL).folder


def test_a_search_charges_by_the_schedule_that_live_trading_is_charged_by(settings: Settings):
    charged = settings.model_copy(update={"charges": ChargeSettings(use="us_ib_fixed")})
    ready = prepared(charged, SMALL)
    assert ready.folder != prepared(settings, SMALL).folder
    assert Study.from_json(ready.study.to_json()) == ready.study
    one = ready.history.instruments.find("AAPL")
    assert one is not None
    at = datetime.combine(ready.study.first, clock(12), UTC)
    stake, price = Decimal(5_000), Decimal("187.5")
    both = [costs(charged).charged(one, side, stake / price, stake, at).total for side in Side]
    [share] = ready.study.terms.cost(np.array([float(price)]))
    slippage = float(settings.costs.slippage_bps) / 1e4
    assert share - slippage == pytest.approx(float(sum(both) / stake / 2), rel=2e-3)
    said = " ".join(report.engines(ready.study.terms, "USD").split())
    assert f"2 bp and the charges of us_ib_fixed (rates of {ready.study.first}" in said


def test_where_charges_differ_by_instrument_a_search_says_it_takes_the_commission(
    settings: Settings,
):
    first = prepared(settings, SMALL).history.panel.symbols[0]
    one = ChargeChoice(schedule="us_ib_tiered", symbols=(first,))
    charged = settings.model_copy(
        update={"charges": ChargeSettings(use="us_ib_fixed", choose=(one,))}
    )
    terms = prepared(charged, SMALL).study.terms
    assert not terms.curve
    assert "charges differ by instrument" in terms.charged


def test_bars_that_change_are_another_question(settings: Settings):
    short = prepared(settings, replace(SMALL, end="2026-01-30"))
    assert short.folder != prepared(settings, SMALL).folder


def test_the_later_days_change_no_earlier_trial(settings: Settings):
    """Up to the end of 2025 the same windows give the same figures, known future or not."""
    until = replace(SMALL, end="2025-06-30", fresh=True, folds=1)
    assert ask(settings, until) == ask(settings, replace(until, start="2021-02-19"))


def test_a_weekly_strategy_and_one_that_holds_a_session_are_searched_too(settings: Settings):
    weekly = Search("weekly_trend", ("trend=20,30",), folds=2, workers=1, verify=False)
    assert "weekly_trend: 2 combinations" in ask(settings, weekly)
    gap = Search("intraday_gap_up", ("least=0.02,0.03",), folds=2, workers=1, verify=False)
    assert "intraday_gap_up: 2 combinations" in ask(settings, gap)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"rank": "luck"}, "'luck' ranks nothing; there are sharpe, net, calmar"),
        ({"train": "long"}, "'long' is no length of time; write it like 2y, 6m, 8w or 90d"),
        ({"start": "soon"}, "'soon' is no date; write it like 2024-03-28"),
        ({"start": "2025-01-01", "end": "2024-01-01"}, "the first day 2025-01-01 is after the "),
        ({"end": "1999-01-01"}, "the rules need 200 bars before their first answer, and there"),
        ({"strategy": "astrology"}, "no strategy is called 'astrology'"),
        ({"axes": ("atr",)}, "'atr' is not tried; the axes can be width, rsi_enter"),
        ({"axes": ("width", "width")}, "a picture has two axes; name one parameter or two"),
        ({"folds": 9}, "the bars whose rules are known, "),
        ({"end": "2021-06-01"}, "the rules need 200 bars before their first answer, and there"),
        ({"symbols": ("NONE",)}, "no bars of 'NONE'"),
        (
            {"over": ("rsi_enter=1:99",), "picture": Path("x.png")},
            "rsi_enter has 99 values, a picture holds 60",
        ),
    ],
)
def test_what_cannot_be_searched_is_one_line(
    settings: Settings, changes: dict[str, object], said: str
):
    with pytest.raises(BadCommand) as refused:
        prepared(settings, replace(SMALL, **changes))
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


BROKEN = """
from dataclasses import dataclass, field, replace
from strategies.registry import STRATEGIES
from strategies.mean_reversion import MeanReversion

@dataclass(frozen=True, slots=True)
class Brittle(MeanReversion):
    name: str = "brittle"
    breaks: int = 0

    def rules(self, bars):
        if self.breaks and bars.close.size > 5_000:
            raise ZeroDivisionError("as it was told")
        return MeanReversion.rules(self, bars)
"""


def test_rules_that_raise_stop_the_search_with_the_set_that_did(settings: Settings, tmp_path: Path):
    (tmp_path / "brittle.py").write_text(BROKEN)
    own = settings.model_copy(update={"strategy_folder": str(tmp_path)})
    wanted = replace(SMALL, strategy="brittle", over=("breaks=0,1",))
    with pytest.raises(DataError, match="brittle with breaks=1 raised ZeroDivisionError: as it"):
        ask(own, wanted)
    assert len(rows(own, wanted)) == 3, "what was finished before is kept"


DEADLY = (
    BROKEN.replace("Brittle", "Deadly")
    .replace("brittle", "deadly")
    .replace(
        'raise ZeroDivisionError("as it was told")',
        """import os, pathlib
            flag = pathlib.Path(__file__).with_name(f"died-{self.breaks}")
            if self.breaks == 2 or not flag.exists():
                flag.touch()
                os._exit(9)""",
    )
)


def test_a_worker_that_dies_costs_nothing_once_and_stops_the_search_twice(
    settings: Settings, tmp_path: Path
):
    (tmp_path / "deadly.py").write_text(DEADLY)
    own = settings.model_copy(update={"strategy_folder": str(tmp_path)})
    once = replace(SMALL, strategy="deadly", over=("breaks=0,1",), workers=2)
    assert "deadly: 2 combinations" in ask(own, once)
    assert (tmp_path / "died-1").exists()
    assert len(rows(own, once)) == 6
    with pytest.raises(DataError, match=r"a worker died twice with breaks=2 \(exit 9\)"):
        ask(own, replace(once, over=("breaks=0,2",)))


# As a process: Ctrl-C and kill -9

LARGE = "rsi_enter=20:69"  # 50 sets: seconds


def start(data: Path, *words: str) -> subprocess.Popen[str]:
    env = {k: v for k, v in os.environ.items() if not k.startswith("QUARTERDECK_")}
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "search", "--no-verify", "--over", LARGE, *words],
        cwd=data.parent,
        env=env | {"PYTHONPATH": str(ROOT), "QUARTERDECK_DATA": str(data)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def count(data: Path) -> int:
    total = 0
    for file in (data / "research").glob(f"*/{FILE}"):
        with sqlite3.connect(file) as opened:
            there = opened.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            total += opened.execute("SELECT count(*) FROM trials").fetchone()[0] if there else 0
    return total


def until_begun(data: Path, process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Its workers, once it has kept a few results."""
    deadline = time.monotonic() + 60
    while count(data) < 10:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return psutil.Process(process.pid).children(recursive=True)


def test_killed_between_two_results_nothing_is_lost_or_doubled(tmp_path: Path):
    data = tmp_path / "data"
    stocked(data)
    whole = tmp_path / "whole.csv"
    first = start(data, "--workers", "2")
    workers = until_begun(data, first)
    first.send_signal(signal.SIGKILL)
    first.communicate(timeout=30)
    assert psutil.wait_procs(workers, timeout=30)[1] == [], "no worker outlives its search"
    kept = count(data)
    assert 10 <= kept < 250, "it was killed under way"

    second = start(data, "--workers", "1", "--out", str(whole))
    said, told = second.communicate(timeout=90)
    assert second.returncode == 0, told
    assert count(data) == 250
    evaluated = int(told.split(" sets evaluated")[0].split()[-1])
    assert evaluated == 50 - kept // 5, "finished sets are not evaluated again"

    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "data"
    stocked(other)
    third = start(other, "--workers", "2", "--out", str(tmp_path / "third.csv"))
    assert third.communicate(timeout=90)[0] == said
    assert (tmp_path / "third.csv").read_bytes() == whole.read_bytes()


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(tmp_path: Path):
    data = tmp_path / "data"
    stocked(data)
    process = start(data, "--workers", "2")
    workers = until_begun(data, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers too
    said, told = process.communicate(timeout=30)
    assert process.returncode == 2
    assert "Traceback" not in said + told
    assert told.startswith("quarterdeck: stopped: ")
    assert told.endswith("of 50 sets are kept, and the same command goes on from there\n")
    assert psutil.wait_procs(workers, timeout=30)[1] == []
    assert 10 <= count(data) < 250


def test_ctrl_c_takes_back_what_waits_in_the_queue(tmp_path: Path):
    data = tmp_path / "data"
    stocked(data)
    process = start(data, "--queue")
    deadline = time.monotonic() + 60
    while not asked(data):
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert told.startswith("quarterdeck: stopped: 0 of 50 sets are kept")
    assert set(asked(data)) == {"missed"}


def asked(data: Path) -> list[str]:
    """The states of the runs in the journal, none before there are tables."""
    file = data / "quarterdeck.sqlite3"
    if not file.exists():
        return []
    with sqlite3.connect(file) as opened:
        there = opened.execute("SELECT 1 FROM sqlite_master WHERE name = 'runs'").fetchone()
        return [state for (state,) in opened.execute("SELECT state FROM runs")] if there else []


def test_the_shipped_strategies_take_a_search_by_their_first_parameter(settings: Settings):
    for name in STRATEGIES:
        with pytest.raises(BadCommand, match="say which parameters to try"):
            prepared(settings, Search(name, ()))
