"""A process that sends orders, as far as its locks go: `python -m tests.owner_process FOLDER URL`
prints its name once it holds it, and then waits."""

import asyncio
import sys
from pathlib import Path

from db.schema import store_for
from owning import owners
from settings import Settings


async def main(folder: Path, url: str) -> None:
    store = store_for(url)
    await store.open()
    async with owners(Settings(data=folder, host="alpha"), store, "fast") as locks:
        print(await locks.mine(), flush=True)
        await asyncio.sleep(600)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
