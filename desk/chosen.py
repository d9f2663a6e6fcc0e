"""Plans as operators changed them in a chat, over what the settings say.

Each change is a `Preference` called `KIND:STRATEGY`; `CHANGES` says what each kind makes of a plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from desk import preferences
from desk.desk import Desk, Plan
from trading.parts import Part
from trading.types import Mode

#: By kind: the plan with the value; ValueError for one that cannot be read.
CHANGES: Mapping[str, Callable[[Plan, str], Plan]] = {
    "mode": lambda plan, value: replace(plan, mode=Mode(value)),
    "allocation": lambda plan, value: replace(
        plan, allowance=plan.allowance.with_part(Part.parse(value))
    ),
}


async def refresh(desk: Desk) -> None:
    """Every plan as it stands now."""
    changed: dict[str, Plan] = {}
    for kind, change in CHANGES.items():
        for strategy, row in (await preferences.chosen(desk.journal, f"{kind}:")).items():
            if strategy in desk.plans:
                plan = changed.get(strategy, desk.written.get(strategy, desk.plans[strategy]))
                changed[strategy] = change(plan, row.value)
    if not changed and not desk.written:
        return
    for strategy in changed:
        desk.written.setdefault(strategy, desk.plans[strategy])
    desk.plans = {**desk.plans, **desk.written, **changed}
