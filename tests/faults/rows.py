"""Every row of the trials in one table, in the order they are run and printed."""

from tests.faults.row import Row

#: One module a family: killing, stopping, redis, database, presses, telegram, clocks, machine …
ROWS: dict[str, Row] = {row.name: row for row in ()}
