"""`quarterdeck replay`, without the command line around it."""

from pathlib import Path

import pytest

import backtest
from settings import Settings, load
from trading.errors import BadCommand

SAMPLE = "the sample is 2021-02-19 to 2026-02-18"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load(mode="demo", data=tmp_path_factory.mktemp("backtest"))


def report(settings: Settings, start: str, end: str, picture: Path | None = None) -> str:
    return backtest.report(settings, "mean_reversion", start, end, picture)


@pytest.mark.parametrize(
    ("start", "end"),
    [("2024-01-06", "2024-01-07"), ("2024-06-28", "2024-06-03"), ("1999-01-01", "1999-12-31")],
)
def test_a_span_without_sessions_says_what_the_sample_is(settings: Settings, start: str, end: str):
    with pytest.raises(BadCommand) as refused:
        report(settings, start, end)
    assert str(refused.value) == f"no session lies between {start} and {end}; {SAMPLE}"


def test_the_figures_are_printed_and_drawn(settings: Settings, tmp_path: Path):
    picture = tmp_path / "pnl.png"
    text = report(settings, "2024-01-02", "2024-01-31", picture)
    assert text.startswith("mean_reversion, 2024-01-02 to 2024-01-31\n")
    for row in ("Sessions", "Trades closed", "Net P&L", "Fees paid", "Worst drawdown"):
        assert f"\n{row}" in text
    assert "survivorship" in text
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_one_line(settings: Settings, tmp_path: Path):
    picture = tmp_path / "nowhere" / "pnl.png"
    with pytest.raises(BadCommand, match="the picture cannot be written to .*nowhere/pnl.png: "):
        report(settings, "2024-01-02", "2024-01-03", picture)
