"""Whether the stored bars, the recorded parameters and today's code give a signal again."""

from collections.abc import Mapping
from math import isclose
from typing import Any

from desk import recipe
from desk.propose import nearest_tick, utc
from market.panel import Panel
from market.resample import SESSIONS, opened, resampled
from market.store import BarStore
from strategies.answers import bars_needed, last_answers
from strategies.params import parameters, with_params
from trading.bars import Answer, Strategy
from trading.errors import ConfigError, DataError
from trading.ports import Calendar
from trading.signals import Signal
from trading.types import Instrument, Moment, Target
from worker import pictures

CLOSE = 1e-9  # features and strength are the same within so much, relative


def differences(
    signal: Signal,
    made: Mapping[str, Any],
    strategy: Strategy,
    instrument: Instrument,
    store: BarStore,
    calendar: Calendar,
) -> list[str]:
    """What is otherwise now, a clause each; [] where the same signal comes again. `made` is the
    recorded recipe, {} where none was. Raises DataError for a signal no rules gave."""
    if signal.leg:
        raise DataError(f"signal {signal.id} left a session, whatever the rules said")
    found = []
    params = dict(made.get("params", {}))
    try:
        known = {name: value for name, value in params.items() if name in parameters(strategy)}
        strategy = with_params(strategy, known)
    except ConfigError as error:
        found.append(f"the recorded parameters are refused now: {error}")
    if lost := sorted(params.keys() - parameters(strategy).keys()):
        found.append(f"the strategy has no parameter {', '.join(lost)} any more")
    answer = _answer(signal, strategy, store, calendar)
    found += _otherwise(signal, answer, instrument)
    if made.get("code") and made["code"] != recipe.code_of(type(strategy)):
        news = f"the code is another ({made['code'][:8]} then, "
        found.append(f"{news}{recipe.code_of(type(strategy))[:8]} now)")
    elif found and made.get("code"):
        found.append("code and parameters are those of then, so the stored bars were changed")
    return found


def _answer(
    signal: Signal, strategy: Strategy, store: BarStore, calendar: Calendar
) -> Answer | None:
    """What the rules say of that bar, reading no later one."""
    panel = _panel(signal, strategy, store, calendar)
    answers = last_answers(strategy, panel)
    return next((one for one in answers if utc(one.bar) == signal.bar), None)


def _panel(signal: Signal, strategy: Strategy, store: BarStore, calendar: Calendar) -> Panel:
    """The bars the scan read; see `worker.reading`."""
    wanted = max(bars_needed(strategy), strategy.warmup + pictures.SHOWN) + 1
    session = calendar.last_closed(signal.proposed_at)
    symbols = (signal.symbol,)
    if signal.moment is Moment.OPEN:
        before = store.latest(wanted, until=session.day, symbols=symbols)
        return opened(before, signal.bar.date(), {signal.symbol: float(signal.price)})
    count = (wanted + 1) * SESSIONS[strategy.timeframe]
    daily = store.latest(count, until=session.day, symbols=symbols)
    return resampled(daily, strategy.timeframe).tail(wanted)


def _otherwise(signal: Signal, answer: Answer | None, instrument: Instrument) -> list[str]:
    if answer is None:
        return ["the rules say nothing on that bar now"]
    found = []
    says = Target.FLAT if answer.exit else None
    if signal.target is not Target.FLAT:
        says = Target.LONG if answer.enter > 0 else Target.SHORT if answer.enter < 0 else None
    if says is not signal.target:
        found.append(f"the target is {says or 'none'} now, {signal.target} then")
    price = nearest_tick(answer.price, instrument.tick)
    if price != signal.price:
        found.append(f"the price is {price} now, {signal.price} then")
    stop = None if answer.stop is None else nearest_tick(answer.stop, instrument.tick)
    if stop != signal.stop:
        found.append(f"the stop is {stop or 'none'} now, {signal.stop or 'none'} then")
    if not _same(answer.strength, signal.strength):
        found.append(f"the strength is {answer.strength} now, {signal.strength} then")
    for name in sorted({*answer.features, *signal.features}):
        now, then = answer.features.get(name), signal.features.get(name)
        if now is None or then is None or not _same(now, then):
            found.append(f"{name} is {_said(now)} now, {_said(then)} then")
    return found


def _same(now: float, then: float) -> bool:
    return isclose(now, then, rel_tol=CLOSE, abs_tol=CLOSE)


def _said(value: float | None) -> str:
    return "not there" if value is None else f"{value:.12g}"
