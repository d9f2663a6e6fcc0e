"""Roles, who may ask what and where, inviting, revoking, two people for one approval."""

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from desk import crew, decide, inbox, rights
from desk.assent import TakesTwo
from desk.console import cards, helping
from desk.console.people import INVITATION
from desk.console.render import render
from desk.console.verbs import VERBS, handle
from desk.desk import Desk, Operator
from desk.halt import trading_state
from desk.story import card as read_card
from tests.desk.test_deciding import proposed
from tests.world import ANN, World, world
from trading.errors import DeskError
from trading.facts import Cursor, Notice, Request, RequestState, Trading
from trading.messages import Message
from trading.orders import Order
from trading.people import Discipline, Invite, Member, Role

ROOT = Path(__file__).parents[2]
TIM, VERA, OTTO = (
    Operator(2, "Tim", Role.TRADER),
    Operator(3, "Vera", Role.VIEWER),
    Operator(4, "Otto"),
)
CREW = (ANN, TIM, VERA, OTTO)
GROUP = -100
SECRET_VERBS = {"squareoff", "resume", "users", "invite", "revoke", "role", "code"}


async def crewed(*operators: Operator, **discipline: object) -> World:
    w = await world(operators=operators or CREW)
    w.desk.discipline = Discipline(**discipline)  # type: ignore[arg-type]
    return w


async def asked(w: World, text: str, by: Operator, *, pressed: bool = False) -> str:
    request = await w.ask(text, by=by, pressed=pressed)
    await handle(w.desk, request)
    rows = await w.journal.read(Notice, answers=request)
    return "\n".join(Message.from_json(row.body).plain for row in rows)


async def told(w: World, reader: Operator) -> str:
    rows = await w.journal.read(Notice, recipient=reader.id, answers=None, kind="text")
    return "\n".join(Message.from_json(row.body).plain for row in rows)


# The table


def readme() -> dict[Role, set[str]]:
    """What the README's section says each role may besides the one below it."""
    section = (ROOT / "README.md").read_text("utf-8").partition("## People")[2]
    rows = re.findall(r"^\| (viewer|trader|owner) \| (.*) \|$", section, re.MULTILINE)
    return {Role(role): set(re.findall(r"`/(\w+)`", text)) for role, text in rows}


def test_the_readme_names_every_command_that_takes_a_role_or_a_private_chat():
    listed = {name: verb for name, verb in VERBS.items() if verb.help}
    for role in (Role.TRADER, Role.OWNER):
        there = {n for n, v in listed.items() if role in (v.needs, *v.acts.values())}
        assert readme()[role] == there, f"README, People, {role}"
    text = (ROOT / "README.md").read_text("utf-8")
    private = re.search(r"^Only in a private chat: (.*?)\.", text, re.MULTILINE)
    assert private is not None
    named = set(re.findall(r"`/(\w+)`", private[1]))
    assert named == {n for n, v in listed.items() if v.private}


def test_help_says_whom_a_command_is_for():
    for name, verb in VERBS.items():
        if verb.help:
            text = helping.answer((name,), VERBS).plain
            assert (f"For {rights.A[verb.needs]}" in text) is (
                verb.needs is not Role.VIEWER or verb.private
            )
            assert f"/{name}" in helping.answer((verb.topic,), VERBS).plain


def test_what_changes_something_is_not_for_a_viewer():
    changing = {"approve", "reject", "withdraw", "halt", "squareoff", "resume", "revoke", "role"}
    assert changing <= {name for name, verb in VERBS.items() if not Role.VIEWER.may(verb.needs)}
    assert {name for name, verb in VERBS.items() if verb.private} >= SECRET_VERBS
    assert not [name for name, verb in VERBS.items() if verb.private and verb.safer]


def a_desk(**discipline: object) -> Desk:
    class Named:
        """As much of a desk as judging takes."""

        operators = CREW

        def operator(self, number: int) -> Operator | None:
            return next((one for one in CREW if one.id == number), None)

    desk = Named()
    desk.discipline = Discipline(groups=frozenset({GROUP}), **discipline)  # type: ignore[attr-defined,arg-type]
    return desk  # type: ignore[return-value]


@settings(max_examples=300)
@given(
    st.sampled_from(sorted(VERBS)),
    st.sampled_from((1, 2, 3, 4, 99)),
    st.sampled_from((1, 2, 3, 4, 99, GROUP, -7)),
    st.lists(st.sampled_from(("17", "add", "remove", "yes", "RUN", "absent", "mute")), max_size=3),
    st.booleans(),
)
def test_nobody_gets_past_the_table(name, asker, chat, words, acting):
    verb = VERBS[name]
    desk = a_desk(acting_in_groups=frozenset({asker} if acting else ()))
    request = Request("t", "1", name, None, tuple(words), asker, chat)  # type: ignore[arg-type]
    free = not rights.refusal(desk, request, verb)
    role = getattr(desk.operator(asker), "role", None)
    need = rights.needed(verb, tuple(words))
    assert need.may(verb.needs)
    if role is None or not role.may(need):
        assert not free
    elif chat > 0:
        assert free
    elif chat != GROUP or verb.private:
        assert not free
    else:
        assert free is (need is Role.VIEWER or verb.safer or acting)


async def test_a_refusal_says_which_role_it_takes_and_who_has_it():
    w = await crewed()
    assert await asked(w, "/approve 1", VERA) == (
        "/approve takes a trader, and you are a viewer; Ann, Tim or Otto can."
    )
    assert "you are a trader; Ann or Otto can" in await asked(w, "/users", TIM)
    assert "You are no operator of this desk" in await asked(w, "/pnl", Operator(9, "Eve"))
    request = await w.journal.first(Request, order="-id")
    assert request is not None
    assert request.state is RequestState.REFUSED


async def test_a_button_asks_no_less_than_its_command():
    w = await crewed()
    [signal] = await proposed(w, "AAPL")
    assert "takes a trader" in await asked(w, f"/approve {signal.id}", VERA, pressed=True)
    assert await w.journal.count(Order) == 0


async def test_a_reader_is_shown_no_button_they_may_not_press():
    w = await crewed()
    await proposed(w, "AAPL")
    labels = {}
    for card in await w.journal.read(Notice, kind="card"):
        shown = await render(w.desk, card, 1)
        assert shown is not None
        labels[card.recipient] = [b.label for row in shown.message.buttons for b in row]
    assert labels[VERA.id] == ["Why", "Chart", "Snooze"]
    assert labels[TIM.id] == labels[ANN.id]
    assert set(labels[TIM.id]) - set(labels[VERA.id]) == {"Approve", "Reject", "Half"}


async def test_the_words_of_a_command_may_take_more_than_the_command():
    w = await crewed()
    assert "takes an owner" in await asked(w, "/jobs pause mark", TIM)
    assert "takes a trader" in await asked(w, "/blacklist ADD AAPL", VERA)
    assert "Nothing is on the blacklist" in await asked(w, "/blacklist", VERA)


# Coming and going


async def test_an_invitation_takes_two_presses_and_carries_its_role():
    w = await crewed()
    await w.journal.append([Cursor(INVITATION, "https://t.me/desk_bot?start=")])
    assert "An invitation to what?" in await asked(w, "/invite", ANN)
    assert "'astronaut' is no role" in await asked(w, "/invite astronaut", ANN)
    assert "Invite a trader?" in await asked(w, "/invite trader", ANN)
    assert "Invite a trader?" in await asked(w, "/invite trader 123456", ANN), "no code to give"
    assert await w.journal.count(Invite) == 0
    text = await asked(w, "/invite trader yes", ANN, pressed=True)
    code = re.search(r"https://t\.me/desk_bot\?start=([A-Z0-9]{5}-[A-Z0-9]{5})", text)
    assert code is not None, text
    assert f"/start {code[1]}" in text
    joined = await crew.admit(w.journal, code[1], user=77, name="Dot", now=w.desk.wall.now())
    assert joined is not None
    assert joined.role is Role.TRADER


async def test_who_is_revoked_is_out_at_once_and_comes_back_by_invitation():
    w = await crewed()
    [signal] = await proposed(w, "AAPL")
    text = await asked(w, "/revoke tim", ANN)
    assert "Shut Tim out?" in text
    assert "you" not in await asked(w, "/signals", TIM), "asked is not done"
    assert "Tim is shut out" in await asked(w, "/revoke 2 yes", ANN, pressed=True)
    assert "You are no operator" in await asked(w, f"/approve {signal.id}", TIM)
    with pytest.raises(DeskError, match="you are no operator of this desk; Ann or Otto can"):
        await decide.approve(w.desk, signal.id, by="operator:2")
    assert "Tim is shut out" in await told(w, OTTO)
    assert "Tim" not in await told(w, VERA)
    code = await crew.invite(w.journal, w.desk.wall.now(), Role.VIEWER)
    assert await crew.admit(w.journal, code, user=2, name="Tim", now=w.desk.wall.now())
    await crew.refresh(w.desk)
    tim = w.desk.operator(2)
    assert tim is not None
    assert tim.role is Role.VIEWER


async def test_somebody_in_already_uses_up_no_code():
    w = await crewed()
    now = w.desk.wall.now()
    first, second = [await crew.invite(w.journal, now, Role.VIEWER) for _ in range(2)]
    assert await crew.admit(w.journal, first, user=77, name="Dot", now=now)
    assert await crew.admit(w.journal, second, user=77, name="Dot", now=now) is None
    assert await crew.admit(w.journal, second, user=78, name="Eve", now=now)


async def test_the_last_owner_can_neither_be_revoked_nor_made_less():
    w = await crewed(ANN, TIM, VERA)
    for text in ("/revoke Ann yes", "/role Ann viewer"):
        assert "Ann is the last owner, and a desk needs one" in await asked(w, text, ANN)
    w = await crewed()
    assert "Otto is a viewer" in await asked(w, "/role Otto viewer", ANN)
    assert "Ann is the last owner" in await asked(w, "/revoke Ann yes", ANN)


async def test_less_is_one_press_and_more_is_two():
    w = await crewed()
    assert "Otto is a trader" in await asked(w, "/role Otto trader", ANN)
    assert "Make Vera a trader?" in await asked(w, "/role Vera trader 5000", ANN)
    assert w.desk.operator(VERA.id) == VERA
    text = await asked(w, "/role 3 trader 5000 yes", ANN, pressed=True)
    assert "Vera is a trader, up to 5,000.00 USD an approval" in text
    assert w.desk.operator(VERA.id) == Operator(3, "Vera", Role.TRADER, Decimal(5000))
    assert "Make Vera a trader?" in await asked(w, "/role Vera trader 6000", ANN)
    assert "up to 4,000.00 USD" in await asked(w, "/role Vera trader 4000", ANN)
    assert "is no amount" in await asked(w, "/role Vera trader lots", ANN)


async def test_users_lists_everybody_with_role_since_and_last_seen():
    w = await crewed()
    await asked(w, "/pnl", TIM)
    text = await asked(w, "/users", ANN)
    assert "4 operators" in text
    assert "Ann (you) · owner" in text
    assert "Tim · trader\nin the settings, seen Mon 3 Feb 16:05\n2" in text
    assert "Vera · viewer\nin the settings, not seen yet" in text


async def test_a_name_that_is_not_quite_right_is_asked_back():
    w = await crewed()
    assert "did you mean Vera?" in await asked(w, "/revoke Verra", ANN)
    assert "Nobody here is called 'Zed'" in await asked(w, "/role Zed viewer", ANN)


async def test_a_row_that_cannot_be_read_keeps_its_person_out():
    from trading.damage import Damaged

    w = await crewed()

    whole = w.journal

    class Torn:
        damage = (Damaged("members", 1, "role", "is no role", {"user": TIM.id}),)

        def __getattr__(self, name: str) -> object:
            return getattr(whole, name)

    desk = w.desk
    desk.journal = Torn()  # type: ignore[assignment]
    await crew.refresh(desk)
    assert desk.operator(TIM.id) is None
    desk.journal = whole
    await crew.refresh(desk)
    assert desk.operator(TIM.id) == TIM


# How much, and by how many


async def test_an_approval_above_the_operators_own_limit_is_refused_with_the_figure():
    tim = Operator(2, "Tim", Role.TRADER, Decimal(4999))
    w = await crewed(ANN, tim)
    [signal] = await proposed(w, "AAPL")
    text = await asked(w, f"/approve {signal.id}", tim)
    assert "is 5,000.00 USD; you may approve 4,999.00 USD" in text
    assert await w.journal.count(Order) == 0
    w.desk.named = (ANN, Operator(2, "Tim", Role.TRADER, Decimal(5000)))
    assert await decide.approve(w.desk, signal.id, by="operator:2"), "to the cent"


async def test_above_the_size_an_approval_takes_two_people():
    w = await crewed(two_above=Decimal(4999))
    [signal] = await proposed(w, "AAPL")
    text = await asked(w, f"/approve {signal.id}", TIM)
    assert "Noted: signal 1 (AAPL) is 5,000.00 USD, and above 4,999.00 USD it takes two" in text
    assert "it takes two" in await asked(w, f"/approve {signal.id}", TIM), "one person twice"
    assert await w.journal.count(Order) == 0
    shown = cards.card_message(w.desk, await read_card(w.desk, signal.id)).plain
    assert "Approved by Tim; waits for a second person" in shown
    await asked(w, f"/approve {signal.id}", ANN)
    assert await w.journal.count(Order) == 1
    shown = cards.card_message(w.desk, await read_card(w.desk, signal.id)).plain
    assert "waits for a second" not in shown


async def test_an_approval_up_to_the_size_takes_one():
    w = await crewed(two_above=Decimal(5000))
    [signal] = await proposed(w, "AAPL")
    assert await decide.approve(w.desk, signal.id, by="operator:2")


async def test_the_first_of_two_counts_no_more_once_revoked():
    w = await crewed(two_above=Decimal(1000))
    [signal] = await proposed(w, "AAPL")
    with pytest.raises(TakesTwo):
        await decide.approve(w.desk, signal.id, by="operator:2")
    await crew.change(w.desk, TIM, None, revoke=True)
    with pytest.raises(TakesTwo):
        await decide.approve(w.desk, signal.id, by="operator:1")
    assert await decide.approve(w.desk, signal.id, by="operator:4")


# The halt at the door


@pytest.mark.parametrize(
    ("by", "chat", "state"),
    [
        (ANN, 1, Trading.HALTED),
        (TIM, 2, Trading.HALTED),
        (TIM, GROUP, Trading.HALTED),
        (VERA, 3, Trading.ACTIVE),
        (VERA, GROUP, Trading.ACTIVE),
        (Operator(9, "Eve"), 9, Trading.ACTIVE),
        (TIM, -7, Trading.ACTIVE),
    ],
)
async def test_the_door_halts_for_who_may_and_for_nobody_else(by, chat, state):
    w = await crewed(groups=frozenset({GROUP}))
    request = Request("t", "1", "halt", w.clock.at, (), by.id, chat)
    may = not rights.refusal(w.desk, request, VERBS["halt"])
    await inbox.receive(w.journal, request, latches=may)
    assert await trading_state(w.desk) is state


async def test_a_square_off_in_a_group_halts_nothing():
    w = await crewed(groups=frozenset({GROUP}), acting_in_groups=frozenset({1}))
    request = Request("t", "1", "squareoff", w.clock.at, ("yes",), ANN.id, GROUP)
    assert "is for a private chat" in rights.refusal(w.desk, request, VERBS["squareoff"])


async def test_a_member_stands_over_the_settings():
    w = await crewed()
    await w.journal.append([Member(TIM.id, "Timothy", Role.VIEWER, w.clock.at)])
    await crew.refresh(w.desk)
    assert w.desk.operator(TIM.id) == Operator(2, "Tim", Role.VIEWER)
    w.clock.at += timedelta(days=1)
    assert "takes a trader" in await asked(w, "/scan", TIM)
