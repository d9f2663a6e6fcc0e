"""Updates no code expects: real ones with parts taken out, exchanged, nested or made huge."""

from collections.abc import Sequence
from copy import deepcopy
from random import Random
from typing import Any

Json = dict[str, Any]
STRANGER = 99
OURS = 0.3  # of them, from an operator

JUNK: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, -(2**63), 10**30, 10**400, 1.5, 1e308, -0.0,
    float("nan"), float("inf"), "", " ", "\0", "\ud83d", "\udc00\ud83d", "a\u202eb", "😀" * 300,
    "x" * 9000, "/help", "/approve 10000000000000000000", "/ \ud83d", "private", "1", "p:", [], {},
    [[]], [None], {"": None}, [1] * 500, {"id": "x"}, {"type": "hidden_user"},
    {"type": "nobody-knows"},
)  # fmt: skip


def base(random: Random, operators: Sequence[int], text: str) -> Json:
    """A real update of some kind."""
    who = random.choice(operators) if random.random() < OURS else STRANGER
    user = {"id": who, "is_bot": False, "first_name": "X", "language_code": "en"}
    chat = {"id": who, "type": "private", "first_name": "X"}
    said: Json = {"message_id": random.randint(1, 10**6), "date": 1_770_000_000, "chat": chat}
    said |= {"from": user, "text": text}
    match random.randrange(8):
        case 0:
            origin = {"type": "hidden_user", "date": 1_500_000_000, "sender_user_name": "Gone"}
            return {"message": said | {"forward_origin": origin}}
        case 1:  # as forwards were before there was an origin
            return {"message": said | {"forward_sender_name": "Gone", "forward_date": 0}}
        case 2:
            entity = {"type": "bot_command", "offset": 0, "length": len(text)}
            return {"message": said | {"entities": [entity], "reply_to_message": deepcopy(said)}}
        case 3:
            message = said | {"from": {"id": 4242, "is_bot": True, "first_name": "B"}}
            query = {"id": "1", "from": user, "message": message, "chat_instance": "1"}
            return {"callback_query": query | {"data": "p:AAAAAAAAAAAAAAAA"}}
        case 4:
            query = {"id": "1", "from": user, "chat_instance": "1", "data": "p:A"}
            gone = {"chat": chat, "message_id": 1, "date": 0}
            return {"callback_query": query | {"message": gone}}
        case 5:
            return {"message": said | {"sticker": {"file_id": "x", "emoji": "x"}}}
        case _:
            return {"message": said}


def mutated(random: Random, operators: Sequence[int], text: str) -> Json:
    """One to four changes somewhere in a real update; its number stays what it is."""
    update = base(random, operators, text)
    for _ in range(random.randint(1, 4)):
        _change(random, update)
    return update


def _change(random: Random, update: Json) -> None:
    place: Any = update
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = random.choice(keys)
        inner = place[key]
        if isinstance(inner, dict | list) and inner and random.random() < 0.75:
            place = inner
            continue
        break
    match random.randrange(6):
        case 0:
            del place[key]
        case 1 if isinstance(place, dict):
            place[random.choice(("via_bot", "sender_chat", "date", "\ud83d", "x" * 3000))] = inner
        case 2:
            place[key] = nested(random.choice((3, 60, 180)), inner)
        case 3 if isinstance(inner, int | str):
            place[key] = str(inner) if isinstance(inner, int) else len(inner)
        case _:
            place[key] = deepcopy(random.choice(JUNK))


def nested(depth: int, inner: Any) -> Any:
    for number in range(depth):
        inner = {"message": inner} if number % 2 else [inner]
    return inner


def is_ours(raw: Json, operators: Sequence[int]) -> bool:
    """Whether anybody could read it as an operator's own plain words in private: then it must have
    been recorded or kept."""
    said = raw.get("message")
    if not isinstance(said, dict):
        return False
    chat, sender, text = said.get("chat"), said.get("from"), said.get("text")
    if not isinstance(chat, dict) or not isinstance(sender, dict):
        return False
    if not isinstance(text, str) or not text:
        return False
    if said.get("forward_origin") or said.get("sender_chat"):
        return False
    who = sender.get("id")
    known = isinstance(who, int) and not isinstance(who, bool) and who in operators
    return known and chat.get("id") == who and chat.get("type") == "private"
