"""Who is let in, and what a line of text asks for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from aiogram import Bot, Dispatcher
from aiogram.types import Chat, Message, MessageOriginUser, TelegramObject, User
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot import poll
from bot.door import Allowed, Door, read_command, router
from desk import crew
from replay.journal import MemoryJournal
from tests.world import World, world
from trading.clocks import Clocks
from trading.errors import QuarterdeckError
from trading.facts import Notice, Request, RequestState
from trading.people import Member

NOW = datetime(2026, 2, 3, tzinfo=UTC)
TOKEN = "4242:a-token-for-nobody"


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/approve 17", ("approve", ("17",))),
        ("/APPROVE@quarterdeck_bot   17", ("approve", ("17",))),
        ("/reject 17 too late\nnow", ("reject", ("17", "too", "late", "now"))),
        ("/", ("", ())),
        ("hello", ("help", ())),
        ("approve 17", ("help", ())),
        ("   ", ("help", ())),
    ],
)
def test_a_line_is_a_verb_and_its_arguments(text: str, command: tuple[str, tuple[str, ...]]):
    assert read_command(text) == command


@given(st.text(max_size=5000))
def test_any_text_is_read_within_bounds(text: str):
    verb, args = read_command(text)
    assert len(verb) <= 64
    assert len(args) <= 20
    assert all(0 < len(arg) <= 64 and not arg.isspace() for arg in args)


def letter(user: int | None = 1, kind: str = "private", **more: Any) -> Message:
    sender = None if user is None else User(id=user, is_bot=False, first_name="x")
    chat = Chat(id=user or -1, type=kind)
    return Message(message_id=1, date=NOW, chat=chat, from_user=sender, text="/halt", **more)


def elsewhere() -> Message:
    """An operator's words in a private chat of another's id, as no honest update has them."""
    chat = Chat(id=5, type="private")
    sender = User(id=1, is_bot=False, first_name="x")
    return Message(message_id=1, date=NOW, chat=chat, from_user=sender, text="/halt")


FORWARD = MessageOriginUser(date=NOW, sender_user=User(id=5, is_bot=False, first_name="y"))


@pytest.mark.parametrize(
    ("message", "allowed"),
    [
        (letter(), True),
        (letter(99), False),
        (elsewhere(), False),
        (letter(None), False),
        (letter(kind="group"), False),
        (letter(kind="supergroup"), False),
        (letter(kind="channel"), False),
        (letter(forward_origin=FORWARD), False),
        (letter(sender_chat=Chat(id=-7, type="channel")), False),
    ],
)
async def test_only_an_operators_own_words_in_private_come_in(message: Message, allowed: bool):
    came: list[TelegramObject] = []

    async def handler(event: TelegramObject, data: dict[str, Any]) -> None:
        came.append(event)

    await Allowed(Door((await world()).desk, Nonces()))(handler, message, {})  # type: ignore[arg-type]
    assert bool(came) is allowed


async def test_an_empty_list_of_operators_lets_nobody_in():
    async def handler(event: TelegramObject, data: dict[str, Any]) -> None:
        raise AssertionError("came in")

    w = await world(operators=())
    await Allowed(Door(w.desk, Nonces()))(handler, letter(), {})  # type: ignore[arg-type]


async def test_a_stranger_gets_silence_and_the_log_names_each_once():
    w = await world()
    with capture_logs() as logs:
        dispatcher = Dispatcher()
        dispatcher.include_router(router(Door(w.desk, Nonces())))  # type: ignore[arg-type]
        for number, user in enumerate((99, 99, 98, 99)):
            await delivered(w, update(number, "/start ABCDE-FGHJK", user), dispatcher)
    assert await w.journal.count(Request) == 0
    assert await w.journal.count(Notice) == 0
    assert [line["user"] for line in logs if "refused" in line["event"]] == [99, 98]


async def test_a_stranger_with_a_code_is_an_operator_from_then_on():
    w = await world()
    code = await crew.invite(w.journal, w.desk.wall.now())
    door = Door(w.desk, Nonces())  # type: ignore[arg-type]
    dispatcher = Dispatcher()
    dispatcher.include_router(router(door))
    for number, text in enumerate((f"/start {code}", "/pnl")):
        await delivered(w, update(number, text=text, user=77), dispatcher)
    requests = await w.journal.read(Request)
    assert [(r.verb, r.operator) for r in requests] == [("start", 77), ("pnl", 77)]
    assert w.desk.operator_name(77) == "Ann"


async def test_a_code_is_worth_nothing_in_a_group():
    w = await world()
    code = await crew.invite(w.journal, w.desk.wall.now())
    raw = update(text=f"/start {code}", user=77)
    raw["message"]["chat"] = {"id": -5, "type": "group", "title": "x"}
    await delivered(w, raw)
    assert await w.journal.count(Member) == 0


class Nonces:
    """No button was ever shown."""

    async def take(self, nonce: str, **where: Any) -> str:
        return "unknown"


class Away(MemoryJournal):
    """A database that refuses so many times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def append(self, facts: Any) -> Any:
        if self.times > 0 and isinstance(facts[0], Request):
            self.times -= 1
            raise QuarterdeckError("the database stayed locked")
        return await super().append(facts)


async def delivered(w: World, raw: dict[str, Any], dispatcher: Dispatcher | None = None) -> None:
    door = Door(w.desk, Nonces())  # type: ignore[arg-type]
    if dispatcher is None:
        dispatcher = Dispatcher()
        dispatcher.include_router(router(door))
    await poll.record(Bot(TOKEN), dispatcher, door, w.desk, raw, Clocks())


def update(number: int = 5, text: str = "/help", user: int = 1) -> dict[str, Any]:
    chat = {"id": user, "type": "private", "first_name": "Ann"}
    sender = {"id": user, "is_bot": False, "first_name": "Ann"}
    body = {"message_id": 9, "date": 1770000000, "chat": chat, "from": sender, "text": text}
    return {"update_id": number, "message": body}


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(clocks: Clocks, seconds: float) -> None:
        del clocks, seconds

    monkeypatch.setattr(Clocks, "sleep", sleep)


async def test_a_command_is_on_disk_when_the_update_is_let_go():
    w = await world()
    await delivered(w, update(text="/approve 17"))
    [request] = await w.journal.read(Request)
    assert (request.source_id, request.verb, request.args) == ("5", "approve", ("17",))
    assert (request.operator, request.recipient, request.state) == (1, 1, RequestState.NEW)


@pytest.mark.usefixtures("at_once")
async def test_an_update_is_not_let_go_before_it_is_recorded():
    w = await world(Away(20))
    await delivered(w, update(text="/halt"))
    [request] = await w.journal.read(Request)
    assert request.verb in ("halt", "undecodable"), "kept, one way or the other"


@pytest.mark.usefixtures("at_once")
async def test_a_database_that_is_back_in_time_loses_nothing():
    w = await world(Away(2))
    await delivered(w, update(text="/halt"))
    [request] = await w.journal.read(Request)
    assert (request.verb, request.state) == ("halt", RequestState.NEW)
    assert await w.journal.count(Notice) == 0


@pytest.mark.usefixtures("at_once")
async def test_an_update_that_breaks_our_code_is_kept_told_and_passed():
    class Broken(Dispatcher):
        async def feed_update(self, *args: Any, **more: Any) -> Any:
            raise KeyError("ours")

    w = await world()
    await delivered(w, update(), Broken())
    [request] = await w.journal.read(Request)
    assert (request.verb, request.state) == ("undecodable", RequestState.FAILED)
    assert request.payload["raw"] == update()
    assert await w.journal.count(Notice) == len(w.desk.operators)


async def test_a_picture_or_a_sticker_is_no_command():
    w = await world()
    raw = update()
    del raw["message"]["text"]
    await delivered(w, raw)
    assert await w.journal.count(Request) == 0


async def test_words_that_are_no_command_come_with_what_they_reply_to():
    class Shown:
        subject = "signal:17"

    class Posts:
        async def find(self, recipient: int, message_id: int) -> Shown | None:
            return Shown() if (recipient, message_id) == (1, 8) else None

    door = Door((await world()).desk, Nonces(), Posts())  # type: ignore[arg-type]
    plain = letter().model_copy(update={"text": "too wide"})
    card = letter().model_copy(update={"message_id": 8})
    assert await door.words(letter()) == {}, "a command"
    assert await door.words(plain) == {"said": "too wide", "about": ""}
    replying = plain.model_copy(update={"reply_to_message": card})
    assert await door.words(replying) == {"said": "too wide", "about": "signal:17"}
