"""What the settings choose, as the desk's own values; `wiring` hands them over."""

from collections.abc import Callable
from functools import partial

from desk.desk import DIGESTS, Digests
from settings import Settings
from trading.ports import Calendar


def digests(settings: Settings, house: Calendar, exchange: Callable[[str], Calendar]) -> Digests:
    """A day of the demo takes seconds: five digests each would bury its cards."""
    from worker.timing import when

    chosen = settings.digests
    kinds, silent = (("end",), ("end",)) if settings.mode == "demo" else (DIGESTS, ("middle",))
    return Digests(
        kinds if chosen.kinds is None else chosen.kinds,
        silent if chosen.silent is None else chosen.silent,
        partial(when, house=house, exchange=exchange),
    )
