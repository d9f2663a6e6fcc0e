"""Telegram as the adversary: updates no code expects, floods refused, hours of silence."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.reach import LONG
from desk import decide, notices
from tests.faults.clock import patient
from tests.faults.house import House
from tests.faults.mutation import is_ours, mutated
from tests.faults.row import RATE, Case, Figures, Row
from tests.faults.template import AUTO, MANUAL
from tests.faults.traffic import Traffic
from trading.facts import Lane, Notice, NoticeState, Request, RequestState
from trading.messages import bold, message

ANN, BOB = 1, 2
PAGE = 200  # mutated updates between two good ones
ANSWERED = 5.0  # seconds within which the next good update is answered
WITHIN = 2.0  # wall seconds after `retry_after` within which a critical notice is sent
LOOK = 0.1  # seconds that we may have noticed a 429 late
BETWEEN = 2  # digests that go out between two storms
DIGESTS = 500  # that are queued before it
HOURLY = {Lane.CRITICAL: 12, Lane.NORMAL: 40, Lane.DIGEST: 20}  # texts an hour of absence
MOST_AFTER = 14  # new messages to one reader after six hours of them


async def until(condition: Any, within: float) -> float:
    """Seconds of the machine it took; TimeoutError after `within`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > within:
            raise TimeoutError
        await asyncio.sleep(0.02)
    return time.monotonic() - began


async def updates(case: Case) -> Figures:
    figures, slowest = Figures(), 0.0
    async with case.house(workers=1, operators=(ANN, BOB)) as house:
        phone, sent = house.phone, dict[str, dict[str, Any]]()
        while figures.faults < case.count:
            for _ in range(min(PAGE, case.count - figures.faults)):
                raw = mutated(case.random, (ANN,), "/help")
                sent[str(phone.faults.inject(raw))] = raw
                figures.faults += 1
            phone.say(BOB, "/health")  # all that he ever says
            try:
                took = await until(_answered(house), 4 * ANSWERED)
            except TimeoutError:
                figures.broken.append(f"a good update behind {figures.faults} was not answered")
                break
            slowest = max(slowest, took)
        await house.settle(within=2000)
        rows = {r.source_id: r for r in await house.journal.read(Request, source="telegram")}
        kept = sum(row.verb == "undecodable" for row in rows.values())
        gone = [n for n, raw in sent.items() if n not in rows and is_ours(raw, (ANN,))]
        figures.orders, figures.lost, figures.slowest = len(sent), len(gone), slowest
        figures.more |= {"recorded": float(len(rows) - kept), "kept": float(kept)}
        figures.more["refused"] = len(sent.keys() - rows.keys())
        if gone:
            figures.broken.append(
                f"{len(gone)} of an operator neither recorded nor kept: {gone[:3]}"
            )
        if slowest > ANSWERED:
            figures.broken.append(f"a good update was answered after {slowest:.1f} s")
        if phone.updates.pending:
            figures.broken.append(f"{len(phone.updates.pending)} updates never confirmed")
        open_ = [r.id for r in rows.values() if r.state is RequestState.NEW]
        if open_:
            figures.broken.append(f"{len(open_)} requests never handled")
        if house.parts["bot"].lives != 1:
            figures.broken.append("the bot died of an update")
        figures.broken += house.crashes[:3]
    return figures


def _answered(house: House) -> Callable[[], bool]:
    """Whether one more answer came to /health."""

    def answers() -> int:
        return sum("Trading is" in m.words for m in house.hand.shown.values())

    before = answers()
    return lambda: answers() > before


async def storm(case: Case) -> Figures:
    """Each flood is answered 429; a critical notice written meanwhile goes first when it ends."""
    figures, worst = Figures(), 0.0
    async with case.house(workers=1) as house:
        phone, desk = house.phone, house.desk
        phone.faults.limits.turn_on(per_chat=1.0, burst=5.0)
        async with desk.journal.transaction():
            for n in range(DIGESTS):
                await notices.tell(desk, message(f"Digest {n}"), lane=Lane.DIGEST)
        for n in range(case.count):
            before = len(house.hand.shown)
            await until(lambda low=before: len(house.hand.shown) >= low + BETWEEN, 20)
            asked = case.random.randint(2, 6)
            phone.faults.flood(1, retry_after=asked, method="sendMessage")
            await desk.bell.ring("postman")
            await until(lambda: phone.faults.waiting == 0, 20)
            ends = house.wall.timestamp() + asked
            await asyncio.sleep(case.random.random() * asked * 0.8)
            await notices.tell(desk, message(bold(f"Alarm {n}")), lane=Lane.CRITICAL)
            await desk.bell.ring("postman")
            place = await _came(house, f"Alarm {n}", asked + 20)
            late = house.hand.came[place] - ends
            worst = max(worst, late)
            figures.faults += 1
            if late > WITHIN:
                figures.broken.append(f"alarm {n} came {late:.1f} s after retry_after")
            if late < -LOOK:
                figures.broken.append(f"alarm {n} came {-late:.1f} s before Telegram allowed it")
        rows = await house.journal.read(Notice, lane=Lane.DIGEST)
        shown = {m.words for m in house.hand.shown.values()}
        lost = [r.id for r in rows if r.state is NoticeState.FAILED]
        lost += [
            r.id for r in rows if r.state is NoticeState.SENT and r.body["text"][0][0] not in shown
        ]
        twice = Counter(m.words for m in house.hand.shown.values())
        figures.orders, figures.slowest, figures.lost = len(rows), worst, len(lost)
        figures.doubled = sum(times > 1 for times in twice.values())
        refused = sum(call.outcome.startswith("429") for call in phone.calls)
        figures.more |= {"digests_sent": float(len(shown) - case.count), "refused": float(refused)}
        if lost or figures.doubled or len(rows) != DIGESTS:
            figures.broken.append(f"{len(lost)} digests lost, {figures.doubled} doubled")
        figures.broken += house.crashes
    return figures


async def _came(house: House, words: str, within: float) -> tuple[int, int]:
    found: list[tuple[int, int]] = []

    def there() -> bool:
        found[:] = [place for place, m in house.hand.shown.items() if words in m.words]
        return bool(found)

    await until(there, within)
    return found[0]


async def away(case: Case) -> Figures:
    """`case.count` hours of silence over a desk that goes on trading."""
    patient(case.rate)
    try:
        return await _away(case)
    finally:
        patient(RATE)


async def _away(case: Case) -> Figures:
    figures = Figures(faults=case.count)
    async with case.house(workers=1) as house:
        phone = house.phone
        phone.events.listeners.remove(house.hand._heard)
        traffic = Traffic(house)
        traffic.batch = 6
        standing = await traffic.propose(MANUAL, await traffic._next())
        unseen = await traffic._next()
        await until(lambda: len(_cards(house)) == len(standing), 20)
        await house.settle()
        phone.events.listeners.append(house.hand._heard)
        seen = len(phone.messages(ANN))
        left = house.wall
        phone.faults.go_away()
        for verb in ("pnl", "orders", "pnl-again"):
            await _asked(house, verb)
        texts = await _meanwhile(case, house, traffic, [s.id for s in standing], unseen)
        back = house.wall
        phone.faults.come_back()
        took = await house.settle(within=3600)
        after = [m for m in phone.messages(ANN)[seen:] if m.from_bot]
        rows = await house.journal.read(Notice)
        alerts = texts[Lane.CRITICAL]
        lost = [text for text in alerts if sum(text in m.words for m in after) < 1]
        twice = [text for text in alerts if sum(text in m.words for m in after) > 1]
        figures.orders, figures.lost, figures.doubled = len(rows), len(lost), len(twice)
        figures.slowest = took
        hours = (back - left).total_seconds() / 3600
        figures.more |= {"hours": hours, "messages_after": float(len(after))}
        figures.more |= {
            "alerts": float(len(alerts)),
            "texts": float(sum(map(len, texts.values()))),
        }
        _judge(house, figures, after, rows)
        if took is None:
            figures.broken.append("not settled an hour after its return")
        for what, which in (("alerts lost", lost), ("alerts told twice", twice)):
            if which:
                figures.broken.append(f"{len(which)} {what}: {which[:3]}")
        figures.broken += house.crashes
    return figures


def _cards(house: House) -> list[Any]:
    return [m for m in house.phone.messages(ANN) if "Approve" in [b.text for b in m.buttons]]


async def _meanwhile(
    case: Case, house: House, traffic: Traffic, standing: list[int], unseen: Any
) -> dict[Lane, list[str]]:
    """What is told while nobody can be reached: alerts, texts, digests, fills of cards that stand,
    fills nobody saw the card of, cards that come and go."""
    desk = house.desk
    texts: dict[Lane, list[str]] = {lane: [] for lane in Lane}
    end = house.wall + timedelta(hours=case.count)
    begun = house.wall
    gone = await traffic.propose(MANUAL, unseen)
    acts: list[Callable[[], Awaitable[object]]] = [
        *[lambda n=n: decide.approve(desk, n, by="operator:1") for n in standing[:3]],
        *[lambda n=n: decide.reject(desk, n, by="operator:1") for n in standing[3:]],
        *[lambda s=s: decide.reject(desk, s.id, by="operator:1") for s in gone[:-1]],
    ]
    proposed = False
    while (now := house.wall) < end:
        done = (now - begun) / (end - begun)
        for lane, hourly in HOURLY.items():
            while len(texts[lane]) < hourly * case.count * done:
                text = f"{lane.name.title()} {len(texts[lane])} of {now:%H:%M:%S}."
                body = message(bold(text), "\nWith a line that says what to do about it.")
                texts[lane].append(text)
                await notices.tell(desk, body, lane=lane)
        if acts and done > 0.2:
            await acts.pop()()
        if not proposed and done > 0.4:
            proposed = True
            await traffic.propose(AUTO, await traffic._next())
            await desk.bell.ring("orders")
        await desk.bell.ring("postman")
        await asyncio.sleep(0.1)
    return texts


async def _asked(house: House, verb: str) -> None:
    """A command that came before the silence, answered within it."""
    asked = Request("telegram", f"before-{verb}", verb, house.wall, recipient=ANN, operator=ANN)
    [request] = await house.journal.append([replace(asked, state=RequestState.DONE)])
    await notices.answer(house.desk, request, f"Answer to {verb} as of then.")


def _judge(house: House, figures: Figures, after: list[Any], rows: list[Notice]) -> None:
    """Few messages, nothing outdated with live buttons, every row accounted for."""
    live = [
        m.words[:60]
        for m in _cards(house)
        if any(word in m.words for word in ("Rejected", "Filled", "Expired", "Withdrawn"))
    ]
    stuck = [r.id for r in rows if r.state in (NoticeState.DUE, NoticeState.FAILED)]
    digests = [m for m in after if m.words.startswith("While Telegram was out of reach")]
    flat = [m for m in after if m.words.startswith(("Normal ", "Digest ", "Answer to "))]
    for wrong, said in (
        (len(after) > MOST_AFTER, f"{len(after)} new messages after the return"),
        (len(digests) != 1, f"{len(digests)} messages of what was missed"),
        (bool(flat), f"{len(flat)} texts came one by one"),
        (bool(live), f"outdated cards with live buttons: {live[:3]}"),
        (bool(stuck), f"{len(stuck)} notices never settled: {stuck[:5]}"),
        (not any("Filled" in m.words for m in after), "no fill of an unseen card was told"),
    ):
        if wrong:
            figures.broken.append(said)
    figures.more["long_absence_min"] = LONG.total_seconds() / 60


ROWS = (
    Row(
        "updates",
        "mutated updates, undecodable ones among them",
        "0 unhandled, 0 stalls; the next good update answered within 5 s",
        full=10_000,
        short=400,
        run=updates,
        rate=1.0,
    ),
    Row(
        "storm",
        "429s with 500 digests queued, then one critical notice",
        "critical sent within 2 s of retry_after",
        full=10,
        short=2,
        run=storm,
        rate=1.0,
    ),
    Row(
        "away",
        "hours of Telegram away, over a desk that trades on",
        "0 critical lost, the rest in one message, no flood",
        full=6,
        short=1,
        run=away,
        rate=360.0,
    ),
)
