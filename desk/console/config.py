"""/config: the settings in force, by group; /reload: what the file says otherwise."""

from desk import notices
from desk.configuration import Change, Configuration, Item, Way
from desk.console.asked import page, words
from desk.console.deciding import pressed
from desk.console.tables import at_page, folded, paged, turns
from desk.desk import Desk
from trading.errors import BadCommand
from trading.facts import Request
from trading.messages import bold, code, message, table

OF_A_PAGE = 24
MOST = 20  # changes shown of one kind
TITLES = {Way.TIGHTENS: "Makes safer", Way.LOOSENS: "Makes riskier", Way.OTHER: "Else"}


async def config(desk: Desk, request: Request) -> None:
    """Raises BadCommand for a group there is none of."""
    items = list(_of(desk).items())
    given = words(request)
    groups = sorted({item.group for item in items})
    if given and given[0] not in groups:
        raise BadCommand(f"no setting {given[0][:30]!r} is set; there are: {', '.join(groups)}")
    shown = [item for item in items if not given or item.group == given[0]]
    part, at, pages = paged(sorted(shown, key=lambda item: item.key), page(request), OF_A_PAGE)
    said = message(
        bold("Settings in force"),
        "\n",
        table("\n".join(line for item in part for line in _item(item))),
        f"\n{at_page(at, pages)}* is other than usual. Secrets are never shown. /config GROUP "
        "shows one; /reload compares with the file.",
        buttons=turns("config", at, pages, *given),
    )
    await notices.answer(desk, request, said, edits=pressed(request))


async def reload(desk: Desk, request: Request) -> None:
    """What the file says otherwise; nothing is changed, by a bad file neither."""
    changes = _of(desk).reread()
    if not changes:
        text = "The file says what is in force: a restart would change nothing."
        await notices.answer(desk, request, text)
        return
    parts = [bold("The file says otherwise")]
    for way, title in TITLES.items():
        found = [change for change in changes if change.way is way]
        if not found:
            continue
        lines = [line for change in found[:MOST] for line in _change(change)]
        more = [f"and {len(found) - MOST} more"] if len(found) > MOST else []
        parts += [bold(f"\n{title}\n"), table("\n".join([*lines, *more])[:1_000])]
    said = message(
        *parts,
        "\nNothing is changed yet: all of it counts from the next start, ",
        code("quarterdeck up"),
        ".",
    )
    await notices.answer(desk, request, said)


def _of(desk: Desk) -> Configuration:
    if desk.configuration is None:
        raise BadCommand("this desk was not begun from settings")
    return desk.configuration


def _item(item: Item) -> list[str]:
    return folded("*" if item.differs else " ", f"{item.key} {item.value}"[:120])


def _change(change: Change) -> list[str]:
    said = f"{change.key} {change.before or 'none'} → {change.after or 'none'}"
    return folded("", said[:160])
