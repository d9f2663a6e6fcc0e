"""Modes: who decides a strategy's signals, and the window in which a veto may come.

A veto's window begins when Telegram has taken the signal's card; its end is a column, swept from
the database. Whatever speaks against letting it pass in silence (the card was not delivered, the
voice was away, a check fails, trading is halted) makes the signal manual, and that is told.
"""

from datetime import datetime, timedelta

from desk import chosen, notices, preferences, wording
from desk.beats import TELEGRAM
from desk.decide import UNVETOED, approve
from desk.desk import Desk, Plan
from trading.errors import DeskError
from trading.facts import Cursor, Notice, NoticeState, Request, RequestState
from trading.messages import bold, message
from trading.people import Role
from trading.signals import Signal, SignalState
from trading.types import Mode

#: Telegram's answers are noted about once a minute, and one poll may wait for half of one.
HEARD = timedelta(minutes=3)

#: Recorded and not carried out yet, each of these goes before a window that has ended.
FIRST = ("reject", "approve", "mode", "halt", "squareoff", "reduce")


def asked_for(strategy: str) -> str:
    """The preference under which the next mode was suggested."""
    return f"suggested:{strategy}"


def word(plan: Plan) -> str:
    """Who decides: "you", "veto, 10 minutes", "auto"."""
    if plan.mode is Mode.VETO:
        return f"veto, {wording.lasted(plan.veto_window)}"
    return "you" if plan.mode is Mode.MANUAL else plan.mode.value


async def choose(desk: Desk, strategy: str, mode: Mode, *, by: str, why: str) -> None:
    """Who decides from now on, in every process. Towards manual it also takes over what waits for
    its window to end; `why` says so on those cards."""
    async with desk.journal.transaction():
        await preferences.choose(desk, f"mode:{strategy}", mode.value, by=by)
        await preferences.choose(desk, asked_for(strategy), "", by=by)
        if mode is Mode.MANUAL:
            for signal in await desk.journal.read(
                Signal, strategy=strategy, state=SignalState.PENDING, mode=Mode.VETO
            ):
                await _to_manual(desk, signal, why)
    await chosen.refresh(desk)
    await desk.bell.ring("postman")


async def since(desk: Desk, strategy: str) -> datetime | None:
    """The wall time its mode was last chosen in a chat or taken back; None where it is the
    settings'."""
    rows = await preferences.chosen(desk.journal, "mode:")
    return rows[strategy].at if strategy in rows else None


async def shown(desk: Desk, signal_id: int, reader: int) -> None:
    """Telegram has taken the card: the window begins with the first reader who may veto."""
    signal = await desk.journal.first(Signal, id=signal_id)
    if signal is None or not _waits(signal) or signal.veto_until is not None:
        return
    person = desk.operator(reader)
    if person is None or not person.role.may(Role.TRADER):
        return
    until = desk.wall.now() + timedelta(seconds=signal.window)
    async with desk.journal.transaction():
        if await desk.journal.move(signal, veto_until=until) is not None:
            await notices.tell_changed(desk, "card", [notices.card_subject(signal_id)])


async def veto_due(desk: Desk) -> int:
    """Approve what nobody vetoed in its window, once, through every check as it is now; returns
    how many. What a person asked for meanwhile goes first."""
    waiting = await desk.journal.read(Signal, state=SignalState.PENDING, mode=Mode.VETO)
    done = 0
    for signal in waiting:
        if desk.shift.is_over:
            break
        if (reason := await _against(desk, signal)) is not None:
            await hand_over(desk, signal, reason)
        elif signal.veto_until is not None and signal.veto_until <= desk.wall.now():
            if await _asked_meanwhile(desk):
                break
            done += await _pass(desk, signal)
    return done


async def _pass(desk: Desk, signal: Signal) -> bool:
    try:
        await approve(desk, signal.id, by=UNVETOED)
    except DeskError as refusal:
        await hand_over(desk, signal, str(refusal))
        return False
    return True


async def hand_over(desk: Desk, signal: Signal, reason: str) -> None:
    """From now on only a press decides it, and operators are told why; nothing where somebody
    decided it meanwhile."""
    async with desk.journal.transaction():
        current = await desk.journal.first(Signal, id=signal.id)
        if current is None or not _waits(current) or not await _to_manual(desk, current, reason):
            return
        said = message(
            bold(f"Signal {signal.id} ({signal.symbol}) waits for you"),
            f"\n{signal.strategy} does not execute it by itself: {reason}.",
        )
        await notices.tell(desk, said)
    await desk.bell.ring("postman")


async def _to_manual(desk: Desk, signal: Signal, reason: str) -> bool:
    moved = await desk.journal.move(
        signal, mode=Mode.MANUAL, window=0, veto_until=None, note=reason[:400]
    )
    if moved is not None:
        await notices.tell_changed(desk, "card", [notices.card_subject(signal.id)])
    return moved is not None


def _waits(signal: Signal) -> bool:
    return signal.state is SignalState.PENDING and signal.mode is Mode.VETO


async def _against(desk: Desk, signal: Signal) -> str | None:
    """Why its window may not decide it; None while it may."""
    now, window = desk.wall.now(), timedelta(seconds=signal.window)
    if signal.veto_until is None:
        cards = await desk.journal.read(
            Notice, kind="card", subject=notices.card_subject(signal.id)
        )
        if all(card.state is NoticeState.FAILED for card in cards):
            return "its card could not be delivered"
        first = min(card.created_at for card in cards)
        if now - first > window:
            return f"its card was not delivered within {wording.lasted(window)}"
        return None
    if signal.veto_until - now > signal.expires_at - desk.market.now():
        return "it expires before its window would end"
    if signal.veto_until > now:
        return None
    reached = await desk.journal.first(Cursor, name=TELEGRAM)
    if reached is not None:
        heard = datetime.fromisoformat(reached.value.split()[0])
        if heard < signal.veto_until - HEARD:
            return "Telegram was out of reach, so that no veto could have come"
    return None


async def _asked_meanwhile(desk: Desk) -> bool:
    return bool(await desk.journal.count(Request, state=RequestState.NEW, verb__in=FIRST))
