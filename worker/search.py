"""One set of a search on this machine's bars: the heavy lane's part of a search over several."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from desk.desk import Desk
from market.resample import resampled
from market.store import BarStore
from research.course import Board
from research.pool import Bench, Unit, work
from research.study import Study, digest_of_bars, source_of, until
from research.trials import key_of
from strategies.params import parameters, value_of
from strategies.registry import find
from trading.bars import Strategy
from trading.errors import DataError
from trading.facts import Run, Trial


@dataclass(slots=True)
class Benches:
    """What the latest study is evaluated with; the next set of it need not read the bars again."""

    study: str = ""
    bench: Bench | None = None
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def open(
        self, study: Study, store: BarStore, strategies: Mapping[str, Strategy]
    ) -> Bench:
        """DataError, in one line, where this machine's code or bars are not the study's."""
        async with self.lock:
            if self.bench is None or self.study != study.digest:
                self.bench = await asyncio.to_thread(_open, study, store, strategies)
                self.study = study.digest
            return self.bench


def _open(study: Study, store: BarStore, strategies: Mapping[str, Strategy]) -> Bench:
    name = study.strategy
    strategy = strategies[name] if name in strategies else find(name)
    if source_of(strategy) != study.source:
        raise DataError(f"this worker's code of {name} is not that of the search; update it")
    panel = store.read()
    if study.symbols:
        panel = panel.only(study.symbols)
    panel = resampled(until(panel, study.last), study.timeframe)
    found = digest_of_bars(panel)
    if found != study.data:
        raise DataError(
            f"this worker's bars ({found}) are not those of the search ({study.data}); "
            f"put the same bars into {store.folder}"
        )
    return Bench(strategy, Board.of(panel, study.timeframe), study.terms)


async def search(desk: Desk, benches: Benches, store: BarStore,
                 strategies: Mapping[str, Strategy], claimed: Run) -> str:  # fmt: skip
    """Evaluate one set and record each of its folds; what is recorded already stays as it is."""
    study = Study.from_json(claimed.args["study"])
    bench = await benches.open(study, store, strategies)
    params = _typed(bench.strategy, claimed.args["params"])
    wanted = set(claimed.args["folds"])
    unit = Unit(params, tuple(fold for fold in study.folds if fold.number in wanted))
    texts = await asyncio.to_thread(work, bench, unit)
    # as it was asked for: a default of 2 where 2.0 is meant is still that set
    key, now = key_of(claimed.args["params"]), desk.wall.now()
    await desk.journal.append(
        [Trial(study.digest, key, fold, text, now) for fold, text in texts.items()]
    )
    return f"{study.strategy}: {len(texts)} folds evaluated"


def _typed(strategy: Strategy, params: Mapping[str, Any]) -> dict[str, Any]:
    types = parameters(strategy)
    try:
        return {name: value_of(types[name], value) for name, value in params.items()}
    except (KeyError, ValueError) as error:
        raise DataError(f"{strategy.name} does not take these parameters: {error}") from error
