"""The warmed parent: imports everything once, then forks a process of the house in milliseconds.

JSON lines: `{"tag", "name", "settings", …}` and, to a child, `{"send", "to"}` in; `{"tag", "pid"}`,
`{"up"}` with a pid once its loops run, and `{"died", "status"}` out.
It runs no loop and no thread of ours, so a fork of it is a fresh start. When its own parent goes,
it and every child go too.
"""

import asyncio
import ctypes
import faulthandler
import gc
import importlib
import json
import os
import select
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Order = dict[str, Any]


WARM = (
    "aiosqlite", "asyncpg", "uvloop", "pandas_market_calendars", "polars",
    "bot.main", "brokers.adversary", "brokers.paper_client", "brokers.paper_server",
    "db.migrations", "db.posts", "lanes.lane", "logs", "market.history", "processes",
    "strategies.registry", "tests.faults.doom", "worker.jobs", "worker.rounds",
    "worker.shipped",
)  # fmt: skip


#: Threads that polars starts when imported; they wait, hold no lock, and no fork needs them.
AT_REST = ("python", "polars-ooc", "jemalloc_bg")


def warm() -> None:
    for name in WARM:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    names = {(task / "comm").read_text().strip() for task in Path("/proc/self/task").iterdir()}
    if strangers := {name for name in names if not name.startswith(AT_REST)}:
        raise RuntimeError(f"a fork is no fresh start: {', '.join(strangers)} runs already")


def serve() -> None:
    """Until standard input ends."""
    wake, woken = os.pipe()
    for end in (wake, woken):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(woken)
    living: set[int] = set()
    rest = b""
    _say({"ready": os.getpid()})
    while True:
        ready, _, _ = select.select([0, wake], [], [])
        if wake in ready:
            os.read(wake, 4096)
        while living:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            living.discard(pid)
            _say({"died": pid, "status": os.waitstatus_to_exitcode(status)})
        if 0 in ready:
            read = os.read(0, 1 << 20)
            if not read:
                break
            *lines, rest = (rest + read).split(b"\n")
            for line in lines:
                order = json.loads(line)
                if "ready" in order:
                    _prepare(order["ready"])
                    continue
                if "send" in order:
                    if order["to"] in living:  # dead or not, its number is nobody else's yet
                        os.kill(order["to"], order["send"])
                    continue
                pid = os.fork()
                if not pid:
                    _child(order)
                living.add(pid)
                _say({"tag": order["tag"], "pid": pid})
    for pid in living:
        os.kill(pid, signal.SIGKILL)


def _prepare(settings: Order) -> None:
    """What every process of one house would read for itself at its start."""
    from db.journal import tables_for
    from settings import load
    from wiring import calendar_of

    calendar_of(load(**settings))
    tables_for("postgres" if settings["database"].startswith("postgres") else "sqlite")
    gc.freeze()


def _say(told: dict[str, Any], to: int = 1) -> None:
    os.write(to, json.dumps(told).encode() + b"\n")


def _child(order: Order) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        parent = os.dup(1)
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        faulthandler.register(signal.SIGUSR1)  # where it hangs, into its log
        os.chdir(Path(order["log"]).parent)
        _run(order, lambda: _say({"up": os.getpid()}, parent))
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    finally:
        os._exit(code)


def _run(order: Order, told: Callable[[], None]) -> None:
    import uvloop

    import logs
    import processes
    from settings import load
    from tests.faults.clock import clocks, patient

    _tells(told)
    name = order["name"]
    logs.configure(process=order["tag"])
    if order.get("steps"):
        from tests.faults.doom import doom

        note = Path(order["log"]).with_suffix(".note")
        doom(order["steps"], signal.Signals(order["signal"]), note)
    if name == "paper":
        _hostile(order)
    if name == "bot":
        _local(order["phone"])
    patient(order["rate"])
    settings = load(**order["settings"])
    market = datetime.fromisoformat(order["market"])
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(processes.run(name, settings, clocks(order["began"], order["rate"], market)))


def _tells(told: Callable[[], None]) -> None:
    """Everything is open once the loops begin."""
    import processes

    begin = processes.until

    async def begun(*args: Any, **kwargs: Any) -> None:
        told()
        await begin(*args, **kwargs)

    vars(processes)["until"] = begun


def _hostile(order: Order) -> None:
    """The paper broker with an adversary before it."""
    import processes
    from brokers.adversary import Adversary, Faults

    honest = processes.paper_broker

    def hostile(base: Any) -> Adversary:
        adversary = Adversary(honest(base), Faults.from_json(order["faults"]), seed=order["seed"])
        adversary.set(adversary.faults, dedupes=order["dedupes"])
        return adversary

    vars(processes)["paper_broker"] = hostile


def _local(phone: str) -> None:
    """The bot against a local Bot API server, whose limits are as hurried as the clock."""
    from bot import main

    real = main.run

    async def run(*args: Any, **kwargs: Any) -> None:
        await real(*args, **{**kwargs, "api_base": phone})

    vars(main)["run"] = run


if __name__ == "__main__":
    warm()
    serve()
