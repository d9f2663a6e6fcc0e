"""Every row of the trials in one table, in the order they are run and printed."""

from tests.faults import killing, outages, presses, stopping, telegram
from tests.faults.clocks import CLOCKS
from tests.faults.closing import SQUAREOFF
from tests.faults.halting import HALT
from tests.faults.machine import MACHINE
from tests.faults.row import Row

#: One module a family.
ROWS: dict[str, Row] = {
    row.name: row
    for row in (
        *killing.ROWS,
        *stopping.ROWS,
        *outages.ROWS,
        CLOCKS,
        *presses.ROWS,
        *telegram.ROWS,
        HALT,
        SQUAREOFF,
        MACHINE,
    )
}
