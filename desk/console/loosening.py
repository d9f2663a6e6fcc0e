"""Steps that make things riskier: asked twice, and with a one-time code once one is enrolled."""

from desk import codes, notices
from desk.console.replies import confirm
from desk.desk import Desk
from trading.facts import Request
from trading.messages import Message, message

YES = "yes"


def asked(request: Request) -> tuple[str, ...]:
    """The words before the second step's own."""
    args = request.args
    return args[: args.index(YES)] if YES in args else args


async def agreed(desk: Desk, request: Request, question: Message, label: str) -> bool:
    """Whether this is the second step and its code, where one is wanted, is spent. Else it asks
    for what is missing. DeskError for a code that is wrong."""
    words = asked(request)
    if YES not in request.args:
        buttons = confirm(label, request.verb, *words)
        await notices.answer(desk, request, message(*question.text, buttons=buttons))
        return False
    _, given = codes.split(request.args)
    return await codes.demand(desk, request, *words, YES, code=given)
