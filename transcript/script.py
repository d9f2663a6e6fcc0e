"""The conversation, step by step: what the operator does and what must then stand in the chat."""

from dataclasses import dataclass
from enum import Enum


class Clock(Enum):
    """Where the market's clock is put; it stands there until the next such step."""

    CLOSE = "six minutes after the next close, when the evening's scan has come due"
    OPEN = "one minute after the next open, when the orders have gone"


@dataclass(frozen=True, slots=True)
class Say:
    """`told` is a regular expression: what its first group finds in the chat, newest message
    first, stands for "{}" in the text."""

    text: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Press:
    """The first button whose label begins with `label`, under the first message that has one and
    contains `under`; a card comes before the cards of later signals."""

    label: str
    under: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """`until` is a regular expression met by a message of the bot that is new or changed since."""

    do: Clock | Say | Press
    until: str
    photo: bool = False  # and that message then shows a picture it did not show before
    aside: str = ""  # told to the reader before the step
    shot: str = ""  # the name of the README's picture of what met `until`
    pages: int = 0  # of the report it brings, each a picture in place of the chat
    within: float = 60.0  # seconds of wall time, on whatever machine this is


CARD = r"mean_reversion · signal \d+"

SCRIPT: tuple[Step, ...] = (
    Step(Say("/start"), "Welcome aboard", aside="The market has just closed."),
    Step(Clock.CLOSE, CARD, photo=True, aside="The evening's scan."),
    Step(Press("Why", "signal"), "strength"),
    Step(Press("Approve"), "Approved by you"),
    Step(Say("/signals"), r"signals? waiting", aside="What still waits, a row of buttons an item."),
    Step(Press("✔", "waiting"), "Approved by you"),
    Step(Press("Reject"), "Rejected by you"),
    Step(
        Clock.OPEN,
        "Filled",
        photo=True,
        aside="The open: the orders go, what nobody decided has expired.",
    ),
    Step(Say("/positions"), "broker agrees"),
    Step(Say("/orders"), "broker agrees"),
    Step(Say("/pnl"), "P&L since the start", photo=True),
    Step(Say("/weekly 12"), "The last 12 weeks", photo=True),
    Step(Say("/calendar"), "Calendar", photo=True),
    Step(Say("/compare"), "Strategies since the start", photo=True),
    Step(Say("/performance weekday"), "by weekday", photo=True),
    Step(Say("/slippage"), "Slippage since the start", photo=True),
    Step(Say("/stats"), "Sharpe"),
    Step(Say("/trades"), "tells one whole"),
    Step(Say("/strategies"), "Allocation"),
    Step(Say("/scan"), r"\d+ instruments"),
    Step(Say("/health"), "Trading is active"),
    Step(Say("/help"), "this list"),
    Step(Say("/aprove 12"), "no command", aside="A slip of the thumb, and a wrong number."),
    Step(Say("/approve twelve"), "no signal number"),
    Step(Clock.CLOSE, CARD, photo=True, aside="The next evening's scan."),
    Step(Say("/halt news at nine"), "Trading halted by you"),
    Step(Press("Approve"), "halted"),
    Step(Say("/resume"), "Resume it"),
    Step(Press("Resume trading"), "Trading resumed"),
    Step(Press("Approve"), "Approved by you"),
    Step(Clock.OPEN, "Filled", photo=True, aside="The open."),
    Step(Say("/squareoff"), "Square off everything"),
    Step(Press("Square off everything"), "Flat: the broker shows no position"),
    Step(Say("/positions"), "No open positions"),
)
