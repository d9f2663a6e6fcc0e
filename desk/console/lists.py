"""The verbs about instruments: the watchlist, the blacklist, the universes."""

from collections.abc import Sequence
from difflib import get_close_matches

from desk import lists, locks, notices, rights, universes, wording
from desk.console.deciding import pressed
from desk.console.replies import columns, confirm, operator, page_of, turns
from desk.desk import Desk
from desk.lists import Name
from trading.errors import BadCommand
from trading.facts import Request
from trading.locks import Scope
from trading.messages import Message, Span, bold, message, table
from trading.orders import AT_BROKER, Order, OrderState
from trading.signals import Signal, SignalState
from trading.types import Instrument, Target
from trading.universes import BLACKLIST, WATCHLIST, Listing

PAGE = 10  # instruments of a list, two lines each
MEMBERS = 20  # of a universe, one line each
USE = {
    WATCHLIST: "A strategy whose universe is `watchlist` enters only these.",
    BLACKLIST: "No entry is proposed or sent; exits always may go.",
}


async def watchlist(desk: Desk, request: Request) -> None:
    match _lowered(request.args):
        case ("add", *words):
            chosen = [instrument(desk, word) for word in _some(words, WATCHLIST)]
            new = await lists.put(desk, WATCHLIST, _symbols(chosen), by=operator(request))
            await _answer_changed(desk, request, "On the watchlist", new, "on the watchlist")
        case ("remove", *words):
            symbols = await _on(desk, WATCHLIST, words)
            gone = await lists.take_off(desk, WATCHLIST, symbols, by=operator(request))
            await _answer_changed(desk, request, "Off the watchlist", gone, "off the watchlist")
        case _:
            await _show(desk, request, WATCHLIST)


async def blacklist(desk: Desk, request: Request) -> None:
    """Safer at once; letting an instrument in again is asked twice."""
    match _lowered(request.args):
        case ("add", *words):
            await _put(desk, request, _some(words, BLACKLIST))
        case ("remove", *words, "yes"):
            symbols = await _on(desk, BLACKLIST, words)
            gone = await lists.take_off(desk, BLACKLIST, symbols, by=operator(request))
            await _answer_changed(desk, request, "Off the blacklist", gone, "off the blacklist")
            await _tell_others(desk, request, "taken off the blacklist", gone)
        case ("remove", *words):
            await _ask_to_remove(desk, request, await _on(desk, BLACKLIST, words))
        case (word, *_) if desk.instruments.find(word.upper()) is not None:
            await rights.require_trader(desk, operator(request))  # as `add` takes one
            await _put(desk, request, request.args)
        case _:
            await _show(desk, request, BLACKLIST)


async def universe(desk: Desk, request: Request) -> None:
    """Its members page by page; without a name, what universes there are."""
    if not request.args:
        await notices.answer(desk, request, await _universes(desk))
        return
    found = await universes.members(desk, request.args[0].lower())
    one = found.universe
    pages = max(1, -(-len(found.symbols) // MEMBERS))
    page = min(max(page_of(request, 1), 1), pages)
    values = found.computed.values if found.computed else {}
    rows = []
    for symbol in found.symbols[(page - 1) * MEMBERS : page * MEMBERS]:
        known = desk.instruments.find(symbol)
        name = known.name if known else ""
        value = traded(values[symbol]) if symbol in values else ""
        rows.append((symbol[:13], name[: 32 - max(5, len(symbol[:13])) - 7], value))
    users = [plan.strategy for plan in desk.plans.values() if plan.universe == one.name]
    lines = [f"{wording.capital(one.rule)}. Used by {', '.join(users) or 'no strategy'}."]
    if found.computed:
        day = wording.short_day(found.computed.session)
        currency = one.currency or desk.currency
        lines.append(f"Median value a session to {day}, in {currency}; chosen again every week.")
    elif one.top:
        lines.append("Not computed yet: the next scan that uses it does it.")
    title = bold(f"{one.name}: {_many(found.symbols)}")
    parts: list[str | Span] = [title, "\n" + "\n".join(lines) + "\n"]
    parts += [table(columns(rows, left=2))] if rows else []
    parts += [f"\nPage {page} of {pages}"] if pages > 1 else []
    buttons = turns("universe", page, pages, one.name)
    await notices.answer(desk, request, message(*parts, buttons=buttons), edits=pressed(request))


async def _universes(desk: Desk) -> Message:
    parts: list[str | Span] = []
    for name in (*desk.universes, WATCHLIST):
        found = await universes.members(desk, name)
        parts += [
            bold(name),
            f" · {_many(found.symbols)}\n{wording.capital(found.universe.rule)}\n\n",
        ]
    free = [plan.strategy for plan in desk.plans.values() if not plan.universe]
    if free:
        parts.append(f"Without a universe, and so free to enter the whole book: {', '.join(free)}.")
    parts.append("\n/universe NAME lists the members.")
    return message(*parts)


async def _show(desk: Desk, request: Request, name: Name) -> None:
    if request.args and not request.args[0].isdigit():
        raise BadCommand(f"{request.args[0][:20]!r}? Say /{name} add AAPL or /{name} remove AAPL")
    rows = list((await lists.on_list(desk, name)).values())
    if not rows:
        text = f"Nothing is on the {name}. /{name} add AAPL puts something there."
        text += await _for_a_while(desk) if name == BLACKLIST else ""
        await notices.answer(desk, request, text)
        return
    pages = -(-len(rows) // PAGE)
    page = min(max(page_of(request, 0), 1), pages)
    title = bold(f"{name.capitalize()}: {_many(rows)}")
    parts: list[str | Span] = [title, f"\n{USE[name]}\n"]
    for row in rows[(page - 1) * PAGE : page * PAGE]:
        known = desk.instruments.find(row.symbol)
        company = f" · {known.name}" if known and known.name else ""
        when = wording.short_day(desk.local(row.at))
        reason = f": {row.reason}" if row.reason else ""
        by = lists.who(desk, row, reader=request.operator)
        parts += ["\n", bold(row.symbol), f"{company}\nby {by}, {when}{reason}\n"]
    parts += [f"\nPage {page} of {pages}"] if pages > 1 else []
    parts += [await _for_a_while(desk)] if name == BLACKLIST else []
    said = message(*parts, buttons=turns(name, page, pages))
    await notices.answer(desk, request, said, edits=pressed(request))


async def _put(desk: Desk, request: Request, words: Sequence[str]) -> None:
    """On the blacklist for good; with an end, a lock that ends by itself."""
    chosen, reason = _with_reason(desk, words)
    if not reason.lower().startswith("until"):
        await _bar(desk, request, _symbols(chosen), reason)
        return
    until, why = locks.read_end(desk, reason.split())
    said = f"blacklisted: {why}" if why else "blacklisted"
    made = [
        await locks.add(desk, Scope(symbol=one.symbol), until, said, operator(request))
        for one in chosen
    ]
    lines = f"\n{', '.join(_symbols(chosen))} {locks.until(desk, made[0])}. {USE[BLACKLIST]}"
    text = message(bold("Blacklisted by you"), lines + "\n/locks shows it.")
    await notices.answer(desk, request, text)


async def _for_a_while(desk: Desk) -> str:
    """What is blacklisted until an end."""
    found = [
        f"{scope.symbol} {locks.until(desk, lock)}"
        for lock in await locks.standing(desk)
        if (scope := Scope.parse(lock.scope)) == Scope(symbol=scope.symbol) and scope.symbol
    ]
    return f"\nFor a while, in /locks: {'; '.join(found)}." if found else ""


async def _bar(desk: Desk, request: Request, symbols: Sequence[str], reason: str) -> None:
    new = await lists.put(desk, BLACKLIST, symbols, by=operator(request), reason=reason)
    if not new:
        text = f"{', '.join(symbols)}: on the blacklist already; nothing was changed."
        await notices.answer(desk, request, text)
        return
    lines = [_companies(desk, new), USE[BLACKLIST]]
    if reason:
        lines.insert(1, f"Reason: {reason}")
    chosen = tuple(symbols)
    waiting = await desk.journal.count(
        Signal, symbol__in=chosen, state=SignalState.PENDING, target__not=Target.FLAT
    )
    planned = await desk.journal.count(
        Order, symbol__in=chosen, state=OrderState.PLANNED, reduce_only=False
    )
    sent = await desk.journal.read(
        Order, symbol__in=chosen, state__in=tuple(AT_BROKER), reduce_only=False
    )
    if waiting or planned:
        counts = (waiting, "waiting signal"), (planned, "approved order")
        refused = [wording.count(number, noun) for number, noun in counts if number]
        lines.append(f"Will be refused: {', '.join(refused)}.")
    if sent:
        names = ", ".join(f"{o.side.value} {wording.quantity(o.quantity)} {o.symbol}" for o in sent)
        lines.append(f"Already at the broker: {names}.")
    rest = "\n" + "\n".join(lines)
    await notices.answer(desk, request, message(bold("Blacklisted by you"), rest))
    await _tell_others(desk, request, "blacklisted", new, f": {reason}" if reason else "")


async def _ask_to_remove(desk: Desk, request: Request, symbols: Sequence[str]) -> None:
    there = await lists.on_list(desk, BLACKLIST)
    rows = [there[symbol] for symbol in symbols if symbol in there]
    if not rows:
        text = f"{', '.join(symbols)}: not on the blacklist; nothing was changed."
        await notices.answer(desk, request, text)
        return
    why = "\n".join(f"{row.symbol} was {lists.why(desk, row)}." for row in rows)
    names = [row.symbol for row in rows]
    label = f"Allow {names[0] if len(names) == 1 else len(names)}"
    said = message(
        bold(f"Let {', '.join(names)} be entered again?"),
        f"\n{why}",
        buttons=confirm(label, BLACKLIST, "remove", *names),
    )
    await notices.answer(desk, request, said)


async def _answer_changed(
    desk: Desk, request: Request, title: str, rows: Sequence[Listing], already: str
) -> None:
    if not rows:
        text = f"Nothing was changed: all of it is {already} already."
        await notices.answer(desk, request, text, edits=pressed(request))
        return
    said = message(bold(title), f"\n{_companies(desk, rows)}")
    await notices.answer(desk, request, said, edits=pressed(request))


async def _tell_others(
    desk: Desk, request: Request, done: str, rows: Sequence[Listing], more: str = ""
) -> None:
    if rows:
        names = ", ".join(row.symbol for row in rows)
        who = desk.operator_name(request.operator)
        said = message(bold(f"{names} {done} by {who}"), more)
        await notices.tell(desk, said, but=request.operator)


def instrument(desk: Desk, word: str) -> Instrument:
    """Raises BadCommand naming the nearest, by symbol or by company."""
    found = desk.instruments.find(word.strip(",;:").upper())
    if found is None:
        near = nearest(desk, word)
        hint = f"nearest: {', '.join(near)}" if near else "/universe lists what there is"
        raise BadCommand(f"no instrument called {word[:20]!r}; {hint}")
    return found


def nearest(desk: Desk, word: str) -> list[str]:
    """At most three instruments whose symbol or company is like `word`: "AAPL (Apple Inc.)"."""
    keys: dict[str, Instrument] = {}
    for one in desk.instruments.all():
        company = one.name.lower()
        for key in (company.partition(" ")[0].strip(",."), company, one.symbol.lower()):
            keys[key] = one
    keys.pop("", None)
    close = get_close_matches(word.strip(",;:").lower(), keys, n=6)
    found = {keys[key].symbol: keys[key] for key in close}
    return [_company(one) for one in list(found.values())[:3]]


def _with_reason(desk: Desk, words: Sequence[str]) -> tuple[list[Instrument], str]:
    """The symbols a command begins with, and the words after them. What is written like the first
    symbol, in capitals or not, and is or nearly is one, is meant as one; else the reason begins."""
    chosen = [instrument(desk, words[0])]
    capitals = words[0].isupper()
    for place, word in enumerate(words[1:], 1):
        meant = word.isupper() == capitals
        known = desk.instruments.find(word.strip(",;:").upper())
        if meant and known is not None:
            chosen.append(known)
            continue
        symbols = [one.symbol.lower() for one in desk.instruments.all()]
        if meant and (capitals or get_close_matches(word.lower(), symbols, n=1, cutoff=0.8)):
            instrument(desk, word)  # a misspelt one: says so
        return chosen, " ".join(words[place:])[:200]
    return chosen, ""


async def _on(desk: Desk, name: Name, words: Sequence[str]) -> list[str]:
    """The symbols these words mean; one on the list may have left the book meanwhile."""
    there = await lists.on_list(desk, name)
    return [
        word.upper() if word.upper() in there else instrument(desk, word).symbol
        for word in _some(words, name)
    ]


def _lowered(args: Sequence[str]) -> tuple[str, ...]:
    return (*(word.lower() for word in args[:1]), *args[1:])


def _some(words: Sequence[str], name: Name) -> Sequence[str]:
    if not words:
        raise BadCommand(f"which instruments? For example: /{name} add AAPL MSFT")
    return words


def _symbols(chosen: Sequence[Instrument]) -> list[str]:
    return [one.symbol for one in chosen]


def _company(one: Instrument) -> str:
    return f"{one.symbol} ({one.name})" if one.name else one.symbol


def _companies(desk: Desk, rows: Sequence[Listing]) -> str:
    known = [desk.instruments.find(row.symbol) for row in rows]
    return ", ".join(_company(one) for one in known if one is not None)


def traded(value: float) -> str:
    """At most six characters: `9.8B`, `123M`, `45k`."""
    for size, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            scaled = value / size
            return f"{scaled:.1f}{unit}" if scaled < 100 else f"{scaled:,.0f}{unit}"
    return f"{value:.0f}"


def _many(rows: Sequence[object]) -> str:
    return wording.count(len(rows), "instrument")
