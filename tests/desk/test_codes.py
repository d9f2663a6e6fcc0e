"""One-time codes: enrolling, using each once, other clocks, locks, what is kept."""

import asyncio
import re
from datetime import timedelta

import pyotp
import pytest

from desk import codes, preferences
from desk.console.codes import LIVE, VOID
from desk.console.render import render
from desk.vault import Vault
from tests.desk.test_people import ANN, CREW, OTTO, TIM, asked, told
from tests.world import World, world
from trading.errors import DeskError
from trading.facts import Notice, Request
from trading.messages import Message
from trading.people import Authenticator, Discipline, Invite, Role

KEY = bytes(range(32))
STEP = timedelta(seconds=30)


async def coded() -> World:
    w = await world(operators=CREW)
    w.desk.vault = Vault(lambda: KEY)
    return w


async def enrolled(w: World) -> pyotp.TOTP:
    """Ann has an authenticator; a step later than its first code."""
    await asked(w, "/code", ANN)
    [row] = await w.journal.read(Authenticator)
    app = pyotp.TOTP(codes.secret(w.desk, row))
    assert "is enrolled" in await asked(w, f"/code {now(w, app)}", ANN)
    w.clock.at += STEP
    return app


def now(w: World, app: pyotp.TOTP, *, steps: int = 0) -> str:
    return app.at(w.clock.at + steps * STEP)


async def tried(w: World, code: str) -> str:
    """Why the code does not count; "" where it does."""
    try:
        await codes.spend(w.desk, Request("t", "1", "resume", w.clock.at, (), ANN.id, ANN.id), code)
    except DeskError as refusal:
        return str(refusal)
    return ""


async def shown(w: World) -> tuple[str, int]:
    [*_, notice] = await w.journal.read(Notice, kind="code")
    rendered = await render(w.desk, notice, 1)
    assert rendered is not None
    assert rendered.picture is not None
    assert rendered.picture.png.startswith(b"\x89PNG")
    return rendered.message.plain, rendered.picture.id


async def test_the_picture_carries_the_secret_until_the_first_code_and_no_row_ever_does():
    w = await coded()
    await asked(w, "/code", ANN)
    [row] = await w.journal.read(Authenticator)
    secret = codes.secret(w.desk, row)
    text, picture = await shown(w)
    assert picture == LIVE
    assert secret in text
    assert codes.uri(w.desk, row).startswith("otpauth://totp/Quarterdeck:Ann?secret=" + secret)
    for kind in (Notice, Authenticator, Request):
        assert secret not in repr(await w.journal.read(kind))
    assert not await codes.wanted(w.desk, ANN.id), "not before it showed that it works"
    assert "is enrolled" in await asked(w, f"/code {now(w, pyotp.TOTP(secret))}", ANN)
    text, picture = await shown(w)
    assert picture == VOID
    assert text == "Enrolled; the key is not shown again."
    assert await codes.wanted(w.desk, ANN.id)
    assert not await codes.wanted(w.desk, TIM.id)


async def test_an_enrolment_is_void_after_ten_minutes_or_five_wrong_codes():
    w = await coded()
    await asked(w, "/code", ANN)
    w.clock.at += codes.PENDING + timedelta(seconds=1)
    text, picture = await shown(w)
    assert (text, picture) == ("This key is void; /code makes one.", VOID)
    assert "Nothing waits for a code" in await asked(w, "/code 123456", ANN)
    await asked(w, "/code", ANN)
    [row] = await w.journal.read(Authenticator)
    right = now(w, pyotp.TOTP(codes.secret(w.desk, row)))
    wrong = f"{(int(right) + 500_000) % 10**6:06}"
    for _ in range(codes.MOST_WRONG):
        assert "is not the code" in await asked(w, f"/code {wrong}", ANN)
    assert await w.journal.count(Authenticator) == 0


@pytest.mark.parametrize(("steps", "counts"), [(-2, False), (-1, True), (1, True), (2, False)])
async def test_a_clock_may_be_one_step_off(steps: int, counts: bool):
    w = await coded()
    app = await enrolled(w)
    w.clock.at += 5 * STEP
    assert (await tried(w, now(w, app, steps=steps)) == "") is counts


async def test_a_code_counts_once_and_none_from_before_it():
    w = await coded()
    app = await enrolled(w)
    w.clock.at += 5 * STEP
    code, before = now(w, app), now(w, app, steps=-1)
    assert await tried(w, code) == ""
    assert await tried(w, code) == "that code was used already; wait for the next one"
    assert "used already" in await tried(w, before)
    assert await tried(w, now(w, app, steps=1)) == "", "the app's clock ticks before ours"


async def test_the_code_that_enrolled_opens_nothing():
    w = await coded()
    app = await enrolled(w)
    assert "used already" in await tried(w, now(w, app, steps=-1))


async def test_of_one_code_at_two_places_at_once_one_counts():
    w = await coded()
    app = await enrolled(w)
    code = now(w, app)
    assert sorted(await asyncio.gather(*(tried(w, code) for _ in range(3))))[:2].count("") == 1


async def test_five_wrong_codes_lock_and_every_owner_hears_of_it():
    w = await coded()
    app = await enrolled(w)
    wrong = f"{(int(now(w, app)) + 500_000) % 10**6:06}"
    assert "4 more tries are left" in await tried(w, wrong)
    for _ in range(2):
        await tried(w, wrong)
    assert "1 more try is left" in await tried(w, wrong)
    assert "locked for 15 minutes" in await tried(w, wrong)
    assert "too many wrong codes: yours are locked until 16:21 New York" in (
        await tried(w, now(w, app))
    )
    for owner in (ANN, OTTO):
        assert "5 wrong one-time codes from Ann" in await told(w, owner)
    assert "wrong" not in await told(w, TIM)
    w.clock.at += codes.LOCK
    assert await tried(w, now(w, app)) == ""


async def test_a_wrong_code_counts_though_its_verb_is_refused():
    w = await coded()
    app = await enrolled(w)
    wrong = f"{(int(now(w, app)) + 500_000) % 10**6:06}"
    assert "is wrong; 4 more" in await asked(w, f"/invite trader {wrong}", ANN)
    assert "is wrong; 3 more" in await asked(w, f"/invite trader {wrong}", ANN)


async def test_what_makes_things_riskier_asks_and_the_digits_answer():
    w = await coded()
    app = await enrolled(w)
    text = await asked(w, "/invite viewer yes", ANN, pressed=True)
    assert "Your one-time code?" in text
    assert "/invite viewer and the digits" in text
    assert await w.journal.count(Invite) == 0
    text = await asked(w, f"/code {now(w, app)}", ANN)
    assert "An invitation for a viewer" in text
    w.clock.at += STEP
    assert "Nothing waits for a code" in await asked(w, f"/code {now(w, app)}", ANN)


async def test_a_question_is_answered_within_minutes_by_whoever_was_asked():
    w = await coded()
    app = await enrolled(w)
    await asked(w, "/invite viewer yes", ANN, pressed=True)
    assert "Nothing waits" in await asked(w, f"/code {now(w, app)}", OTTO)
    w.clock.at += codes.ASKED + timedelta(seconds=1)
    assert "Nothing waits" in await asked(w, f"/code {now(w, app)}", ANN)
    assert await w.journal.count(Invite) == 0


async def test_an_answer_is_judged_by_what_its_asker_may_then():
    from desk import crew

    w = await coded()
    app = await enrolled(w)
    await asked(w, "/invite viewer yes", ANN, pressed=True)
    await crew.change(w.desk, ANN, Role.TRADER)
    assert "/invite takes an owner" in await asked(w, f"/code {now(w, app)}", ANN)


async def test_an_amount_of_six_digits_is_no_code():
    w = await coded()
    app = await enrolled(w)
    text = await asked(w, "/role Vera trader 250000", ANN)
    assert "up to 250,000.00 USD" in text
    assert "Your one-time code?" in await asked(w, "/role 3 trader 250000 yes", ANN)
    assert "up to 250,000.00 USD" in await asked(w, f"/code {now(w, app)}", ANN)


async def test_taking_it_away_takes_a_code_and_tells_the_owners():
    w = await coded()
    app = await enrolled(w)
    assert "Your one-time code?" in await asked(w, "/code off", ANN)
    assert "Your authenticator is gone" in await asked(w, f"/code off {now(w, app)}", ANN)
    assert "Ann has no authenticator any more" in await told(w, OTTO)
    assert not await codes.wanted(w.desk, ANN.id)


async def test_where_codes_are_required_who_has_none_is_told_how():
    w = await coded()
    w.desk.discipline = Discipline(codes_required=True)
    text = await asked(w, "/invite viewer yes", ANN)
    assert "takes a one-time code here: /code in a private chat sets one up" in text
    assert await w.journal.count(Invite) == 0


async def test_a_secret_opens_for_its_operator_and_with_its_key_alone():
    w = await coded()
    app = await enrolled(w)
    assert await tried(w, now(w, app)) == ""
    [row] = await w.journal.read(Authenticator)
    w.clock.at += STEP
    with pytest.raises(DeskError, match="damaged; enrol it anew"):
        w.desk.vault.open(row.sealed, "2", "totp")  # type: ignore[union-attr]
    with pytest.raises(DeskError, match="sealed with another key: set QUARTERDECK_KEY"):
        Vault(lambda: bytes(32)).open(row.sealed, "1", "totp")
    for broken in ("", "x", row.sealed[:-8], "%%%"):
        with pytest.raises(DeskError, match="damaged"):
            Vault(lambda: KEY).open(broken, "1", "totp")


async def test_a_desk_without_a_vault_says_so():
    w = await world(operators=CREW)
    assert "keeps no secrets" in await asked(w, "/code", ANN)


async def test_a_question_names_no_code_in_what_is_kept():
    w = await coded()
    await enrolled(w)
    await asked(w, "/invite viewer yes", ANN)
    found = await preferences.chosen(w.journal, "asked:")
    assert found["1"].value == '["invite", "viewer"]'
    [notice] = [
        row
        for row in await w.journal.read(Notice, recipient=1)
        if row.kind == "text" and "Your one-time code?" in Message.from_json(row.body).plain
    ]
    assert not re.search(r"\d{6}", Message.from_json(notice.body).plain)
