"""Rules of limits: what was sent had passed every check, with the figures kept of it."""

from decimal import Decimal

from desk.desk import Desk
from desk.invariants.rule import Sentences, moment, pages
from desk.judging import Stage, checks_of
from trading.judgement import Judgement
from trading.orders import Order


async def sent_within_limits(desk: Desk) -> Sentences:
    """Of signals whose decision was kept; what was sent before that says nothing here."""
    judged: set[int] = set()
    decided: set[int] = set()
    async for page in pages(desk.journal, Judgement):
        for row in page:
            if row.stage is Stage.DECISION:
                decided.add(row.signal_id)
            if row.stage is not Stage.CLAIM:
                continue
            judged.add(row.signal_id)
            for check in checks_of(row):
                used, limit = check.used, check.limit
                over = used is not None and limit is not None and used > max(limit, Decimal(0))
                if over or not check.ok:
                    yield f"signal {row.signal_id} was sent at {moment(row.at)} with {check.text}"
    async for orders in pages(desk.journal, Order, reduce_only=False, attempts__gt=0):
        for order in orders:
            if order.signal_id in decided and order.signal_id not in judged:
                yield f"order {order.key} was sent and no check of it is kept"
