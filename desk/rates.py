"""Exchange rates kept as facts: of the currencies the books hold, as of the fill and as of now.

A pair among the instruments, such as EURUSD or USD/EUR, is asked first, then `[rates]` of the
settings. What is recorded stays; a newer one is one more.
"""

from datetime import datetime

from desk.desk import Desk
from trading.money import Adjustment, Rate
from trading.orders import Fill

SETTING = "settings"  # the source of one that stands there
FORMS = ("{}{}", "{}/{}", "{}-{}", "{}.{}", "{}_{}")  # how a pair is called


async def keep(desk: Desk) -> list[Rate]:
    """Record the latest rate of every currency the books hold besides their base; those that are
    new. Never inside a transaction that has appended fills (`desk.books`)."""
    ledger = await desk.books.ledger()
    foreign = {currency for _, currency in ledger.cash} - {desk.currency}
    found = [await _latest(desk, currency) for currency in sorted(foreign)]
    rates = [rate for rate in found if rate is not None]
    return await desk.journal.append(rates) if rates else []


async def _latest(desk: Desk, currency: str) -> Rate | None:
    return await quoted(desk, currency) or await _given(desk, currency)


async def quoted(desk: Desk, currency: str) -> Rate | None:
    """The pair's latest quote known now, as it is quoted: the books turn it round by themselves."""
    base, now = desk.currency, desk.market.now()
    for one, other in ((currency, base), (base, currency)):
        for form in FORMS:
            symbol = form.format(one, other)
            if desk.instruments.find(symbol) is None:
                continue
            quote = await desk.feed.quote(symbol, now)
            if quote is not None and quote.price > 0:
                return Rate(one, other, quote.at, quote.price, symbol)
    return None


async def _given(desk: Desk, currency: str) -> Rate | None:
    """The one of the settings, where it is not recorded yet: from now on, or from the currency's
    first fact where nothing else is known of it."""
    value = desk.rates.get(currency)
    if value is None:
        return None
    pair = {"currency": currency, "base": desk.currency}
    last = await desk.journal.first(Rate, order="-id", source=SETTING, **pair)
    if last is not None and last.value == value:
        return None
    known = await desk.journal.count(Rate, **pair)
    known += await desk.journal.count(Rate, currency=desk.currency, base=currency)
    at = desk.market.now() if known else await _first_use(desk, currency)
    return Rate(currency, desk.currency, at, value, SETTING)


async def _first_use(desk: Desk, currency: str) -> datetime:
    fill = await desk.journal.first(Fill, order="at", currency=currency)
    moved = await desk.journal.first(Adjustment, order="at", currency=currency)
    return min([desk.market.now(), *(fact.at for fact in (fill, moved) if fact is not None)])
