"""What a signal was made with: a strategy's parameters and a digest of the code that read them."""

import inspect
import json
from dataclasses import fields, is_dataclass
from functools import lru_cache
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from desk import audit
from desk.desk import Desk
from desk.notices import card_subject, scan_subject
from trading.audit import Deed
from trading.signals import Signal

if TYPE_CHECKING:  # numpy, which the doors do not load
    from trading.bars import Strategy

PROPOSED = "propose"
SHARED = "indicators"  # what every strategy computes with


async def keep(desk: Desk, strategy: str, new: list[Signal]) -> None:
    """The deed of a strategy that found signals, inside the transaction that records them. A
    replay, which has no operators, keeps none."""
    if not new or not desk.operators:
        return
    known = desk.strategies.get(strategy)
    detail: dict[str, Any] = recipe(known) if known is not None else {}
    if new[0].leg:
        detail = {}  # it leaves a session, whatever the rules say
    await audit.act(
        desk.journal,
        desk.wall.now(),
        f"strategy:{strategy}",
        "desk",
        PROPOSED,
        scan_subject(new[0]),
        subjects=" ".join(card_subject(signal.id) for signal in new),
        said=f"{len(new)} new",
        detail=detail,
    )


async def of(desk: Desk, signal: Signal) -> Deed | None:
    """The deed that proposed a signal; None for one older than the audit."""
    rows = await desk.journal.read(Deed, who=f"strategy:{signal.strategy}", verb=PROPOSED)
    return next((row for row in rows if audit.concerns(row, signal.id)), None)


def recipe(strategy: "Strategy") -> dict[str, Any]:
    """`params` by name, `code` a digest, `version` of the program."""
    return {
        "params": _params(strategy),
        "code": code_of(type(strategy)),
        "version": _version(),
    }


def _params(strategy: "Strategy") -> dict[str, Any]:
    if not is_dataclass(strategy):
        return {}
    known = {f.name: getattr(strategy, f.name) for f in fields(strategy) if f.init}
    plain: dict[str, Any] = json.loads(json.dumps(known, default=str))
    return {name: plain[name] for name in plain if name not in ("name", "timeframe", "drawing")}


@lru_cache(maxsize=64)
def code_of(kind: type) -> str:
    """Of the strategy's file and of the indicators it may use, sixteen hex digits."""
    found = find_spec(SHARED)
    folders = [Path(one) for one in (found.submodule_search_locations or ())] if found else []
    files = sorted(file for folder in folders for file in folder.glob("*.py"))
    try:
        own = inspect.getsourcefile(kind)
    except (OSError, TypeError):
        own = None
    texts = [Path(own).read_bytes()] if own and Path(own).exists() else []
    texts += [file.read_bytes() for file in files]
    return sha256(b"\0".join(texts)).hexdigest()[:16]


def _version() -> str:
    try:
        return version("quarterdeck")
    except PackageNotFoundError:
        return ""
