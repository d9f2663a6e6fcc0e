"""What the page needs of a market clock."""

from __future__ import annotations

from typing import Protocol

from phone.shapes import Json


class ClockControls(Protocol):
    """The demo's market clock, as far as a thumb can reach it.

    `state()` answers `now` (ISO, UTC), `label` (text), `status` (running, held, stepped, paused
    or exhausted), `reason` (text) and `seconds_per_day` (wall seconds a market day takes).
    """

    async def state(self) -> Json: ...

    async def pause(self) -> None: ...

    async def resume(self) -> None: ...

    async def step(self) -> None: ...

    async def faster(self) -> None: ...

    async def slower(self) -> None: ...
