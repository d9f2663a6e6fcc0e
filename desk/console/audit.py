"""/audit: who did what, newest first, a page at a time; of a person, a signal or a day."""

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

from desk import audit as chain
from desk import crew, notices, wording
from desk.console.asked import page, words
from desk.console.deciding import pressed
from desk.console.replies import WIDTH
from desk.console.tables import at_page, folded, paged, turns
from desk.desk import Desk
from trading.audit import Deed
from trading.errors import BadCommand, DeskError
from trading.facts import Request
from trading.messages import bold, code, message, table

EXAMPLE = "/audit, /audit Bob, /audit 17 or /audit 2026-02-03"
OF_A_PAGE = 6
MOST = 1_000  # deeds looked through for a person or a signal
MARKS = {"done": "", "refused": "✖ ", "failed": "⚠ "}


async def audit(desk: Desk, request: Request) -> None:
    """Raises BadCommand for a word that is no operator, signal or day."""
    given = words(request)
    if len(given) > 1:
        raise BadCommand(f"one of a person, a signal or a day; for example: {EXAMPLE}")
    title, found = await _found(desk, given[0] if given else "")
    number, _ = await chain.head(desk.journal)
    if not found:
        await notices.answer(desk, request, f"{title}: nothing is on record.")
        return
    part, shown, pages = paged(found, page(request), OF_A_PAGE)
    lines = "\n".join("\n".join(_entry(desk, deed)) for deed in part)
    said = message(
        bold(title),
        "\n",
        table(lines),
        f"\n{at_page(shown, pages)}{wording.number_of(number, 'deed')} in the chain; ",
        code("quarterdeck audit verify"),
        f" tries it. Times {wording.place(desk.calendar.zone)}.",
        buttons=turns("audit", shown, pages, *given),
    )
    await notices.answer(desk, request, said, edits=pressed(request))


async def _found(desk: Desk, word: str) -> tuple[str, Sequence[Deed]]:
    """What to call them, and the deeds, newest first."""
    read = desk.journal.read
    if not word:
        return "Audit", await read(Deed, order="-number", limit=MOST)
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", word, re.ASCII):
        first, last = _day(desk, word)
        deeds = await read(Deed, order="-number", at__gte=first, at__lt=last)
        return f"Audit of {word}", deeds
    number = word.lstrip("#")
    if number.isascii() and number.isdigit() and desk.operator(int(number[:18])) is None:
        deeds = await read(Deed, order="-number", subjects__not="")
        return f"Audit of signal {number}", [d for d in deeds if chain.concerns(d, int(number))]
    try:
        who = crew.named(desk, word)
    except DeskError as error:
        raise BadCommand(f"{error}; for example: {EXAMPLE}") from None
    deeds = await read(Deed, order="-number", who=f"operator:{who.id}", limit=MOST)
    return f"Audit of {who.name}", deeds


def _day(desk: Desk, word: str) -> tuple[datetime, datetime]:
    """From and until when that day was, in the exchange's zone."""
    try:
        day = date.fromisoformat(word)
    except ValueError:
        raise BadCommand(f"{word} is no day; for example: {EXAMPLE}") from None
    midnight = datetime.combine(day, time(), desk.zone)
    return midnight, datetime.combine(day + timedelta(days=1), time(), desk.zone)


def _entry(desk: Desk, deed: Deed) -> list[str]:
    """ "#41 3 Feb 09:31:07 Ann" and below what was asked and what came of it."""
    when = desk.local(deed.at)
    head = f"#{deed.number} {when.day} {when:%b %H:%M:%S} {doer(desk, deed)}"
    asked = " ".join((f"/{deed.verb}", *deed.args)) if deed.source != "desk" else deed.verb
    by = " (button)" if deed.detail.get("pressed") else ""
    seen = first_line(deed.shown)
    lines = [head[:WIDTH], *folded("", f"{asked}{by}"[:100])]
    if seen:
        lines += folded(" saw", seen)[:2]
    return [*lines, *folded(" →", came_of(deed))]


def doer(desk: Desk, deed: Deed) -> str:
    """ "Ann", "mean_reversion", "command line"."""
    kind, _, rest = deed.who.partition(":")
    if kind == "operator" and rest.isdigit():
        return str(deed.detail.get("name") or desk.operator_name(int(rest)))
    return rest or kind


def came_of(deed: Deed) -> str:
    """What happened, in some words."""
    mark = MARKS.get(deed.outcome, "")
    stands = [
        f"signal {subject.partition(':')[2]} {facts['state']}"
        + (f", order {facts['order']}" if "order" in facts else "")
        for subject, facts in deed.detail.items()
        if subject.startswith("signal:") and isinstance(facts, dict) and "state" in facts
    ]
    said = first_line(deed.said) if deed.said else ""
    return f"{mark}{said or '; '.join(stands) or deed.outcome}"[:140]


def first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:80]
