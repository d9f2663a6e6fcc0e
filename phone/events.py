"""Who is told when something on the phone changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from phone.shapes import Json


@dataclass(frozen=True, slots=True)
class Event:
    """Something a screen shows: in which chat, of what kind, and the page's own JSON."""

    chat_id: int
    kind: str
    body: Json = field(default_factory=dict)


Listener = Callable[[Event], None]


class Events:
    """Tells listeners at once, then wakes whoever waits for a condition that now holds."""

    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    def tell(self, event: Event) -> None:
        """Delivers `event` to every listener."""
        for listener in tuple(self.listeners):
            listener(event)
        self.changed()

    def changed(self) -> None:
        """Looks at every waited-for condition again."""
        for condition, future in tuple(self._waiting):
            if future.done():
                continue
            try:
                found = _held(condition)
            except Exception as error:  # noqa: BLE001 - it rises where the waiter waits
                future.set_exception(error)
                continue
            if found:
                future.set_result(found)

    async def wait_for(self, condition: Callable[[], Any], patience: float) -> Any:
        """The condition's first truthy value; TimeoutError after `patience` seconds.

        A LookupError from the condition means "not yet".
        """
        found = _held(condition)
        if found:
            return found
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        entry = (condition, future)
        self._waiting.append(entry)
        try:
            async with asyncio.timeout(patience):
                return await future
        finally:
            self._waiting.remove(entry)


def _held(condition: Callable[[], Any]) -> Any:
    try:
        return condition()
    except LookupError:
        return None
