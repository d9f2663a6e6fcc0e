"""What the voice remembers, on both databases."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from db.journal import OrmJournal
from db.posts import Meta, Nonce, NonceBook, PostBook, Refusal

NOW = datetime(2026, 2, 3, 14, 30, tzinfo=UTC)


async def issue(
    book: NonceBook,
    *names: str,
    verb: str = "approve",
    once: bool = True,
    user: int = 0,
    at: datetime = NOW,
) -> None:
    buttons = [(name, verb, ("17",), once) for name in names]
    await book.issue(buttons, recipient=7, subject="signal:17", at=at, user=user)


async def press(
    book: NonceBook, name: str, user: int = 42, chat: int = 7, message: int | None = 900
) -> Nonce | Refusal:
    return await book.take(name, user=user, recipient=chat, message_id=message, at=NOW)


async def test_a_subject_has_one_post_a_recipient(orm: OrmJournal) -> None:
    book = PostBook(orm)
    first = await book.put(7, "signal:17", message_id=900, at=NOW)
    again = await book.put(
        7, "signal:17", message_id=901, at=NOW, has_photo=True, digest="d", page=2
    )
    assert again == replace(again, id=first.id)
    assert await book.get(7, "signal:17") == again
    assert await book.get(8, "signal:17") is None
    assert await book.find(7, 901) == again
    assert await book.find(7, 900) is None
    await book.remove(7, "signal:17")
    assert await book.get(7, "signal:17") is None


async def test_a_decision_is_taken_once(orm: OrmJournal) -> None:
    book = NonceBook(orm)
    await issue(book, "a")
    await issue(book, "b", verb="why", once=False)
    taken = await press(book, "a")
    assert isinstance(taken, Nonce)
    assert (taken.verb, taken.args, taken.subject) == ("approve", ("17",), "signal:17")
    assert taken.used_at == NOW
    assert await press(book, "a") is Refusal.USED
    assert isinstance(await press(book, "b"), Nonce)
    assert isinstance(await press(book, "b"), Nonce)


async def test_of_many_presses_at_once_one_counts(orm: OrmJournal) -> None:
    book = NonceBook(orm)
    await issue(book, "a")
    start = asyncio.Barrier(6)

    async def thumb() -> Nonce | Refusal:
        await start.wait()
        return await press(book, "a")

    async with asyncio.TaskGroup() as tasks:
        thumbs = [tasks.create_task(thumb()) for _ in range(6)]
    answers = [task.result() for task in thumbs]
    assert answers.count(Refusal.USED) == 5


async def test_a_press_from_elsewhere_is_refused_and_uses_nothing(orm: OrmJournal) -> None:
    book = NonceBook(orm)
    await issue(book, "a", user=42)
    await book.place(["a"], 900)
    assert await press(book, "zzz") is Refusal.UNKNOWN
    assert await press(book, "a", user=43) is Refusal.WRONG_USER
    assert await press(book, "a", chat=8) is Refusal.WRONG_MESSAGE
    assert await press(book, "a", message=901) is Refusal.WRONG_MESSAGE
    assert await press(book, "a", message=None) is Refusal.WRONG_MESSAGE
    assert isinstance(await press(book, "a"), Nonce)


async def test_a_press_is_undone_with_its_transaction(orm: OrmJournal) -> None:
    book = NonceBook(orm)
    await issue(book, "a")

    async def half() -> None:
        async with orm.transaction():
            await press(book, "a")
            raise KeyError

    with pytest.raises(KeyError):
        await half()
    assert isinstance(await press(book, "a"), Nonce)


async def test_many_are_issued_and_old_ones_pruned(orm: OrmJournal) -> None:
    book = NonceBook(orm)
    await issue(book, *(f"o{n}" for n in range(1500)), at=NOW - timedelta(days=9))
    await issue(book, "new")
    assert await book.prune(NOW - timedelta(days=1)) == 1500
    assert await press(book, "o3") is Refusal.UNKNOWN
    assert isinstance(await press(book, "new"), Nonce)


async def test_meta_keeps_values_by_name(orm: OrmJournal) -> None:
    meta = Meta(orm)
    assert await meta.get("desk") is None
    assert await meta.settle("desk", "first") == "first"
    assert await meta.settle("desk", "second") == "first"
    await meta.set("desk", "third")
    assert await meta.get("desk") == "third"
