"""Buttons under an answer about money: other periods, other strategies, the same message."""

from desk.console.asked import Asked, whose
from desk.desk import Desk
from desk.stretch import BUTTONS
from trading.messages import Button, ButtonStyle

STRATEGIES = 8  # that have a button


def lit(chosen: bool) -> ButtonStyle:
    """How a button of what is shown now stands out."""
    return "primary" if chosen else ""


def periods(verb: str, of: Asked, *before: str) -> list[Button]:
    """`before` are arguments that stay."""
    return [
        Button(
            label,
            verb,
            (*before, *of.args(period=word)),
            lit(word == of.stretch.word),
            once=False,
        )
        for word, label in BUTTONS.items()
    ]


async def strategies(desk: Desk, verb: str, of: Asked, *before: str) -> list[list[Button]]:
    """Two in a row; none where there is only one to choose."""
    names = await whose(desk)
    if len(names) < 2:
        return []
    choices = [("All strategies", None), *((name, name) for name in names[:STRATEGIES])]
    buttons = [
        Button(label, verb, (*before, *of.args(whose=name)), lit(name == of.strategy), once=False)
        for label, name in choices
    ]
    return [buttons[at : at + 2] for at in range(0, len(buttons), 2)]
