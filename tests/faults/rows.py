"""Every row of the trials in one table, in the order they are run and printed."""

from tests.faults import killing, outages, stopping
from tests.faults.row import Row

#: One module a family.
ROWS: dict[str, Row] = {row.name: row for row in (*killing.ROWS, *stopping.ROWS, *outages.ROWS)}
