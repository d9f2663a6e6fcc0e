"""Steps that make things riskier: asked twice, and with a one-time code once one is enrolled."""

from desk import codes, notices
from desk.console.replies import confirm
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import Message, Span, message

YES = "yes"


def asked(request: Request) -> tuple[str, ...]:
    """The words before the second step's own."""
    args = request.args
    return args[: args.index(YES)] if YES in args else args


async def agreed(desk: Desk, request: Request, question: Message, label: str) -> bool:
    """Whether this is the second step, its code spent. Else it asks: by a button, or where a code
    is wanted, for the command with `yes` and the code. DeskError for a code that is wrong."""
    words = asked(request)
    wanted = await codes.wanted(desk, request.operator)
    if YES not in request.args:
        if wanted:
            how = f"\nTo do it, send /{request.verb} {' '.join(words)} yes and a one-time code."
            await notices.answer(desk, request, message(*question.text, Span(how)))
        else:
            buttons = confirm(label, request.verb, *words)
            await notices.answer(desk, request, message(*question.text, buttons=buttons))
        return False
    if wanted:
        given = request.args[len(words) + 1 :]
        if len(given) != 1:
            raise BadCommand(
                f"that needs a one-time code: /{request.verb} {' '.join(words)} yes 123456"
            )
        await codes.spend(desk, request, given[0])
    return True
