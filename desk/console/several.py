"""Many signals at once: by their numbers, or all of a strategy that wait."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from desk import clearing, decide, notices, wording
from desk.console.replies import confirm, operator
from desk.desk import Desk
from risk.checks import Intent
from trading.errors import BadCommand, DeskError
from trading.facts import Request
from trading.messages import Span, bold, message
from trading.signals import Signal, SignalState
from trading.types import Account

ALL, THESE, YES = "all", "these", "yes"
MOST = 40  # in one message


@dataclass(frozen=True, slots=True)
class Named:
    """The signals a command names, and the words after them."""

    ids: tuple[int, ...]
    words: tuple[str, ...]


def numbers(args: Sequence[str]) -> Named:
    """The numbers that come first, each once; of buttons' pages and words nothing is a number."""
    ids: list[int] = []
    for place, arg in enumerate(args):
        text = arg.lstrip("#")
        if not (text.isascii() and text.isdigit() and len(text) <= 15):
            return Named(tuple(dict.fromkeys(ids)), tuple(args[place:]))
        ids.append(int(text))
    return Named(tuple(dict.fromkeys(ids)), ())


async def approve(desk: Desk, request: Request) -> bool:
    """Whether it named several; then they are approved, or asked about."""
    first = request.args[:1]
    if first == (THESE,):
        await _carry_out(desk, request, numbers(request.args[1:]).ids, edits=True)
    elif [word.lower() for word in first] == [ALL]:
        await _ask(desk, request, await _waiting(desk, request, "approve"))
    else:
        named = numbers(request.args)
        if request.payload.get("pressed") or len(named.ids) < 2:
            return False
        if named.words:
            raise BadCommand(f"{named.words[0][:20]!r} is no signal number; /approve 17 18 19")
        await _carry_out(desk, request, named.ids, edits=False)
    return True


async def reject(desk: Desk, request: Request) -> bool:
    """The same; rejecting only makes things safer, so nothing is asked."""
    if [word.lower() for word in request.args[:1]] == [ALL]:
        ids = tuple(signal.id for signal in await _waiting(desk, request, "reject"))
        words = request.args[2:]
    else:
        named = numbers(request.args)
        ids, words = named.ids, named.words
        if request.payload.get("pressed") or len(ids) < 2:
            return False
    reason = " ".join(words)[:200]
    gone, lines = 0, []
    for signal_id in ids:
        try:
            signal = await decide.reject(desk, signal_id, by=operator(request), reason=reason)
        except DeskError as refusal:
            lines.append(f"✖ {wording.capital(str(refusal))}\n")
        else:
            gone += 1
            lines.append(f"✔ {signal.symbol} · signal {signal.id}\n")
    why = f": {reason}" if reason else ""
    title = f"{wording.count(gone, 'signal')} rejected{why}"
    said = message(bold(wording.capital(title)), "\n", *lines[:MOST])
    await notices.answer(desk, request, said)
    return True


async def _waiting(desk: Desk, request: Request, verb: str) -> list[Signal]:
    """Of the strategy that is named, best first. Raises BadCommand where none is, or nothing
    waits."""
    if len(request.args) < 2:
        raise BadCommand(f"all of which strategy? For example: /{verb} all {_example(desk)}")
    strategy = desk.plan(request.args[1].lower()).strategy
    found = await desk.journal.read(
        Signal, strategy=strategy, state=SignalState.PENDING, order="-bar,rank", limit=MOST
    )
    if not found:
        raise BadCommand(f"no signal of {strategy} is waiting")
    return found


def _example(desk: Desk) -> str:
    return next(iter(desk.plans), "mean_reversion")


async def _ask(desk: Desk, request: Request, waiting: Sequence[Signal]) -> None:
    """What would be ordered, each by itself against the checks as they are now."""
    accounts: dict[str, Account] = {}
    lines: list[str | Span] = []
    values: dict[str, Decimal] = {}
    ids = []
    for signal in waiting:
        try:
            intent = await decide.sized(desk, signal.id, await _account(desk, signal, accounts))
        except DeskError as refusal:
            lines.append(f"✖ {wording.capital(str(refusal))}\n")
            continue
        value, currency = _value(intent), intent.instrument.currency
        values[currency] = values.get(currency, Decimal(0)) + value
        lines.append(f"{_what(intent)} · {wording.money(value, currency)}\n")
        ids.append(str(signal.id))
    strategy = waiting[0].strategy
    total = ", ".join(wording.money(value, currency) for currency, value in values.items())
    if not ids:
        text = message(bold(f"None of {strategy} can be approved now"), "\n", *lines)
        await notices.answer(desk, request, text)
        return
    count = wording.number_of(len(ids), "signal")
    said = message(
        bold(f"Approve {count} of {strategy}?"),
        f"\nWorth {total} together. Each goes through the checks again, in this order.\n\n",
        *lines,
        buttons=confirm(f"Approve {len(ids)}", "approve", THESE, *ids),
    )
    await notices.answer(desk, request, said)


async def _carry_out(desk: Desk, request: Request, ids: Sequence[int], *, edits: bool) -> None:
    """Each by itself, in that order; one that is refused keeps no other."""
    accounts: dict[str, Account] = {}
    went, refused = 0, 0
    lines: list[str | Span] = []
    for signal_id in ids:
        try:
            signal = await decide.signal_of(desk, signal_id)
            if not signal.quantity:
                raise DeskError(
                    f"signal {signal_id} ({signal.symbol}) had no funds when it was found; "
                    f"/approve {signal_id} alone shows its size first"
                )
            account = await _account(desk, signal, accounts)
            order = await decide.approve(desk, signal_id, by=operator(request), account=account)
        except DeskError as refusal:
            refused += 1
            lines.append(f"✖ {wording.capital(str(refusal))}\n")
        else:
            went += 1
            what = f"{order.side.value} {wording.quantity(order.quantity)} {order.symbol}"
            lines.append(f"✔ {wording.capital(what)}\n")
    title = f"{wording.number_of(went, 'signal')} approved, {refused} refused"
    said = message(bold(title), "\n\n", *lines[:MOST])
    await notices.answer(desk, request, said, edits=edits)


async def _account(desk: Desk, signal: Signal, known: dict[str, Account]) -> Account:
    """Each broker is asked once."""
    broker = desk.broker_of(desk.instrument(signal.symbol))
    if broker.name not in known:
        known[broker.name] = await clearing.account_of(broker)
    return known[broker.name]


def _value(intent: Intent) -> Decimal:
    return intent.quantity * intent.price * intent.instrument.multiplier


def _what(intent: Intent) -> str:
    size = wording.quantity(intent.quantity)
    return f"{wording.capital(intent.side.value)} {size} {intent.instrument.symbol}"
