"""The backlog: what waited too long for its reader comes as a few messages, not as a flood.

Once something has waited LONG for somebody (Telegram was away, or the bot, or the chat was held),
what would be a new message there is bundled: more than FEW critical texts into long messages that
hold every one in full, all else into one message of counts and lines. What only edits a message
that stands, a card still to be decided and a critical text with buttons go as ever.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.letters import MISSED, Letters
from bot.reach import LONG, Absence, Reach
from bot.voice import units
from desk import story, wording
from desk.console import cards
from desk.console.deciding import parse_scan
from desk.desk import Desk
from trading.errors import JournalError
from trading.facts import Lane, Notice, NoticeState, Request
from trading.messages import Button, Message, Span, bold, italic, message
from trading.signals import Signal, SignalState

log = structlog.get_logger(__name__)
FRESH = timedelta(minutes=1)  # younger rows go by themselves: an answer to what was just asked
HELD = timedelta(hours=1)  # what waits longer waits for its reader's morning
FEW = 10  # critical messages that still come one by one
MOST_UNITS = 3800  # of a long message, by Telegram's count of 4,096
MOST_LINES = 20  # of texts
MOST_ENDED = 10  # of signals
MOST_LINE = 90  # characters
IN_FULL = 3  # texts that are told in full


@dataclass(frozen=True, slots=True)
class Bundle:
    """Rows of one reader that one message tells; then they are `state`."""

    rows: tuple[Notice, ...]
    said: Message
    lane: Lane
    state: NoticeState

    @property
    def notice(self) -> Notice:
        """What a letter is sent by: the same message again after a crash, under its first row."""
        first = self.rows[0]
        return Notice(
            first.recipient,
            "text",
            first.created_at,
            subject=f"{MISSED}{first.id}",
            body=self.said.to_json(),
            lane=self.lane,
            id=first.id,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """Rows that one message would show; the newest speaks for all."""

    rows: tuple[Notice, ...]
    said: Message | None = None  # None: told as a card or list that is over
    line: str = ""

    @property
    def newest(self) -> Notice:
        return self.rows[-1]

    @property
    def lane(self) -> Lane:
        return min(row.lane for row in self.rows)

    @property
    def is_loud(self) -> bool:
        """Critical, and to be read in full."""
        return self.lane is Lane.CRITICAL and self.said is not None

    @property
    def at(self) -> datetime:
        return self.rows[0].created_at


@dataclass(slots=True)
class Backlog:
    desk: Desk
    letters: Letters
    reach: Reach

    async def stale(self) -> set[int]:
        """Readers for whom something has waited too long."""
        now = self.desk.wall.now()
        rows = await self.desk.journal.read(
            Notice, state=NoticeState.DUE, created_at__lt=now - LONG
        )
        return {row.recipient for row in rows if row.not_before is None or row.not_before <= now}

    async def bundles(self, readers: Iterable[int]) -> dict[int, Bundle]:
        """What is bundled, by the id of each of its rows. A bundle says what is so now."""
        found: dict[int, Bundle] = {}
        for reader in sorted(readers):
            for bundle in await self._of(reader):
                found |= {row.id: bundle for row in bundle.rows}
        return found

    async def _of(self, reader: int) -> list[Bundle]:
        before = self.desk.wall.now() - FRESH
        rows = await self.desk.journal.read(
            Notice, state=NoticeState.DUE, recipient=reader, created_at__lt=before
        )
        rows = [row for row in rows if row.not_before is None or row.not_before < before + HELD]
        items = [item for group in _grouped(rows) if (item := await self._sound(group)) is not None]
        loud = [item for item in items if item.is_loud]
        quiet = [item for item in items if not item.is_loud]
        bundles = [self._long(part) for part in _parts(loud)] if len(loud) > FEW else []
        if quiet:
            bundles.append(await self._folded(quiet))
        return bundles

    async def _sound(self, rows: Sequence[Notice]) -> Item | None:
        """A row that breaks our code goes by itself, and is given up there."""
        try:
            return await self._item(rows)
        except JournalError:
            raise
        except Exception:
            log.exception("a notice cannot be bundled", notice=rows[-1].id)
            return None

    async def _item(self, rows: Sequence[Notice]) -> Item | None:
        """None for what goes by itself."""
        newest = rows[-1]
        if await self.letters.shown(newest):
            return None
        lane = min(row.lane for row in rows)
        if newest.kind == "card":
            return await self._card(rows, lane)
        if newest.kind == "list":
            strategy, bar = parse_scan(newest.subject)
            waiting = await self.desk.journal.count(
                Signal, strategy=strategy, bar=bar, carded=False, state=SignalState.PENDING
            )
            ended = f"The list of {strategy}: every signal is decided or expired"
            return None if waiting else Item(tuple(rows), line=ended)
        said = Message.from_json(newest.body)
        if lane is Lane.CRITICAL and (said.buttons or units(said.plain) > MOST_UNITS - 100):
            return None
        return Item(tuple(rows), said)

    async def _card(self, rows: Sequence[Notice], lane: Lane) -> Item | None:
        """A card nobody saw and nobody can decide any more: news where it was traded, else a
        line."""
        number = int(rows[-1].subject.partition(":")[2])
        card = await story.card(self.desk, number, reader=rows[-1].recipient)
        if card.signal.state is SignalState.PENDING:
            return None
        if lane is Lane.CRITICAL:
            return Item(tuple(rows), Message(cards.card_message(self.desk, card).text))
        ended = cards.outcome(self.desk, card).partition("\n")[0]
        return Item(tuple(rows), line=f"{cards.headline(card)}: {ended}")

    def _long(self, items: Sequence[Item]) -> Bundle:
        """Critical texts in full, one after another."""
        parts: list[str | Span] = [
            bold(f"{wording.number_of(len(items), 'alert')}, late"),
            f"\nTimes of {wording.place(self.desk.calendar.zone)}.",
        ]
        for item in items:
            assert item.said is not None
            parts += ["\n\n", italic(self._when(item.newest.created_at)), "\n", *item.said.text]
        rows = tuple(row for item in items for row in item.rows)
        return Bundle(rows, message(*parts), Lane.CRITICAL, NoticeState.SENT)

    async def _folded(self, items: Sequence[Item]) -> Bundle:
        """Counts and lines of all that was missed, and buttons that ask anew."""
        rows = tuple(row for item in items for row in item.rows)
        answers = [item for item in items if item.newest.answers is not None]
        told = [item for item in items if item.newest.answers is None]
        counts = [
            _counted(sum(item.said is not None for item in told), "message"),
            _counted(sum(item.said is None for item in told), "signal", "that ended"),
            _counted(len(answers), "answer"),
        ]
        parts: list[str | Span] = [
            bold(self._title(rows)),
            f"\nNot sent one by one: {', '.join(filter(None, counts))}.\n",
        ]
        texts = [item for item in told if item.said is not None]
        size = sum(units(item.said.plain) for item in texts if item.said is not None)
        if len(told) <= IN_FULL and size < MOST_UNITS - 500:
            for item in told:
                body = item.said.text if item.said is not None else (Span(item.line),)
                parts += ["\n", italic(self._when(item.at)), "\n", *body, "\n"]
        else:
            ended = [item for item in told if item.said is None]
            for part, most in ((ended, MOST_ENDED), (texts, MOST_LINES)):
                if part:
                    parts += ["\n", "\n".join(self._lines(part, most)), "\n"]
        if answers:
            parts.append(f"\n{await self._unanswered(answers)}\n")
        if told:
            parts.append(f"\nTimes of {wording.place(self.desk.calendar.zone)}.")
        lane = max(Lane.NORMAL, min(item.lane for item in items))
        said = message(*parts, buttons=_buttons(items))
        return Bundle(rows, said, lane, NoticeState.MERGED)

    def _title(self, rows: Sequence[Notice]) -> str:
        """For how long, as far as that is known."""
        now, oldest = self.desk.wall.now(), min(row.created_at for row in rows)
        away = self.reach.absence
        if away is not None and _covers(away, oldest):
            return f"While Telegram was out of reach ({span(away.until - away.since)})"
        return f"Held up until now ({span(now - oldest)})"

    def _lines(self, items: Sequence[Item], most: int) -> list[str]:
        """One a text, the same ones counted; the newest are kept where there are too many."""
        counts: Counter[str] = Counter()
        first: dict[str, datetime] = {}
        for item in items:
            line = item.line or _first_line(item.said)
            counts[line] += 1
            first.setdefault(line, item.at)
        lines = [
            f"{self._when(first[line])} {line}" + (f" (× {times})" if times > 1 else "")
            for line, times in counts.items()
        ]
        left = len(lines) - most
        return [f"… and {left} before these", *lines[left:]] if left > 0 else lines

    async def _unanswered(self, items: Sequence[Item]) -> str:
        asked: Counter[str] = Counter()
        for item in items:
            request = await self.desk.journal.first(Request, id=item.newest.answers)
            asked[f"/{request.verb}" if request else "a command"] += 1
        names = ", ".join(f"{verb} × {n}" if n > 1 else verb for verb, n in asked.items())
        return f"Answered too late to be true now: {names}. Ask again."

    def _when(self, at: datetime) -> str:
        local, now = self.desk.local(at), self.desk.local(self.desk.wall.now())
        return f"{local:%H:%M}" if local.date() == now.date() else f"{local:%a %H:%M}"


def span(length: timedelta) -> str:
    """`3 h 12 min`, `2 d 4 h`, `14 min`."""
    minutes = int(length.total_seconds() // 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [f"{days} d"] if days else []
    parts += [f"{hours} h"] if hours else []
    parts += [f"{minutes} min"] if minutes and not days else []
    return " ".join(parts) or "less than a minute"


def _covers(away: Absence, at: datetime) -> bool:
    return away.since - FRESH <= at <= away.until


def _grouped(rows: Sequence[Notice]) -> list[list[Notice]]:
    """Rows that one message would show, in the order of their first."""
    groups: dict[tuple[str, str], list[Notice]] = {}
    for row in rows:
        alone = not row.subject or row.edits
        groups.setdefault((row.kind, f"#{row.id}" if alone else row.subject), []).append(row)
    return list(groups.values())


def _parts(items: Sequence[Item]) -> list[list[Item]]:
    """As few as hold every text in full."""
    parts: list[list[Item]] = []
    room = 0
    for item in items:
        assert item.said is not None
        size = units(item.said.plain) + 20  # its time and the empty line
        if size > room:
            parts.append([])
            room = MOST_UNITS - 100
        parts[-1].append(item)
        room -= size
    return parts


def _counted(number: int, noun: str, more: str = "") -> str:
    return f"{wording.number_of(number, noun)} {more}".strip() if number else ""


def _first_line(said: Message | None) -> str:
    line = (said.plain if said else "").strip().partition("\n")[0]
    return line if len(line) <= MOST_LINE else line[: MOST_LINE - 1] + "…"


def _buttons(items: Sequence[Item]) -> list[list[Button]]:
    """What shows how things stand now."""
    rows = [
        [Button("Signals", "signals", once=False), Button("Orders", "orders", once=False)],
        [Button("Positions", "positions", once=False), Button("P&L", "pnl", once=False)],
    ]
    if any(item.lane is Lane.DIGEST for item in items):
        rows.append([Button("Digests", "digest", once=False)])
    return rows


def late(desk: Desk, notice: Notice, said: Message) -> Message:
    """What is shown long after it was written says so; unless it is critical, its buttons are of
    then and stay away."""
    at = desk.local(notice.created_at)
    note = f"\nLate: of {wording.moment(at)} {wording.place(desk.calendar.zone)}"
    buttons = said.buttons if notice.lane is Lane.CRITICAL else ()
    return message(*said.text, italic(note), buttons=buttons)
