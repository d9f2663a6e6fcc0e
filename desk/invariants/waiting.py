"""Rules of time: nothing waits longer than whoever looks after it could have left it."""

from datetime import datetime, timedelta

from desk.desk import Desk
from desk.invariants.rule import Sentences, moment, pages
from trading.facts import (
    Lane,
    Notice,
    NoticeState,
    Picture,
    PictureState,
    Request,
    RequestState,
    Run,
    RunState,
)
from trading.orders import IN_DOUBT, Order, OrderState
from trading.signals import Signal, SignalState

#: Wall time. The sweeper looks every 5 s, and a process needs a few to be started again.
ASKED_WITHIN = timedelta(seconds=60)
HANDLED_WITHIN = timedelta(seconds=60)
TAKEN_OVER_WITHIN = timedelta(seconds=30)
SENT_WITHIN = {
    Lane.CRITICAL: timedelta(minutes=2),
    Lane.NORMAL: timedelta(minutes=10),
    Lane.DIGEST: timedelta(minutes=30),
}
DRAWN_WITHIN = timedelta(minutes=10)


async def claims_go_on(desk: Desk) -> Sentences:
    before = desk.wall.now() - TAKEN_OVER_WITHIN
    async for page in pages(desk.journal, Order, state=OrderState.SUBMITTING):
        for order in page:
            if order.leased_until is None or order.leased_until < before:
                until = f"ran out at {moment(order.leased_until)}"
                yield f"order {order.key} ({order.symbol}): {order.owner}'s claim {until}"


async def doubts_are_asked_about(desk: Desk) -> Sentences:
    before = desk.wall.now() - ASKED_WITHIN
    async for page in pages(desk.journal, Order, state__in=tuple(IN_DOUBT), asked_at__isnull=True):
        for order in page:
            if order.claimed_at is None or order.claimed_at < before:
                yield f"order {order.key} ({order.symbol}) is in doubt, and nobody was asked"


async def orders_end_with_their_session(desk: Desk) -> Sentences:
    now = desk.market.now()
    async for page in pages(desk.journal, Order, state=OrderState.PLANNED, execute_at__lt=now):
        for order in page:
            at = order.execute_at
            session = desk.calendar.session_at(at) or desk.calendar.next_session(at)
            if session.close < now and order.purpose != "squareoff":
                never = f"was never sent; its session ended {moment(session.close)}"
                yield f"order {order.key} ({order.symbol}) {never}"


async def signals_expire(desk: Desk) -> Sentences:
    late = {"state": SignalState.PENDING, "expires_at__lt": desk.market.now()}
    async for page in pages(desk.journal, Signal, **late):
        for signal in page:
            expired = moment(signal.expires_at)
            yield f"signal {signal.id} ({signal.symbol}) is still open; its time ended {expired}"


async def requests_are_handled(desk: Desk) -> Sentences:
    before = desk.wall.now() - HANDLED_WITHIN
    new = {"state": RequestState.NEW, "received_at__lt": before}
    async for page in pages(desk.journal, Request, **new):
        for request in page:
            came = moment(request.received_at)
            yield f"request {request.id} (/{request.verb}) waits since {came}"


async def notices_are_sent(desk: Desk) -> Sentences:
    now = desk.wall.now()
    for lane, within in SENT_WITHIN.items():
        due = {"state": NoticeState.DUE, "lane": lane, "created_at__lt": now - within}
        async for page in pages(desk.journal, Notice, **due):
            for notice in page:
                if not _put_off(notice, now):
                    about = notice.subject or notice.kind
                    waits = f"waits since {moment(notice.created_at)}"
                    why = f" ({notice.error})" if notice.error else ""
                    yield f"{lane.name.lower()} notice {notice.id} ({about}) {waits}{why}"


def _put_off(notice: Notice, now: datetime) -> bool:
    return any(at is not None and at > now for at in (notice.not_before, notice.leased_until))


async def runs_go_on(desk: Desk) -> Sentences:
    before = desk.wall.now() - TAKEN_OVER_WITHIN
    left = {"state": RunState.RUNNING, "leased_until__lt": before}
    async for page in pages(desk.journal, Run, **left):
        for run in page:
            yield f"run {run.id} of {run.job} was left behind at {moment(run.leased_until)}"


async def pictures_are_drawn(desk: Desk) -> Sentences:
    before = desk.wall.now() - DRAWN_WITHIN
    wanted = {"state": PictureState.WANTED, "wanted_at__lt": before}
    async for page in pages(desk.journal, Picture, **wanted):
        for picture in page:
            about = picture.subject or picture.kind
            yield f"picture {picture.id} ({about}) is wanted since {moment(picture.wanted_at)}"
