"""The drawing process: wanted pictures and reports in, PNG or PDF bytes out; nothing else."""

import hashlib
from collections.abc import Awaitable, Callable

import structlog

from charts import draw, warm
from desk import notices
from desk.desk import Desk
from trading.facts import Picture, PictureState
from worker.trouble import Trouble

__all__ = ["draw_all", "draw_one", "warm"]

log = structlog.get_logger(__name__)
SWEEP = 1.0


async def draw_all(desk: Desk, rest: Callable[[float], Awaitable[object]], *, theme: str) -> None:
    """For ever: the oldest wanted picture first, then rest until rung."""
    trouble = Trouble("pictures")
    while True:
        wanted: list[Picture] = []
        with trouble.noted():
            wanted = await desk.journal.read(Picture, state=PictureState.WANTED, limit=10)
            for picture in wanted:
                if not desk.shift.is_over:
                    await draw_one(desk, picture, theme)
        await rest(0.0 if wanted and not trouble.is_on else SWEEP)


async def draw_one(desk: Desk, picture: Picture, theme: str) -> None:
    """Draw it and say that the card it belongs to has changed."""
    try:
        drawn = draw(picture.kind, {**picture.spec, "theme": theme})
    except Exception as error:  # a spec that cannot be drawn must not stop the next picture
        log.exception("a picture failed", picture=picture.id)
        await desk.journal.move(picture, state=PictureState.FAILED, error=repr(error)[:400])
        return
    async with desk.journal.transaction():
        await desk.journal.move(
            picture,
            state=PictureState.DRAWN,
            png=drawn,
            digest=hashlib.sha256(drawn).hexdigest(),
            drawn_at=desk.wall.now(),
        )
        if picture.subject.startswith("signal:"):
            await notices.tell_changed(desk, "card", [picture.subject])
    await desk.bell.ring("postman")
