"""A replay in a process of its own: `python -m replaying STRATEGY FROM TO` prints a line of JSON
as it goes and one with what came of it. `replaying` starts it and reads them.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import AsyncGenerator, Mapping
from pathlib import Path
from typing import Any

from settings import Settings, as_environment
from trading.errors import QuarterdeckError
from trading.ports import Session

PAUSE = 0.25  # seconds between two lines of progress
LONGEST = 16 * 2**20  # bytes of a line: a picture's spec is one
ROOT = Path(__file__).parent


async def replaying(
    settings: Settings, strategy: str, first: str, last: str
) -> AsyncGenerator[Mapping[str, Any], None]:
    """What the child says, see `worker.research.Replaying`; closing this kills it. RuntimeError
    where it died without a result."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "replaying", strategy, first, last),
        env={**os.environ, **as_environment(settings), "PYTHONPATH": path},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        limit=LONGEST,
    )
    try:
        assert child.stdout is not None
        while line := await child.stdout.readline():
            yield json.loads(line)
        status = await child.wait()
        if status:
            raise RuntimeError(f"the replay ended with status {status}")
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


def main(strategy: str, first: str, last: str) -> None:
    """The child. A parent that is gone ends it with the next line it writes."""
    os.nice(10)  # a scan goes first
    from settings import load

    try:
        _replay(load(), strategy, first, last)
    except QuarterdeckError as error:
        _say({"error": str(error)})
    except BrokenPipeError:
        os._exit(1)  # nobody listens any more


def _replay(settings: Settings, strategy: str, first: str, last: str) -> None:
    from backtest import day_of, open_history, run
    from replay import printed

    history = open_history(settings)
    start, end = day_of(first), day_of(last)
    sessions = len(history.sessions(start, end))
    said = time.monotonic()

    def watch(done: int, session: Session, trades: int) -> None:
        nonlocal said
        if time.monotonic() - said >= PAUSE:
            said = time.monotonic()
            day = session.day.isoformat()
            _say({"done": done, "of": sessions, "day": day, "trades": trades})

    _say({"done": 0, "of": sessions, "day": "", "trades": 0})
    result = run(settings, strategy, start, end, history=history, watch=watch)
    _say({"result": printed.for_phone(result, settings.theme)})


def _say(item: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(item) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:4])
