"""Strategy files somebody dropped into a folder: found, tried against the laws, or refused."""

import importlib.util
import sys
import traceback
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from strategies.form import misfit
from strategies.laws import first_violation
from strategies.trial import KINDS, walk
from trading.bars import Strategy
from trading.errors import ConfigError

MODULES = "quarterdeck_strategy_"  # their names among Python's modules, apart from ours
_SPARE = 260  # bars of a trial beyond the warm-up: about a year in which it may act


@dataclass(frozen=True, slots=True)
class Found:
    """What a folder holds: lawful strategies by name, and each refused file's reason."""

    strategies: dict[str, Strategy] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)  # the file each strategy came from
    refused: dict[str, str] = field(default_factory=dict)  # one clear line a file name


def load_folder(folder: Path, known: Mapping[str, Strategy]) -> Found:
    """Every `*.py` of `folder` that does not start with "_", in the order of names.

    A file defines one class or more with a `rules` method, made without arguments. One bad file
    is refused and the others load: a half-written file must not stop a desk that holds positions.
    Its code runs with our rights: put nothing there you have not read. ConfigError where the
    folder is none.
    """
    if not folder.is_dir():
        raise ConfigError(f"strategy_folder {folder} is no folder; make it or correct the setting")
    found = Found()
    for file in sorted(folder.glob("*.py")):
        if file.name.startswith("_"):
            continue
        try:
            strategies = _strategies_of(file)
            _check_names(strategies, known, found)
            for strategy in strategies:
                _try(strategy, file)
        except ConfigError as refusal:
            found.refused[file.name] = f"{file.name}: {refusal}"
            continue
        for strategy in strategies:
            found.strategies[strategy.name] = strategy
            found.files[strategy.name] = file.name
    return found


def _strategies_of(file: Path) -> list[Strategy]:
    module = _imported(file)
    classes = [
        thing
        for thing in vars(module).values()
        if isinstance(thing, type)
        and thing.__module__ == module.__name__
        and callable(getattr(thing, "rules", None))
    ]
    if not classes:
        raise ConfigError(
            "it defines no strategy, a class with rules(bars); see docs/strategies.md"
        )
    strategies = []
    for kind in classes:
        try:
            strategy: Any = kind()
            wrong = misfit(strategy)
        except Exception as error:
            raise ConfigError(f"{kind.__name__}() {_raised(error, file)}") from error
        if wrong:
            raise ConfigError(f"{kind.__name__}: {wrong}")
        strategies.append(strategy)
    return strategies


def _imported(file: Path) -> ModuleType:
    name = MODULES + file.stem
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        del sys.modules[name]
        raise ConfigError(f"line {error.lineno}: {error.msg}") from error
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        raise ConfigError(f"importing it {_raised(error, file)}") from error
    return module


def _check_names(
    strategies: Iterable[Strategy], known: Mapping[str, Strategy], found: Found
) -> None:
    here: set[str] = set()
    for strategy in strategies:
        name = strategy.name
        if name in known:
            raise ConfigError(f"a strategy of ours is called {name!r} already; rename this one")
        if name in here or name in found.strategies:
            other = found.files.get(name, "the same file")
            raise ConfigError(f"{name!r} is defined in {other} already; rename one")
        here.add(name)


def _try(strategy: Strategy, file: Path) -> None:
    """ConfigError with the first law it breaks on made-up bars."""
    try:
        with np.errstate(all="ignore"):  # a division that numpy only warns of is no refusal
            for seed, kind in enumerate(KINDS):
                bars = walk(seed, strategy.warmup + _SPARE, kind)
                wrong = first_violation(strategy, bars, thorough=True)
                if wrong:
                    raise ConfigError(wrong)
            bars = walk(
                7, max(strategy.warmup // 2, 1)
            )  # fewer than it wants, as a new listing has
            wrong = first_violation(strategy, bars)
            said: object = strategy.explain(dict.fromkeys(strategy.rules(bars).features, 1.0))
    except ConfigError:
        raise
    except Exception as error:
        raise ConfigError(f"{strategy.name} {_raised(error, file)}") from error
    if wrong:
        raise ConfigError(wrong)
    if not isinstance(said, str):
        raise ConfigError(f"{strategy.name}: explain() gave {type(said).__name__}, not text")


def _raised(error: BaseException, file: Path) -> str:
    """`raised ZeroDivisionError in line 12: division by zero`."""
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(file)]
    where = f" in line {lines[-1]}" if lines else ""
    said = " ".join(str(error).split())[:160]
    return f"raised {type(error).__name__}{where}" + (f": {said}" if said else "")
