"""Groups, people who come and go, and the halt, as they stand at the door."""

from typing import Any

import pytest
from aiogram import Bot, Dispatcher

from bot import poll
from bot.callbacks import Press
from bot.door import Door, router
from desk import crew
from desk.halt import trading_state
from tests.bot.test_door import TOKEN, Nonces, update
from tests.world import ANN, World, world
from trading.clocks import Clocks
from trading.facts import Notice, Request, Trading
from trading.messages import Message
from trading.people import Discipline, Member, Role

GROUP = -100
TIM, VERA = 2, 3


async def crewed() -> World:
    from desk.desk import Operator

    operators = (ANN, Operator(TIM, "Tim", Role.TRADER), Operator(VERA, "Vera", Role.VIEWER))
    w = await world(operators=operators)
    w.desk.discipline = Discipline(groups=frozenset({GROUP}))
    return w


async def delivered(w: World, *raws: dict[str, Any]) -> None:
    door = Door(w.desk, Nonces())  # type: ignore[arg-type]
    dispatcher = Dispatcher()
    dispatcher.include_router(router(door))
    for raw in raws:
        await poll.record(Bot(TOKEN), dispatcher, door, w.desk, raw, Clocks())


def in_group(number: int, text: str, user: int, chat: int = GROUP) -> dict[str, Any]:
    raw = update(number, text, user)
    raw["message"]["chat"] = {"id": chat, "type": "supergroup", "title": "Deck"}
    return raw


async def test_operators_are_heard_in_the_desks_own_group_and_nobody_else_is():
    w = await crewed()
    await delivered(
        w,
        in_group(1, "/pnl", VERA),
        in_group(2, "/pnl", 99),
        in_group(3, "/pnl", VERA, chat=-7),
        in_group(4, "shall we sell?", ANN.id),
    )
    [request] = await w.journal.read(Request)
    assert (request.verb, request.operator, request.recipient) == ("pnl", VERA, GROUP)


@pytest.mark.parametrize(
    ("user", "chat", "state"),
    [
        (TIM, TIM, Trading.HALTED),
        (TIM, GROUP, Trading.HALTED),
        (VERA, VERA, Trading.ACTIVE),
        (VERA, GROUP, Trading.ACTIVE),
        (99, 99, Trading.ACTIVE),
        (99, GROUP, Trading.ACTIVE),
        (TIM, -7, Trading.ACTIVE),
    ],
)
async def test_a_halt_latches_at_the_door_for_who_may_alone(user: int, chat: int, state: Trading):
    w = await crewed()
    raw = update(1, "/halt", user) if chat > 0 else in_group(1, "/halt", user, chat)
    await delivered(w, raw)
    assert await trading_state(w.desk) is state


async def test_a_square_off_in_a_group_latches_nothing():
    w = await crewed()
    await delivered(w, in_group(1, "/squareoff yes", ANN.id))
    assert await trading_state(w.desk) is Trading.ACTIVE


async def test_who_was_revoked_a_moment_ago_is_a_stranger_at_the_door():
    w = await crewed()
    tim = w.desk.operator(TIM)
    assert tim is not None
    elsewhere = await world(w.journal, operators=w.desk.named)  # another process of the house
    await crew.change(elsewhere.desk, tim, None, revoke=True)
    assert w.desk.operator(TIM) is not None, "the door has not looked since"
    await delivered(w, update(1, "/halt", TIM), update(2, "/pnl", TIM))
    assert await w.journal.count(Request) == 0
    assert await trading_state(w.desk) is Trading.ACTIVE


async def test_the_owners_are_told_who_came_by_a_code():
    w = await crewed()
    code = await crew.invite(w.journal, w.desk.wall.now(), Role.VIEWER)
    await delivered(w, update(1, f"/start {code}", 77), update(2, "/halt", 77))
    assert await trading_state(w.desk) is Trading.ACTIVE, "a viewer's"
    [told] = await w.journal.read(Notice, answers=None)
    assert told.recipient == ANN.id
    assert "came aboard as a viewer" in Message.from_json(told.body).plain


@pytest.mark.parametrize(
    "code",
    ["", "AAAAA-AAAAA", "aaaaa_aaaaa", "A" * 64, "OWNER", "1", "../../x", "\u202eABCDE-FGHJK"],
)
async def test_a_forged_link_opens_nothing_and_is_answered_with_silence(code: str):
    w = await crewed()
    await crew.invite(w.journal, w.desk.wall.now())
    await delivered(w, update(1, f"/start {code}", 77))
    assert await w.journal.count(Member) == 0
    assert await w.journal.count(Request) == 0
    assert await w.journal.count(Notice) == 0


async def test_a_press_in_the_group_is_answered():
    """By `Nonces`, who know no button, here; what matters is that it is not met with silence."""
    w = await crewed()
    answered: list[str] = []

    class Api(Bot):
        async def __call__(self, method: Any, request_timeout: Any = None) -> Any:
            answered.append(method.text)

    door = Door(w.desk, Nonces())  # type: ignore[arg-type]
    dispatcher = Dispatcher()
    dispatcher.include_router(router(door))
    for number, (user, chat) in enumerate([(VERA, GROUP), (99, GROUP), (VERA, -7)]):
        message = in_group(0, "x", 4242, chat)["message"]
        query = {
            "id": str(number),
            "from": {"id": user, "is_bot": False, "first_name": "x"},
            "message": message,
            "chat_instance": "1",
            "data": Press(nonce="n").pack(),
        }
        raw = {"update_id": number, "callback_query": query}
        await poll.record(Api(TOKEN), dispatcher, door, w.desk, raw, Clocks())
    assert answered == ["This button is too old. Send the command again."]


async def test_six_digits_alone_are_a_one_time_code():
    w = await crewed()
    await delivered(w, update(1, "123456", TIM), update(2, "12345", TIM))
    assert [(r.verb, r.args) for r in await w.journal.read(Request)] == [
        ("code", ("123456",)),
        ("help", ()),
    ]
