"""Pictures an answer waits for: asked for once, drawn by the drawing process."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from desk.desk import Desk
from trading.facts import Picture, PictureState

KEPT = timedelta(hours=1)  # how long the same spec is not drawn again; turning a page needs that
LOOKED = 3  # pictures of a kind


async def wanted(desk: Desk, kind: str, spec: Mapping[str, Any], *, subject: str = "") -> Picture:
    """One that shows this, an earlier one where it is the same. Ring `draw` with its id once the
    answer is given."""
    now = desk.wall.now()
    for earlier in await desk.journal.read(
        Picture, kind=kind, subject=subject, wanted_at__gte=now - KEPT, order="-id", limit=LOOKED
    ):
        if earlier.spec == spec and earlier.state is not PictureState.FAILED:
            return earlier
    [made] = await desk.journal.append([Picture(kind, spec, now, subject=subject)])
    return made
