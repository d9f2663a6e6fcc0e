"""`quarterdeck replay`: what it prints and writes, the same twice, and one line for bad input."""

import csv
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import backtest
from backtest import History
from charges.settings import ChargeSettings
from folder import bars_folder, prepare
from market.sample import sample_bars
from market.store import BarStore
from replay import printed
from replay.result import Result
from settings import Settings, StrategySettings
from trading.errors import BadCommand, ConfigError, QuarterdeckError
from trading.money import MICRO

ROOT = Path(__file__).parents[2]
SAMPLE = "the sample is 2021-02-19 to 2026-02-18"
NAME = "mean_reversion"
SOME = "AAPL,AMD,BA,CAT,DIS,F,GE,INTC,JPM,KO,MSFT,NKE,ORCL,PFE,T,XOM"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(data=tmp_path_factory.mktemp("backtest") / "never-made")


@pytest.fixture(scope="module")
def history(settings: Settings) -> History:
    return backtest.open_history(settings, SOME.split(","))


@pytest.fixture(scope="module")
def result(settings: Settings, history: History) -> Result:
    return backtest.run(settings, NAME, date(2022, 1, 3), date(2024, 6, 28), history=history)


def report(settings: Settings, start: str, end: str, **more: object) -> str:
    return backtest.report(settings, NAME, start, end, symbols=SOME, **more)


@pytest.mark.parametrize(
    ("start", "end"), [("2024-01-06", "2024-01-07"), ("1999-01-01", "1999-12-31")]
)
def test_a_span_without_sessions_says_what_the_sample_is(settings: Settings, start: str, end: str):
    with pytest.raises(BadCommand) as refused:
        report(settings, start, end)
    assert str(refused.value) == f"no session lies between {start} and {end}; {SAMPLE}"


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ({"strategy": "mean_revesion"}, "no strategy is called 'mean_revesion'; did you mean 'm"),
        ({"strategy": "zzz"}, "no strategy is called 'zzz'; there are: mean_reversion, "),
        ({"symbols": "AAPL,MSTF"}, "no bars of 'MSTF'; did you mean 'MSFT'?"),
        ({"start": "2024-06-28", "end": "2024-06-03"}, "the first day 2024-06-28 is after the la"),
        ({"start": "spring"}, "'spring' is no date; write it like 2024-03-28"),
        ({"params": {"days": "3"}}, "unknown setting 'strategies.mean_reversion.params.days'; kn"),
        ({"params": {"rsi": "many"}}, "setting 'strategies.mean_reversion.params.rsi' = 'many': "),
        ({"picture": Path("nowhere/pnl.png")}, "the picture cannot be written to nowhere/pnl.png"),
        ({"trades": Path("nowhere/t.csv")}, "the trades cannot be written to nowhere/t.csv: no s"),
    ],
)
def test_what_cannot_be_replayed_is_one_line(
    settings: Settings, what: dict[str, object], said: str
):
    asked = {"strategy": NAME, "start": "2024-01-02", "end": "2024-01-05", **what}
    with pytest.raises(QuarterdeckError) as refused:
        backtest.report(settings, **asked)  # type: ignore[arg-type]
    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("capital", "costs", "said"),
    [
        ("0", {}, "setting 'capital' = '0': input should be greater than 0"),
        ("-5", {}, "setting 'capital' = '-5': input should be greater than 0"),
        (
            "1e400",
            {},
            "setting 'capital' = '1e400': input should be less than or equal to",
        ),
        ("", {"slip": "5"}, "'slip' is no cost; there are: slippage, per_unit, minimum, maximum"),
        ("", {"slippage": "-1"}, "setting 'slippage_bps' = '-1': input should be greater than"),
        ("", {"minimum": "nan"}, "setting 'minimum' = 'nan': input should be a finite number"),
    ],
)
def test_money_and_costs_that_make_no_sense_are_one_line(
    settings: Settings, capital: str, costs: dict[str, str], said: str
):
    with pytest.raises(QuarterdeckError) as refused:
        backtest.with_costs(settings, capital, costs)
    assert str(refused.value).startswith(said)


def test_a_word_that_is_no_pair_is_refused():
    assert backtest.pairs(["slippage=5", "minimum=1"], "cost") == {"slippage": "5", "minimum": "1"}
    for word in ("slippage", "=5", "slippage="):
        with pytest.raises(BadCommand, match="write it as name=value"):
            backtest.pairs([word], "cost")


def test_a_value_given_twice_is_refused_not_half_taken():
    with pytest.raises(BadCommand, match="'minimum' is given twice"):
        backtest.pairs(["minimum=1", "minimum=2"], "cost")


@pytest.mark.parametrize("value", ["nan", "inf", "1e309"])
def test_a_parameter_is_a_finite_number(settings: Settings, value: str):
    with pytest.raises(ConfigError, match=r"rsi_enter' = '.*': input should be a finite number"):
        report(settings, "2023-01-03", "2023-01-31", params={"rsi_enter": value})


def test_the_figures_are_printed_and_the_files_written(settings: Settings, tmp_path: Path):
    picture, trades = tmp_path / "p.png", tmp_path / "t.csv"
    given = backtest.with_costs(settings, "50000", {"slippage": "5", "minimum": "2"})
    text = report(given, "2023-01-03", "2024-01-31", picture=picture, trades=trades)
    head = text.splitlines()
    assert head[0] == "mean_reversion, 2023-01-03 to 2024-01-31"
    assert "16 instruments of the shipped sample, 271 sessions, capital 50,000.00 USD" in head[1]
    assert "slippage 5 bp; 0.005 USD a unit, at least 2, at most 1 % of an order" in head[2]
    rows = (
        "Net P&L", "  of capital", "CAGR", "Max drawdown", "Sharpe", "Trades closed", "Win rate",
        "Profit factor", "Average trade", "Open at the end", "Exposure", "Turnover a year",
        "Fees paid", "Slippage paid",
    )  # fmt: skip
    for row in rows:
        assert f"\n{row}" in text
    assert "buy and hold" in text
    assert "survivorship" in text
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert trades.read_text().startswith("id,symbol,side,quantity,signal_time,entry_time,")


def test_a_commission_said_for_one_replay_stands_in_the_schedules_place(settings: Settings):
    charged = settings.model_copy(update={"charges": ChargeSettings(use="us_ib_fixed")})
    assert backtest.costs_text(charged) == "slippage 2 bp; charges as us_ib_fixed"
    slipped = backtest.with_costs(charged, "", {"slippage": "5"})
    assert backtest.costs_text(slipped) == "slippage 5 bp; charges as us_ib_fixed"
    said = backtest.with_costs(charged, "", {"minimum": "2"})
    assert "at least 2, at most 1 %" in backtest.costs_text(said)


def test_parameters_are_set_and_named_in_the_heading(settings: Settings):
    plain = report(settings, "2023-01-03", "2024-01-31")
    text = report(settings, "2023-01-03", "2024-01-31", params={"rsi_enter": "25"})
    assert text.startswith("mean_reversion (rsi_enter=25), ")
    assert text.splitlines()[5:] != plain.splitlines()[5:]


def test_nothing_is_written_to_a_data_folder_that_is_not_there(settings: Settings, result: Result):
    assert result.sample
    assert not settings.data.exists()


def test_imported_bars_are_replayed_instead_of_the_sample(tmp_path: Path):
    settings = Settings(data=tmp_path)
    prepare(settings)
    bars = sample_bars()
    store = BarStore(bars_folder(settings))
    store.write(bars.filter(bars["symbol"].is_in(["KO", "PEP"]) & (bars["ts"].dt.year() == 2023)))
    before = store.months()
    history = backtest.open_history(settings)
    assert history.panel.symbols == ("KO", "PEP")
    assert history.span == (date(2023, 1, 3), date(2023, 12, 29))
    assert store.months() == before


def test_bars_of_a_desk_that_never_closes_are_replayed_over_its_own_days(tmp_path: Path):
    settings = Settings(data=tmp_path, calendar="24/7")
    prepare(settings)
    bars = sample_bars()
    days = bars.filter(bars["symbol"] == "KO").sort("ts").head(30)
    first = date(2024, 1, 5)  # a Friday
    shifted = [datetime(2024, 1, 5, tzinfo=UTC) + timedelta(days=n) for n in range(30)]
    BarStore(bars_folder(settings)).write(
        days.with_columns(ts=pl.Series(shifted), symbol=pl.lit("COIN"))
    )
    history = backtest.open_history(settings)
    assert [s.day for s in history.sessions(first, date(2024, 1, 8))] == [
        first + timedelta(days=n) for n in range(4)
    ]


def test_a_settings_strategy_keeps_its_plan(settings: Settings, history: History):
    plan = StrategySettings(max_positions=1, allocation=Decimal("0.05"))
    narrow = settings.model_copy(update={"strategies": {NAME: plan}})
    found = backtest.run(narrow, NAME, date(2023, 1, 3), date(2024, 6, 28), history=history)
    ends: list[object] = []
    for trade in found.trades:
        assert not ends or trade.opened_at >= ends[-1]
        ends.append(trade.closed_at)
    with pytest.raises(ConfigError):
        backtest.run(narrow, NAME, history=history, params={"nonsense": 1})


def test_the_money_adds_up(result: Result):
    assert len(result.trades) > 20
    closed = sum(trade.net for trade in result.trades)
    open_fees = result.fees - sum(trade.fees for trade in result.trades)
    assert abs(closed + result.unrealised - open_fees - result.profit) < Decimal("0.01")
    assert float(result.profit) == pytest.approx(result.equity[-1] - 100_000)
    assert len(result.days) == len(result.net) == len(result.hold)


def test_slippage_is_the_price_paid_less_the_open(settings: Settings, history: History):
    span = (date(2023, 1, 3), date(2024, 1, 31))
    free = backtest.with_costs(settings, "", {"slippage": "0"})
    rounded = backtest.run(free, NAME, *span, history=history)
    assert 0 <= rounded.slippage / rounded.traded < Decimal("0.0002")  # half a cent a unit
    dear = backtest.with_costs(settings, "", {"slippage": "50"})
    result = backtest.run(dear, NAME, *span, history=history)
    assert float(result.slippage / result.traded) == pytest.approx(0.005, rel=0.02)


def test_exposure_counts_what_passes_within_a_session(settings: Settings, history: History):
    found = backtest.run(settings, "intraday_gap_up", date(2024, 1, 2), history=history)
    held = {trade.opened_at.date() for trade in found.trades}
    days = [day for day, value in zip(found.days, found.exposure, strict=True) if value]
    assert set(days) == held
    assert 0 < found.exposed < 1
    assert found.turnover > 1


def test_the_trades_as_csv_say_what_the_result_says(result: Result):
    rows = list(csv.DictReader(StringIO(printed.trades_csv(result))))
    assert len(rows) == len(result.trades)
    for row, trade in zip(rows, result.trades, strict=True):
        assert Decimal(row["net"]) == trade.net
        bought, sold = Decimal(row["entry_price"]), Decimal(row["exit_price"])
        gross = (sold - bought) * Decimal(row["quantity"])
        assert gross - Decimal(row["fees"]) == trade.net
        assert row["signal_time"] < row["entry_time"] < row["exit_time"]
        assert "RSI" in row["reason"]
        assert int(row["bars_held"]) >= 1


def test_what_is_shown_in_a_chat_fits_it(result: Result):
    shown = printed.for_phone(result, "dark")
    for part in ("against", "own"):
        assert max(map(len, shown[part].splitlines())) <= 34
    words = "".join(shown[part] for part in ("over", "against", "own", "notes"))
    assert len(words.encode("utf-16-le")) // 2 < 1000
    assert shown["spec"]["capital"] == 100_000


def test_a_close_decides_and_the_next_open_fills(result: Result, history: History):
    for trade in result.trades:
        bars = history.panel[trade.symbol]
        row = int(np.searchsorted(bars.ts, np.datetime64(trade.opened_at.date(), "us")))
        assert trade.signalled_at.date() == bars.ts[row - 1].astype("datetime64[D]").item()
        assert 0 <= float(trade.entry) - bars.open[row] <= bars.open[row] * 0.0002 + 0.01


PROGRAM = """
import sys
from pathlib import Path
import backtest
from settings import Settings
folder, strategy = Path(sys.argv[1]), sys.argv[2]
settings = Settings(data=folder / "none")
print(backtest.report(settings, strategy, "2024-01-02", "2024-12-31", symbols=sys.argv[3],
      picture=folder / "p.png", trades=folder / "t.csv"))
"""


@pytest.mark.parametrize("strategy", ["mean_reversion", "weekly_trend"])
def test_two_processes_give_the_same_bytes(tmp_path: Path, strategy: str):
    made = []
    for seed in ("1", "77"):
        folder = tmp_path / seed
        folder.mkdir()
        env = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(folder), strategy, SOME],
            env=env, check=True, capture_output=True, cwd=tmp_path,
        )  # fmt: skip
        files = [(folder / name).read_bytes() for name in ("p.png", "t.csv")]
        made.append([done.stdout, *files])
    assert made[0] == made[1]
    assert all(made[0])


def test_a_result_runs_again_the_same_on_a_history_already_open(
    settings: Settings, history: History, result: Result
):
    again = backtest.run(settings, NAME, date(2022, 1, 3), date(2024, 6, 28), history=history)
    assert again.trades == result.trades
    assert (again.net == result.net).all()
    assert int(again.net[-1]) / MICRO == float(again.profit)


def test_the_list_of_strategies_has_its_columns_to_the_left(settings: Settings):
    lines = backtest.strategy_table(settings).splitlines()
    assert len({line.index(", decides") for line in lines}) == 1
