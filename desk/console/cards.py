"""A signal's card and the list of a scan's others: the facts as they stand, in words."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal

from desk import story, wording
from desk.console import verdicts
from desk.console.card_buttons import buttons, list_row
from desk.desk import LAST, Desk
from desk.story import Card
from trading.messages import Button, Message, Span, bold, italic, message
from trading.orders import OrderState
from trading.signals import Signal, SignalState
from trading.types import Mode, Moment, Side, Target

PAGE = 5  # items of a list on one page: five rows of buttons fit under a thumb
CENT = Decimal("0.01")
SENT = frozenset(OrderState) - {OrderState.PLANNED}
MARK = {Target.LONG: "▲", Target.SHORT: "▼", Target.FLAT: "◼"}


def headline(card: Card) -> str:
    """`▲ Buy 41 AAPL`."""
    signal = card.signal
    size = f"{wording.quantity(signal.quantity)} " if signal.quantity else ""
    return f"{MARK[signal.target]} {wording.TARGET[signal.target]} {size}{signal.symbol}"


def card_message(desk: Desk, card: Card) -> Message:
    """At most 1,024 UTF-16 units: the reason is cut before anything else."""
    if card.snoozed is not None and card.signal.state is SignalState.PENDING:
        return _snoozed(desk, card, card.snoozed)
    signal, currency = card.signal, card.instrument.currency
    company = f" · {card.instrument.name}" if card.instrument.name else ""
    size = wording.money(card.value, currency)
    if card.share is not None:
        size += f" · {wording.percent(card.share)} of equity"
    size += _rule(desk, signal) + _fees(desk, card)
    bar = f"{signal.moment.value} {wording.short_day(_decided_on(desk, signal))}"
    return message(
        *_status(desk, card),
        bold(headline(card)),
        company,
        f"\n{size}\n{_asked_at(card, currency, bar)}",
        _reason(signal),
        _judged(card),
        f"\n{_timing(desk, card)}{signal.strategy} · signal {signal.id}",
        buttons=buttons(card),
    )


def _asked_at(card: Card, currency: str, bar: str) -> str:
    """The price a signal was made on; by hand its limit, since the lines below say the price."""
    signal = card.signal
    if not signal.by_hand:
        return f"Signal {wording.price(signal.price)} {currency} · {bar}{_stop(card)}\n"
    if signal.limit is None:
        return "At the market\n"
    return f"Limit {wording.price(signal.limit)} {currency}, good for its session\n"


def _reason(signal: Signal) -> Span:
    """A strategy's own words, or what a trade by hand would do, line by line."""
    if signal.by_hand:
        return Span(signal.reason[:600])
    return italic(signal.reason[:400] or "no reason given")


def _judged(card: Card) -> str:
    """What fails of the checks, else the limits most used; by hand the reason holds them."""
    if card.signal.by_hand or card.signal.is_exit or not card.checks:
        return ""
    return "\n" + "\n".join(verdicts.summary(card.checks, 2))


def _rule(desk: Desk, signal: Signal) -> str:
    """The rule that sized an entry, in a clause; "" for the usual share of equity."""
    plan = desk.plans.get(signal.strategy)
    aim = plan.allowance.aim if plan else None
    if aim is None or signal.is_exit or signal.by_hand:
        return ""
    return f"\n{wording.capital(aim.text)}"


def outcome(desk: Desk, card: Card) -> str:
    """Where the signal stands, in one line; "" while it waits."""
    signal, order = card.signal, card.order
    by = f" by {card.decided_by}" if card.decided_by else ""
    match signal.state:
        case SignalState.PENDING:
            return ""
        case SignalState.REJECTED:
            done = "Vetoed" if signal.mode is Mode.VETO else "Rejected"
            return f"✖ {done}{by}" + (f": {signal.note}" if signal.note else "")
        case SignalState.EXPIRED:
            return "⌛ Expired: nobody decided in time"
        case SignalState.WITHDRAWN:
            return f"✖ Withdrawn{by}; nothing was sent"
    if order is None or order.state is OrderState.PLANNED:
        return f"✔ Approved{by}" + (f": {signal.note}" if signal.note else "")
    currency = card.instrument.currency
    fill = f"{wording.quantity(card.filled)} @ {wording.price(card.average.quantize(CENT))}"
    match order.state:
        case OrderState.SUBMITTING | OrderState.ACCEPTED:
            return f"✔ Approved{by} · at the broker"
        case OrderState.PARTIALLY_FILLED:
            return f"✔ Filled {fill} of {wording.quantity(order.quantity)}, working"
        case OrderState.FILLED:
            fees = wording.money(card.fees.quantize(CENT), currency)
            return f"✔ Filled {fill}\nFees {fees} · approved{by}"
        case OrderState.UNKNOWN:
            return f"⚠ Outcome not known: {order.note or 'asking the broker'}"
    word = {OrderState.REJECTED: "Not filled", OrderState.EXPIRED: "Expired"}
    part = f"; filled {fill} before" if card.filled else ""
    return f"✖ {word.get(order.state, 'Cancelled')}: {order.note or 'no reason given'}{part}"


def _status(desk: Desk, card: Card) -> list[Span | str]:
    """The outcome above everything else: its first line bold, what belongs to it below."""
    line, _, rest = outcome(desk, card).partition("\n")
    if not line:
        return []
    return [bold(line), f"\n{rest}\n\n" if rest else "\n\n"]


def _fees(desk: Desk, card: Card) -> str:
    """What the order would pay, while it is not sent; an exit is taken for a sale."""
    signal, sent = card.signal, card.order is not None and card.order.state in SENT
    open_ = signal.state in (SignalState.PENDING, SignalState.APPROVED)
    if desk.estimate is None or sent or not open_ or not signal.quantity:
        return ""
    side = Side.BUY if signal.target is Target.LONG else Side.SELL
    about = desk.estimate(card.instrument, side, signal.quantity, card.value, signal.execute_at)
    return "" if about is None else f"\nFees about {wording.money(about, card.instrument.currency)}"


def _timing(desk: Desk, card: Card) -> str:
    """When the order goes, while that still lies ahead."""
    signal = card.signal
    place = wording.place(desk.calendar.zone)
    goes = wording.moment(desk.local(signal.execute_at))
    if signal.state is SignalState.PENDING:
        when = f"{goes} {place}{_occasion(desk, signal)}"
        if signal.mode is Mode.VETO:
            return f"{_unless_vetoed(desk, signal)}\nThen goes {when}\n"
        why = f"Waits for you: {signal.note}\n" if signal.note else ""
        until = f"{desk.local(signal.expires_at):%H:%M}"
        two = f"Approved by {card.first}; waits for a second person\n" if card.first else ""
        return f"{why}{two}Goes {when}; decide before {until}\n"
    if (
        signal.state is SignalState.APPROVED
        and card.order is not None
        and card.order.state is OrderState.PLANNED
    ):
        return f"Goes {goes} {place}{_occasion(desk, signal)}\n"
    return ""


def _unless_vetoed(desk: Desk, signal: Signal) -> str:
    """The window begins when Telegram has taken the card, so the first card names its length."""
    if signal.veto_until is None:
        length = wording.lasted(timedelta(seconds=signal.window))
        return f"Executes {length} after this card came, unless vetoed"
    at = f"{desk.local(signal.veto_until):%H:%M} {wording.place(desk.calendar.zone)}"
    return f"Executes {at} unless vetoed"


def _stop(card: Card) -> str:
    """Only one that will be looked after."""
    stop = card.signal.kept_stop
    return "" if stop is None else f"\nStop {wording.price(stop)} {card.instrument.currency}"


def _snoozed(desk: Desk, card: Card, back: datetime) -> Message:
    at = f"{desk.local(back):%H:%M} {wording.place(desk.calendar.zone)}"
    return message(
        italic(f"Put away until {at}"),
        f"\n{headline(card)} · signal {card.signal.id}",
        buttons=buttons(card),
    )


def _occasion(desk: Desk, signal: Signal) -> str:
    session = desk.calendar.session_at(signal.execute_at)
    if session is None:
        return ""
    if signal.execute_at == session.open:
        return ", at the open"
    return ", at the close" if session.close - signal.execute_at <= LAST else ", at once"


def _decided_on(desk: Desk, signal: Signal) -> date:
    """The day the rules were read: a weekly bar is dated on its Monday, its close is later."""
    bar = signal.bar.date()
    if signal.moment is Moment.OPEN:
        return bar
    return max(bar, desk.calendar.last_closed(signal.proposed_at).day)


async def list_message(
    desk: Desk, strategy: str, bar: datetime, *, page: int = 1, reader: int = 0
) -> Message | None:
    """The signals of one scan without a card of their own; None where there are none."""
    rows = await story.listed(desk, strategy, bar, reader=reader)
    if not rows:
        return None
    subject = f"scan:{strategy}:{bar.isoformat()}"
    cards = await desk.journal.count(Signal, strategy=strategy, bar=bar, carded=True)
    many = f"{len(rows)} more" if cards else wording.count(len(rows), "signal")
    title = f"{many} from {strategy}"
    first = rows[0].signal
    note = f"{first.moment.value} of {wording.short_day(_decided_on(desk, first))}"
    note += ", best first" if len(rows) > 1 else ""
    return paged(desk, rows, f"{title}, {note}", page, ("list", subject))


def paged(
    desk: Desk, rows: Sequence[Card], title: str, page: int, turn: tuple[str, str]
) -> Message:
    """One page of signals, each with its own Approve; `turn` is the verb (and its first argument)
    that shows another page. A scan's list is told of its items' decisions; any other is asked for
    again by the buttons themselves."""
    back = () if turn[0] == "list" else (turn[1],)
    pages = max(1, -(-len(rows) // PAGE))
    page = min(max(page, 1), pages)
    shown = rows[(page - 1) * PAGE : page * PAGE]
    parts: list[str | Span] = [bold(title), "\n"]
    rows_of_buttons: list[list[Button]] = []
    for card in shown:
        signal = card.signal
        size = (
            wording.money(card.value, card.instrument.currency)
            if signal.quantity
            else ("no funds left")
        )
        line = outcome(desk, card).partition("\n")[0] or f"{size}\n{signal.reason[:120]}"
        parts += ["\n", bold(headline(card)), f" · signal {signal.id}\n{line}\n"]
        if signal.state is SignalState.PENDING:
            rows_of_buttons.append(list_row(card, (*back, str(page)) if back else ()))
    if pages > 1:
        parts.append(f"\nPage {page} of {pages}")
        verb, subject = turn
        rows_of_buttons.append(
            [
                Button(label, verb, (subject, str(to)), once=False)
                for label, to in (("‹ Back", page - 1), ("More ›", page + 1))
                if 1 <= to <= pages
            ]
        )
    return message(*parts, buttons=rows_of_buttons)
