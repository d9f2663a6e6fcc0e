"""Work in a process of its own, so that nobody's imports, caches or heap count for another."""

import asyncio
import multiprocessing
from collections.abc import Callable, Coroutine
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any


def apart(work: Callable[..., Coroutine[Any, Any, Any]], *args: object) -> Any:
    """What the coroutine function `work`, one of a module's own, returns."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_run, work, args).result()


def peak_mb() -> float:
    """This process's highest resident memory; ru_maxrss would count the parent it came from."""
    status = Path("/proc/self/status").read_text("ascii")
    kilobytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return int(kilobytes) / 1024


def _run(work: Callable[..., Coroutine[Any, Any, Any]], args: tuple[object, ...]) -> Any:
    return asyncio.run(work(*args))
