"""The nastiness of networks and of Telegram, on demand."""

from __future__ import annotations

from dataclasses import dataclass

from phone.limits import Limits
from phone.refusal import Refusal, too_many_requests
from phone.shapes import Json
from phone.updates import Gone, Updates

POLL = "getupdates"


@dataclass(slots=True)
class Fault:
    """What happens to the next `left` calls of `method`, or of any but getUpdates when None."""

    left: int
    method: str | None
    refusal: Refusal | None = None  # answered in place of the call
    delay: float = 0.0  # seconds before the call is looked at
    drop: bool = False  # the connection ends before the call is looked at
    lose_reply: bool = False  # the call is carried out, the reply never leaves

    def strikes(self, method: str) -> bool:
        """Whether a call of `method` (lower case) meets this fault."""
        if self.left <= 0:
            return False
        return method != POLL if self.method is None else method == self.method


class Faults:
    """Faults wait in the order they were asked for; a call meets the first that fits it."""

    def __init__(self, limits: Limits, updates: Updates) -> None:
        self.limits = limits
        self._updates = updates
        self._queue: list[Fault] = []
        self.is_away = False

    def flood(self, count: int = 1, *, retry_after: int = 3, method: str | None = None) -> None:
        """Answers 429 with `retry_after` seconds."""
        self._add(Fault(count, method, refusal=too_many_requests(retry_after)))

    def fail(
        self,
        count: int = 1,
        *,
        code: int = 502,
        description: str = "Bad Gateway",
        method: str | None = None,
    ) -> None:
        """Answers an error in place of carrying the call out."""
        self._add(Fault(count, method, refusal=Refusal(code, description)))

    def drop(self, count: int = 1, *, method: str | None = None) -> None:
        """Ends the connection before the call is carried out."""
        self._add(Fault(count, method, drop=True))

    def delay(self, seconds: float, count: int = 1, *, method: str | None = None) -> None:
        """Carries the call out `seconds` late."""
        self._add(Fault(count, method, delay=seconds))

    def lose_reply(self, count: int = 1, *, method: str | None = None) -> None:
        """Carries the call out and ends the connection in place of replying."""
        self._add(Fault(count, method, lose_reply=True))

    def go_away(self) -> None:
        """Drops every Bot API connection, waiting polls too, until `come_back`."""
        self.is_away = True
        self._updates.release(Gone())

    def come_back(self) -> None:
        self.is_away = False

    def redeliver(self, update_id: int) -> None:
        """Delivers an update once more, whatever the offset says."""
        self._updates.redeliver(update_id)

    def inject(self, update: Json) -> int:
        """Queues any JSON object as an update, poison too; returns its id."""
        return self._updates.inject(update)

    def renumber(self, first: int) -> None:
        """Restarts update ids at `first`, as Telegram does after an idle week."""
        self._updates.renumber(first)

    def clear(self) -> None:
        """Good weather again: no faults waiting, no limits, Telegram is there."""
        self._queue.clear()
        self.limits.turn_off()
        self.come_back()

    @property
    def waiting(self) -> int:
        """Calls that will still go wrong."""
        return sum(fault.left for fault in self._queue)

    def strike(self, method: str) -> Fault | None:
        """The fault this call meets, used up by one."""
        for fault in self._queue:
            if fault.strikes(method.lower()):
                fault.left -= 1
                self._queue = [waiting for waiting in self._queue if waiting.left > 0]
                return fault
        return None

    def _add(self, fault: Fault) -> None:
        if fault.method is not None:
            fault.method = fault.method.lower()
        self._queue.append(fault)
