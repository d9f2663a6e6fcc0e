"""Parameter search: what `quarterdeck search` does. The rules of it are in `research/`."""

import asyncio
import os
import shutil
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

import backtest
import charging
from charts import HeatSpec, draw
from charts.specs.heat import MOST
from db.journal import open_journal
from folder import prepare
from market.kept import KeptPanel
from market.panel import Panel
from market.resample import resampled
from replay.lookahead import look_ahead
from research import report
from research.course import A_YEAR, Board, Terms
from research.grid import LIMIT, Grid, said, words
from research.outcome import RANKS, Figures
from research.pool import Bench, Texts, Unit, run
from research.progress import Progress
from research.queue import Queue
from research.ranking import Verdict, influence, judge
from research.study import Study, digest_of_bars, source_of, until
from research.trials import Results, TrialFile, key_of, open_trials
from research.windows import Span, walk_forward
from settings import Settings
from strategies.params import parameters
from trading.bars import Strategy
from trading.clocks import SystemClock
from trading.errors import BadCommand, DataError, DeskError
from wiring import strategy_files

METRICS = {"sharpe": "Sharpe ratio", "net": "net return", "calmar": "net over drawdown"}


@dataclass(frozen=True, slots=True)
class Search:
    """What was asked for, as text where it came as text."""

    strategy: str
    over: Sequence[str]
    start: str = ""
    end: str = ""
    symbols: Sequence[str] = ()
    folds: int = 5
    train: str = "2y"
    test: str = "6m"
    anchored: bool = False
    rank: str = "sharpe"
    workers: int = 0  # 0 is one a core
    limit: int = LIMIT
    queue: bool = False  # to the workers of the house instead of processes of our own
    fresh: bool = False
    verify: bool = True
    axes: Sequence[str] = ()
    picture: Path | None = None
    out: Path | None = None


@dataclass(frozen=True, slots=True)
class Prepared:
    """A search that can be carried out: read, checked, and its question named."""

    settings: Settings
    base: Strategy
    grid: Grid
    history: backtest.History
    panel: Panel  # in the strategy's timeframe, without what comes after the last day
    study: Study

    @property
    def folder(self) -> Path:
        return self.settings.data.absolute() / "research" / self.study.digest

    def params(self) -> dict[str, Any]:
        """All the strategy's own values."""
        return {name: getattr(self.base, name) for name in parameters(self.base)}


@dataclass(frozen=True, slots=True)
class OpenBench:
    """Opens what one worker evaluates with; picklable."""

    settings: Settings
    strategy: str
    study: Study
    bars: Path

    def __call__(self) -> Bench:
        _, base = backtest.chosen(self.settings, self.strategy, {}, strategy_files(self.settings))
        panel = KeptPanel(self.bars).load(self.study.data)
        if panel is None:
            raise DataError(f"the bars of the search cannot be read from {self.bars}")
        return Bench(base, Board.of(panel, base.timeframe), self.study.terms)


def search(settings: Settings, wanted: Search, tell: Callable[[str], None] = print) -> None:
    """Try every combination and say what came of it. BadCommand before a bar is read for what
    cannot be; DeskError when it was stopped, with everything finished kept."""
    ready = prepared(settings, wanted)
    tell(report.opening(ready.study, ready.grid, len(ready.panel)))
    with open_trials(ready.folder, ready.study, fresh=wanted.fresh) as trials:
        evaluated(ready, trials, wanted)
        results = trials.read()
    verdict = judge(
        results, ready.grid.combinations(), ready.params(), ready.study.folds, wanted.rank
    )
    tell("")
    tell(written(ready, verdict, wanted))
    if wanted.out is not None:
        _write(wanted.out, report.as_csv(ready.study, ready.grid, verdict, wanted.rank).encode())
    if wanted.picture is not None:
        spec = heat(ready, verdict, wanted.rank, wanted.axes)
        _write(wanted.picture, draw("heat", spec.to_json()))


def prepared(settings: Settings, wanted: Search) -> Prepared:
    """Raises BadCommand, ConfigError or DataError in one line."""
    if wanted.rank not in RANKS:
        raise BadCommand(f"{wanted.rank[:20]!r} ranks nothing; there are {', '.join(RANKS)}")
    if wanted.workers < 0:
        raise BadCommand("--workers is how many processes work; say 1 or more")
    train, test = Span.read(wanted.train), Span.read(wanted.test)
    start, end = backtest.day_of(wanted.start), backtest.day_of(wanted.end)
    if start and end and start > end:
        raise BadCommand(f"the first day {start} is after the last day {end}")
    found = strategy_files(settings)
    settings, base = backtest.chosen(settings, wanted.strategy, {}, found)
    grid = Grid.read(base, wanted.over, wanted.limit)
    _check_axes(grid, wanted)
    history = backtest.open_history(settings, wanted.symbols)
    newest = _last_day(history.panel, end)
    panel = resampled(until(history.panel, newest), base.timeframe)
    warmup = max(grid.strategy(params).warmup for params in grid.combinations())
    first, last = _known(panel, warmup, start, newest)
    folds = walk_forward(
        first, last, folds=wanted.folds, train=train, test=test, anchored=wanted.anchored
    )
    study = Study(
        strategy=base.name,
        timeframe=base.timeframe,
        source=source_of(base),
        data=digest_of_bars(panel),
        symbols=history.panel.symbols if wanted.symbols else (),
        first=first,
        last=last,
        folds=tuple(folds),
        terms=_terms(settings, base.name, history, first),
    )
    prepare(settings)
    return Prepared(settings, base, grid, history, panel, study)


def evaluated(ready: Prepared, trials: TrialFile, wanted: Search) -> None:
    """Do what is not done. Every finished set is on disk before the next is counted."""
    done, base = trials.done(), ready.params()
    units = []
    sets = ready.grid.combinations()
    for params in sets:
        key = key_of({**base, **params})
        folds = tuple(f for f in ready.study.folds if (key, f.number) not in done)
        if folds:
            units.append(Unit(params, folds))
    if not units:
        return
    left = {key_of({**base, **unit.params}): {f.number for f in unit.folds} for unit in units}

    def keep(key: str, outcomes: Texts) -> None:
        """Of this search or, from the queue, of another that asked the same question."""
        trials.add(key, outcomes)
        if key in left:
            left[key] -= outcomes.keys()
            if not left[key]:
                del left[key]
                progress.tick()

    try:
        with Progress(len(sets), len(sets) - len(units)) as progress:
            if wanted.queue:
                asyncio.run(_queued(ready, units, keep))
            else:
                _here(ready, units, wanted.workers, keep)
    except KeyboardInterrupt:
        raise DeskError(
            f"stopped: {len(sets) - len(left):,} of {len(sets):,} sets are kept, and the same "
            "command goes on from there"
        ) from None


Keep = Callable[[str, Texts], None]


def _here(ready: Prepared, units: Sequence[Unit], workers: int, keep: Keep) -> None:
    base, bars = ready.params(), ready.folder / "bars"
    KeptPanel(bars).save(ready.study.data, ready.panel)
    opens = OpenBench(ready.settings, ready.base.name, ready.study, bars)
    count = min(workers or len(os.sched_getaffinity(0)), len(units))
    try:
        for unit, outcomes in run(units, opens, count):
            keep(key_of({**base, **unit.params}), outcomes)
    finally:
        shutil.rmtree(bars, ignore_errors=True)


async def _queued(ready: Prepared, units: Sequence[Unit], keep: Keep) -> None:
    """By the workers of every house on this database."""
    async with open_journal(ready.settings.database_url) as journal:
        queue = Queue(journal, SystemClock(), ready.study, ready.params(), asyncio.sleep)
        async with aclosing(queue.run(units)) as found:
            async for trials in found:
                for trial in trials:
                    keep(trial.params, {trial.fold: trial.outcome})


def written(ready: Prepared, verdict: Verdict, wanted: Search) -> str:
    study, by = ready.study, wanted.rank
    parts = [
        report.text(study, ready.grid, verdict, by, _held(ready)),
        report.engines(study.terms, ready.settings.currency),
    ]
    if wanted.verify:
        parts.append(_verified(ready, verdict))
    if ready.history.sample:
        parts.append(report.paragraph(report.SURVIVORS))
    return "\n\n".join(parts)


def _verified(ready: Prepared, verdict: Verdict) -> str:
    """The first of the ranking through the desk's own replay, and asked with the future hidden."""
    best, study = verdict.ranked[0], ready.study
    opens = study.folds[0].test.first
    made = backtest.run(
        ready.settings,
        study.strategy,
        opens,
        study.last,
        history=ready.history,
        params=best.params,
    )
    seen = look_ahead(
        ready.grid.strategy(best.params), ready.history.panel, ready.history.calendar, opens,
        study.last,
    )  # fmt: skip
    warning = "" if seen.clean else "DO NOT USE IT: it looks ahead. "
    ratio = "none" if made.sharpe is None else report.ratio(made.sharpe)
    return report.paragraph(
        f"REPLAYED, the first set ({words(best.params)}), by the desk's replay with its sizes, "
        f"ranks, limits, ticks and fees over the same test days: Sharpe {ratio} a year, net "
        f"{report.percent(made.share)}, worst drawdown {report.percent(made.drawdown.share)}, "
        f"{len(made.trades):,} trades closed. {warning}{seen.text()}"
    )


def heat(ready: Prepared, verdict: Verdict, by: str, axes: Sequence[str] = ()) -> HeatSpec:
    """Out-of-sample results over two parameters, the given ones or the two that matter most; each
    cell is the mean over the others."""
    known = {axis.name: axis for axis in ready.grid.axes}
    chosen = list(axes) or influence(verdict.ranked, list(known), by)[:2]
    if not axes:
        chosen.sort(key=list(known).index)
    columns = known[chosen[0]].values
    rows = known[chosen[1]].values if len(chosen) > 1 else (None,)
    cells: dict[tuple[Any, Any], list[float]] = {}
    year = 1.0 if by != "sharpe" else np.sqrt(A_YEAR[ready.study.timeframe])
    for one in verdict.ranked:
        place = (one.params[chosen[1]] if len(chosen) > 1 else None, one.params[chosen[0]])
        cells.setdefault(place, []).append(float(one.test.rank(by) * year))
    factor = 100.0 if by == "net" else 1.0
    best = verdict.ranked[0].params
    others = len(known) - len(chosen)
    span = f"{ready.study.folds[0].test.first:%b %Y} to {ready.study.last:%b %Y}"
    mean = f", mean over {others} other{'s' if others > 1 else ''}" if others else ""
    return HeatSpec(
        title=ready.study.strategy,
        subtitle=f"out of sample, {span}",
        column_name=chosen[0],
        columns=tuple(said(value) for value in columns),
        row_name=chosen[1] if len(chosen) > 1 else "",
        rows=tuple(said(value) for value in rows) if len(chosen) > 1 else (),
        cells=tuple(
            tuple(float(np.mean(cells[row, column])) * factor for column in columns) for row in rows
        ),
        metric=f"{METRICS[by]}{mean}",
        decimals=1 if by == "net" else 2,
        unit=" %" if by == "net" else "",
        best=(
            rows.index(best[chosen[1]]) if len(chosen) > 1 else 0,
            columns.index(best[chosen[0]]),
        ),
        best_name=f"best of {len(verdict.ranked):,}",
        theme=ready.settings.theme,
    )


def _check_axes(grid: Grid, wanted: Search) -> None:
    names = [axis.name for axis in grid.axes]
    for name in wanted.axes:
        if name not in names:
            raise BadCommand(f"{name[:40]!r} is not tried; the axes can be {', '.join(names)}")
    if len(wanted.axes) > 2 or len(set(wanted.axes)) < len(wanted.axes):
        raise BadCommand("a picture has two axes; name one parameter or two different ones")
    for axis in grid.axes:
        drawn = wanted.picture is not None and (not wanted.axes or axis.name in wanted.axes)
        if drawn and len(axis.values) > MOST:
            raise BadCommand(
                f"{axis.name} has {len(axis.values)} values, a picture holds {MOST}: take larger "
                "steps, or leave out --picture"
            )


def _known(panel: Panel, warmup: int, start: date | None, last: date) -> tuple[date, date]:
    """The first day whose rules are known for every set, and the last day."""
    days = np.unique(panel.ts.astype("datetime64[D]"))
    if len(days) <= warmup:
        raise BadCommand(
            f"the rules need {warmup} bars before their first answer, and there are {len(days)}"
        )
    known: date = days[warmup].item()
    return max(known, start or known), last


def _last_day(panel: Panel, end: date | None) -> date:
    days = panel.ts.astype("datetime64[D]")
    newest: date = days.max().item()
    return min(end or newest, newest)


def _terms(settings: Settings, strategy: str, history: backtest.History, day: date) -> Terms:
    plan, costs = settings.strategies[strategy], settings.costs
    traded = [history.instruments.find(symbol) for symbol in history.panel.symbols]
    stake = settings.capital * plan.position
    charges = charging.course(settings, [one for one in traded if one is not None], stake, day)
    return Terms(
        position=float(plan.position),
        allocation=float(plan.allocation),
        stake=float(stake),
        slippage=float(costs.slippage_bps) / 1e4,
        fee_per_unit=float(costs.per_unit),
        fee_minimum=float(costs.minimum),
        fee_maximum=float(costs.maximum_share),
        curve=charges.curve,
        charged=charges.words,
    )


def _held(ready: Prepared) -> Figures:
    """The same instruments in equal parts over the test days; `trades` counts them."""
    board = Board.of(ready.panel, ready.study.timeframe)
    folds = ready.study.folds
    spans = [np.arange(*board.span(fold.test)) for fold in folds]
    days = np.concatenate(spans)
    known = ~np.isnan(board.change)
    sums = np.bincount(board.day[known], board.change[known], len(board.days))
    counts = np.bincount(board.day[known], minlength=len(board.days))
    return Figures.of((sums / np.maximum(counts, 1))[days], len(ready.panel), 0)


def _write(file: Path, content: bytes) -> None:
    try:
        file.write_bytes(content)
    except OSError as error:
        raise BadCommand(f"{file} cannot be written: {error.strerror}") from error


__all__ = ["OpenBench", "Prepared", "Results", "Search", "evaluated", "heat", "prepared", "search"]
