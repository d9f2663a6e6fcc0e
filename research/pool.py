"""Worker processes that evaluate sets of parameters, each on bars it maps for itself."""

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any

from research.course import Board, Terms
from research.grid import Params, with_values, words
from research.outcome import evaluate
from research.windows import Fold
from trading.bars import Strategy
from trading.errors import DataError, QuarterdeckError

GRACE = 5.0  # seconds a worker has to end by itself


@dataclass(frozen=True, slots=True, eq=False)
class Bench:
    """What a worker evaluates with."""

    strategy: Strategy
    board: Board
    terms: Terms


@dataclass(frozen=True, slots=True)
class Unit:
    """One set of parameters and the folds of it that are still to do."""

    params: Params
    folds: tuple[Fold, ...]


Open = Callable[[], Bench]  # picklable: called in each worker
Texts = Mapping[int, str]  # outcomes by fold, as `Outcome.to_text` writes them


def work(bench: Bench, unit: Unit) -> dict[int, str]:
    """One unit, in this process. QuarterdeckError in one line where the rules raise."""
    strategy = with_values(bench.strategy, unit.params)
    try:
        made = evaluate(strategy, bench.board, bench.terms, unit.folds)
    except QuarterdeckError:
        raise
    except Exception as error:  # a user's rules may raise anything
        said = " ".join(str(error).split())[:160]
        raise DataError(
            f"{strategy.name} with {words(unit.params)} raised {type(error).__name__}: {said}"
        ) from error
    return {number: outcome.to_text() for number, outcome in made.items()}


def run(units: Sequence[Unit], opens: Open, workers: int) -> Iterator[tuple[Unit, Texts]]:
    """Units as they finish, in no order. Whatever ends the iteration ends the workers; a worker
    whose parent died ends by itself, since its pipe does.

    DataError for a unit that cannot be evaluated, or for a worker that died twice on the same.
    """
    waiting = list(reversed(units))
    busy: dict[Connection, tuple[BaseProcess, Unit]] = {}
    retried: list[Unit] = []
    try:
        while waiting or busy:
            while waiting and len(busy) < workers:
                _start(busy, opens, waiting.pop())
            for connection in wait(list(busy)):
                assert isinstance(connection, Connection)
                process, unit = busy.pop(connection)
                try:
                    texts, wrong = connection.recv()
                except (EOFError, OSError):
                    _end(connection, process)
                    if unit in retried:
                        raise DataError(
                            f"a worker died twice with {words(unit.params)} "
                            f"(exit {process.exitcode}); too little memory? take fewer --workers"
                        ) from None
                    retried.append(unit)
                    waiting.append(unit)
                    continue
                if wrong or not waiting:
                    _end(connection, process)
                else:
                    follower = waiting.pop()
                    connection.send(follower)
                    busy[connection] = process, follower
                if wrong:
                    raise DataError(wrong)
                yield unit, texts
    finally:
        for connection, (process, _) in busy.items():
            process.terminate()
            _end(connection, process)


def _start(busy: dict[Connection, tuple[BaseProcess, Unit]], opens: Open, unit: Unit) -> None:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, opens), daemon=True)
    resource_tracker.ensure_running()  # the start of it would let Ctrl-C through again
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        process.start()  # with Ctrl-C blocked for as long as it lives: that is the parent's
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    ours.send(unit)
    busy[ours] = process, unit


def _end(connection: Connection, process: BaseProcess) -> None:
    connection.close()
    process.join(GRACE)
    if process.is_alive():
        process.kill()
        process.join()


def _serve(connection: Connection, opens: Open) -> None:
    """Evaluate what comes down the pipe until it closes."""
    bench: Bench | None = None
    with suppress(EOFError, OSError):
        while True:
            unit: Unit = connection.recv()
            answer: tuple[Any, str]
            try:
                bench = bench or opens()
                answer = work(bench, unit), ""
            except QuarterdeckError as error:
                answer = None, str(error)
            except Exception as error:  # noqa: BLE001  it is told by the parent, in one line
                answer = None, f"an error of ours in a worker ({type(error).__name__}: {error})"
            connection.send(answer)
