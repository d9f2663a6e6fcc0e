"""`make faults [ROW=name] [DB=sqlite|postgres] [SEED=n]`: every trial in full, one table.

Rows that held at this commit are not run again unless ROW names them. Exit status 1 where a row
does not hold.
"""

import argparse
import asyncio
import random
import shutil
import sys
import tempfile
import time
import traceback
from contextlib import ExitStack
from pathlib import Path

from tests.faults import table
from tests.faults.databases import Postgres, postgres
from tests.faults.fleet import Fleet
from tests.faults.row import POSTGRES, SQLITE, Case, Figures, Row
from tests.faults.rows import ROWS
from trading.clocks import SystemClock


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make faults", description=__doc__)
    parser.add_argument("--row", default="", help="only these, separated by commas")
    parser.add_argument("--db", default="", choices=("", SQLITE, POSTGRES))
    parser.add_argument("--seed", type=int, default=None, help="otherwise drawn, and shown")
    parser.add_argument("--count", type=int, default=None, help="faults, in place of the row's own")
    parser.add_argument("--short", action="store_true", help="what the tests run; nothing is kept")
    given = parser.parse_args()
    unknown = set(filter(None, given.row.split(","))) - set(ROWS)
    if unknown:
        parser.error(f"no row called {', '.join(sorted(unknown))}; there are: {', '.join(ROWS)}")
    return given


def main() -> int:
    given = arguments()
    named = set(filter(None, given.row.split(",")))
    wanted = [
        (row, database)
        for row in ROWS.values()
        for database in row.databases
        if (not named or row.name in named) and given.db in ("", database)
    ]
    at = table.commit()
    kept = {} if given.short else table.read()
    with ExitStack() as stack:
        fleet = stack.enter_context(Fleet())
        server: Postgres | None = None
        if any(database == POSTGRES for _, database in wanted):
            server = stack.enter_context(postgres())
        for row, database in wanted:
            before = kept.get((row.name, database))
            if before and before.holds and before.commit == at and not named:
                continue
            print(f"{row.name} on {database} …", file=sys.stderr, flush=True)
            seed = random.randrange(10**6) if given.seed is None else given.seed
            count = given.count or (row.short if given.short else row.full)
            on = server if database == POSTGRES else None
            result = run(row, database, seed, count, at, fleet, on, is_full=not given.short)
            kept[row.name, database] = result
            print(table.printed([result]), file=sys.stderr, flush=True)
            if not given.short:
                table.keep(kept.values())
    order = [(row.name, database) for row in ROWS.values() for database in row.databases]
    results = [kept[place] for place in order if place in kept]
    print(table.printed(results))
    if not given.short and results:
        table.write(results, ROWS)
    ran = [kept[row.name, database] for row, database in wanted]
    return 0 if all(result.holds for result in ran) else 1


def run(
    row: Row,
    database: str,
    seed: int,
    count: int,
    at: str,
    fleet: Fleet,
    server: Postgres | None,
    *,
    is_full: bool,
) -> table.Result:
    """One row in a folder of its own, which stays where the row does not hold."""
    folder = Path(tempfile.mkdtemp(prefix="qd-f-"))
    case = Case(database, folder, seed, count, row.rate, is_full, fleet, server)
    began = time.monotonic()
    try:
        figures = asyncio.run(row.run(case))
    except Exception as error:
        traceback.print_exc()
        figures = Figures(broken=[f"the trial itself broke: {error!r}"])
    if figures.broken:
        print(f"  its folder is kept: {folder}", file=sys.stderr)
    else:
        shutil.rmtree(folder, ignore_errors=True)
    day = f"{SystemClock().now():%Y-%m-%d}"
    seconds = time.monotonic() - began
    return table.Result(row.name, database, seed, row.rate, at, day, seconds, figures)


if __name__ == "__main__":
    sys.exit(main())
