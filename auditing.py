"""What `quarterdeck audit verify` and `quarterdeck why` do."""

import re
from dataclasses import replace

from db.journal import open_to_read
from desk import audit, recipe, story
from desk.console.why import told
from desk.wording import number_of
from folder import bars_folder, instruments_file, lived_in, prepare
from market.instruments import InstrumentBook
from rebuild import bookkeeper
from settings import Settings
from trading.audit import Deed
from trading.errors import ConfigError
from wiring import known_strategies, strategy_files


async def verify(settings: Settings, noted: str = "") -> int:
    """Prints the first broken link, or how many hold and the last one's digest; 0 or 1."""
    if noted and not re.fullmatch(r"[1-9][0-9]{0,17}:[0-9a-f]{64}", noted):
        raise ConfigError("--head is NUMBER:DIGEST, as `quarterdeck audit verify` prints it")
    lived_in(settings)
    prepare(settings)
    async with open_to_read(settings.database_url) as journal:
        async for broken in audit.walk(journal):
            print(f"The chain is broken: {broken}.")
            return 1
        number, digest = await audit.head(journal)
        if noted:
            at, _, known = noted.partition(":")
            there = await journal.first(Deed, number=int(at))
            if there is None or there.digest != known:
                print(f"The chain is not the one that was noted: deed {at} is another or gone.")
                return 1
    if not number:
        print("Nothing is on record yet.")
        return 0
    print(f"The chain holds: {number_of(number, 'deed')}. Its head:\n{number}:{digest}")
    print("Note it elsewhere: `--head` tries later that nothing before it was made anew.")
    return 0


async def why(settings: Settings, number: int, *, again: bool = False) -> int:
    """Prints a signal's story; `again` also whether bars and code give it again. 1 where not."""
    lived_in(settings)
    prepare(settings)
    file = instruments_file(settings)
    book = InstrumentBook.load(file) if file.exists() else InstrumentBook(())
    async with open_to_read(settings.database_url) as journal:
        desk = replace(await bookkeeper(settings, journal), instruments=book)
        card = await story.card(desk, number)
        print((await told(desk, card)).plain)
        made = await recipe.of(desk, card.signal)
    if not again:
        return 0
    from market.store import BarStore
    from strategies.registry import find
    from worker.reproduced import differences

    strategy = find(card.signal.strategy, known_strategies(strategy_files(settings)))
    store, detail = BarStore(bars_folder(settings)), dict(made.detail) if made else {}
    found = differences(card.signal, detail, strategy, card.instrument, store, desk.calendar)
    if not detail.get("code"):
        print("\nNo parameters were recorded with it: tried with the strategy's own.")
    if not found:
        print("\nReproduced: bars, parameters and code give the same signal.")
        return 0
    print("\nNot reproduced:\n- " + "\n- ".join(found))
    return int(bool(found))
