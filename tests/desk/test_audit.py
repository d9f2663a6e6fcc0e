"""Deeds: what is kept of whom, and a chain that no hand can change unnoticed."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk import audit, inbox, invariants
from desk.console.verbs import VERBS, handle
from desk.desk import Operator
from replay.journal import MemoryJournal
from tests.desk.test_deciding import proposed
from tests.world import ANN, World, world
from trading.audit import Deed
from trading.facts import Cursor, Notice, Request
from trading.messages import Message
from trading.people import Role

TIM, VERA = Operator(2, "Tim", Role.TRADER), Operator(3, "Vera", Role.VIEWER)


async def crewed() -> World:
    return await world(operators=(ANN, TIM, VERA))


async def asked(w: World, text: str, by: Operator = ANN) -> str:
    request = await w.ask(text, by=by)
    await handle(w.desk, request)
    rows = await w.journal.read(Notice, answers=request)
    return "\n".join(Message.from_json(row.body).plain for row in rows)


async def deeds(w: World) -> list[Deed]:
    return await w.journal.read(Deed, order="number")


async def broken(w: World) -> list[str]:
    return [text async for text in audit.walk(w.journal)]


async def filled(count: int = 5) -> World:
    w = await crewed()
    for n in range(count):
        await audit.act(w.journal, w.clock.at, "command line", "cli", "halt", str(n))
    return w


async def tampered(w: World, change: Any) -> list[str]:
    """What is found once `change` has made other rows of those there are, behind our back."""
    rows = change(await deeds(w))
    await w.journal.remove(Deed)
    for row in rows:
        await w.journal.append([row])
    findings = await invariants.findings(w.desk, at_rest=True)
    said = [finding.text for finding in findings if finding.rule == "audit unbroken"]
    all_of_it = await broken(w)
    assert said == all_of_it[: len(said)] != []
    return all_of_it


# What is kept


async def test_a_press_is_kept_with_who_where_what_was_seen_and_what_came_of_it():
    w = await crewed()
    signal = (await proposed(w, "AAPL"))[0]
    seen = "BUY 10 AAPL\nat 100.00"
    request = await inbox.receive(
        w.journal,
        Request(
            "telegram", "9", "approve", w.clock.at, (str(signal.id),), TIM.id, TIM.id,
            {"pressed": True, "seen": seen},
        ),
    )  # fmt: skip
    assert request is not None
    await handle(w.desk, request.id)
    deed = (await deeds(w))[-1]
    assert (deed.who, deed.source, deed.place) == ("operator:2", "telegram", 2)
    assert (deed.verb, deed.args, deed.shown) == ("approve", (str(signal.id),), seen)
    assert deed.outcome == "done"
    assert deed.detail[f"signal:{signal.id}"]["state"] == "approved"
    assert deed.detail[f"signal:{signal.id}"]["order"]


async def test_who_only_reads_leaves_no_deed_and_who_may_not_does():
    w = await crewed()
    await asked(w, "/positions", VERA)
    assert await deeds(w) == []
    await asked(w, "/halt", VERA)
    [deed] = await deeds(w)
    assert (deed.who, deed.verb, deed.outcome) == ("operator:3", "halt", "refused")
    assert "takes a trader" in deed.said


async def test_an_error_of_ours_is_a_deed_that_failed(monkeypatch: pytest.MonkeyPatch):
    w = await crewed()

    async def breaks(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setitem(VERBS, "positions", replace(VERBS["positions"], handler=breaks))
    request = await w.ask("/positions")
    with pytest.raises(RuntimeError):
        await handle(w.desk, request)
    [deed] = await deeds(w)
    assert (deed.outcome, deed.verb) == ("failed", "positions")


async def test_a_strategy_that_finds_signals_leaves_a_deed_that_names_them():
    w = await crewed()
    signal = (await proposed(w, "AAPL"))[0]
    [deed] = await deeds(w)
    assert (deed.who, deed.verb) == (f"strategy:{signal.strategy}", "propose")
    assert audit.concerns(deed, signal.id)


async def test_a_replay_which_nobody_operates_keeps_no_deeds():
    w = await world(operators=())
    await proposed(w)
    assert await deeds(w) == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (("resume", "123456"), (audit.HIDDEN,)),
        (("role", "Tim", "owner", "654321"), ("Tim", "owner", audit.HIDDEN)),
        (("start", "ABCDE-FGHJK"), (audit.HIDDEN,)),
        (("start", "abcde-fghjk"), (audit.HIDDEN,)),
        (("buy", "AAPL", "100000"), ("AAPL", "100000")),
        (("reject", "17", "too", "dear"), ("17", "too", "dear")),
    ],
)
def test_codes_and_invitations_are_never_kept(said: tuple[str, ...], kept: tuple[str, ...]):
    assert audit.without_secrets(said[0], said[1:]) == kept


# The chain


@given(
    st.lists(st.tuples(st.text(max_size=20), st.dictionaries(st.text(max_size=4), st.floats(
        allow_nan=False, allow_infinity=False))), max_size=6)
)  # fmt: skip
async def test_whatever_was_said_the_chain_holds(said: list[tuple[str, dict[str, float]]]):
    journal = MemoryJournal()
    for text, detail in said:
        when = datetime.fromisoformat("2025-02-03T10:00:00.000001+00:00")
        await audit.append(journal, Deed(0, when, "x", "cli", "halt", (text,), detail=detail))
    assert [text async for text in audit.walk(journal)] == []
    assert (await audit.head(journal))[0] == len(said)


async def test_an_untouched_chain_holds_and_the_rule_says_so():
    w = await filled()
    assert await broken(w) == []
    assert not [f for f in await invariants.findings(w.desk, at_rest=True) if "audit" in f.rule]


async def test_a_changed_deed_is_named():
    w = await filled()

    def change(rows: list[Deed]) -> list[Deed]:
        return [replace(row, said="harmless") if row.number == 3 else row for row in rows]

    assert "deed 3 of" in (found := (await tampered(w, change))[0])
    assert "was changed" in found
    [finding] = [f for f in await invariants.findings(w.desk, at_rest=True) if "audit" in f.rule]
    assert "deed 3" in finding.text


async def test_a_changed_deed_with_a_fitting_digest_is_betrayed_by_the_next():
    w = await filled()

    def change(rows: list[Deed]) -> list[Deed]:
        forged = audit.linked(replace(rows[2], said="harmless"), 3, rows[2].previous)
        return [*rows[:2], forged, *rows[3:]]

    assert "deed 4 of" in (await tampered(w, change))[0]


async def test_a_missing_deed_is_named():
    w = await filled()
    assert (await tampered(w, lambda rows: rows[:1] + rows[3:]))[0] == "deed 2 to 3 is missing"


async def test_deeds_cut_off_at_the_end_are_missed():
    w = await filled()
    [found] = await tampered(w, lambda rows: rows[:3])
    assert found == "deed 4 to 5 is missing: the chain ends at 3"


async def test_a_deed_put_in_at_the_end_is_named():
    w = await filled()

    def put_in(rows: list[Deed]) -> list[Deed]:
        return [*rows, audit.linked(replace(rows[-1], verb="resume"), 6, rows[-1].digest)]

    [found] = await tampered(w, put_in)
    assert found.startswith("deed 6 was put in")


async def test_a_deed_put_in_between_with_all_numbers_moved_on_is_named():
    w = await filled()

    def put_in(rows: list[Deed]) -> list[Deed]:
        new = audit.linked(replace(rows[1], verb="resume"), 3, rows[1].digest)
        return [*rows[:2], new, *(replace(row, number=row.number + 1) for row in rows[2:])]

    assert "deed 4 of" in (await tampered(w, put_in))[0]


async def test_after_a_break_new_deeds_are_still_kept():
    w = await filled()
    await tampered(w, lambda rows: rows[:3])
    await audit.act(w.journal, w.clock.at, "command line", "cli", "halt")
    assert [row.number for row in await deeds(w)] == [1, 2, 3, 6]
    assert (await broken(w))[0] == "deed 4 to 5 is missing"


async def test_a_head_that_is_gone_is_noticed():
    w = await filled()
    await w.journal.remove(Cursor, name=audit.HEAD)
    assert await broken(w) == ["deed 5 was put in or changed: the last one recorded was none"]


# /audit


async def test_the_audit_shows_who_did_what_narrow_enough_for_a_phone():
    w = await crewed()
    signal = (await proposed(w, "AAPL"))[0]
    await asked(w, f"/approve {signal.id}", TIM)
    said = await asked(w, "/audit")
    assert "Tim" in said
    assert f"/approve {signal.id}" in said
    assert "→ Approved signal" in said
    row = (await w.journal.read(Notice, order="-id"))[0]
    [lines] = [s.text for s in Message.from_json(row.body).text if s.style == "pre"]
    assert max(map(len, lines.splitlines())) <= 34


async def test_the_audit_of_a_person_a_signal_and_a_day():
    w = await crewed()
    signal = (await proposed(w, "AAPL"))[0]
    await asked(w, f"/reject {signal.id} too dear", TIM)
    await asked(w, "/halt storm")
    assert "storm" not in await asked(w, "/audit Tim")
    of_signal = await asked(w, f"/audit {1000 + signal.id}")
    assert "nothing is on record" in of_signal
    assert "too dear" in await asked(w, f"/audit #{signal.id + 0}" if signal.id > 3 else "/audit")
    assert "storm" in await asked(w, "/audit 2025-02-03")
    assert "nothing is on record" in await asked(w, "/audit 2025-01-03")
    assert "Nobody here is called" in await asked(w, "/audit nobody")
    assert "is no day" in await asked(w, "/audit 2025-13-03")


async def test_the_audit_turns_pages():
    w = await filled(20)
    w.go(w.clock.at.date(), 23)
    assert "Page 1 of 4" in await asked(w, "/audit")
    w.clock.at += timedelta(seconds=1)
    assert "Page 2 of 4" in await asked(w, "/audit p2")


async def test_a_trader_may_not_see_the_audit():
    w = await crewed()
    assert "takes an owner" in await asked(w, "/audit", TIM)
