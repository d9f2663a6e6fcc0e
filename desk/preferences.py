"""What operators choose in a chat, kept in the journal over what the settings say."""

from desk.desk import Desk
from trading.facts import Preference
from trading.ports import Journal


async def choose(desk: Desk, name: str, value: str, *, by: str) -> None:
    """Keep `value` under `name`; "" takes the choice back. Of two at once the later stands."""
    async with desk.journal.transaction():
        row = await desk.journal.first(Preference, name=name)
        now = desk.wall.now()
        if row is None:
            await desk.journal.append([Preference(name, value, by, now)])
        else:
            await desk.journal.move(row, value=value, by=by, at=now)


async def chosen(journal: Journal, prefix: str) -> dict[str, Preference]:
    """What stands under names that begin with `prefix`, by the rest of the name."""
    return {
        row.name.removeprefix(prefix): row
        for row in await journal.read(Preference, order="name")
        if row.name.startswith(prefix) and row.value
    }
