"""The paper broker as a process, for tests that kill it: `python -m tests.brokers.paper_process
FOLDER [open|closed] [dedupes|nasty]`, one price, ticking every 20 ms."""

import asyncio
import sys
from pathlib import Path

from brokers.adversary import Adversary
from brokers.paper_server import serve
from tests.brokers.paper_floor import floor


async def main(folder: Path, session: str, memory: str) -> None:
    here = floor()
    if session == "closed":
        here.board.close("AAPL")
    broker = here.persisted(folder / "paper.sqlite", dedupes=memory == "dedupes")
    await serve(Adversary(broker), folder / "s", here.clock, asyncio.Event(), tick=0.02)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), *sys.argv[2:]))
