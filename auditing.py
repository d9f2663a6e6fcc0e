"""What `quarterdeck audit verify` and `quarterdeck why` do."""

import re

from db.journal import open_to_read
from desk import audit
from desk.wording import number_of
from folder import lived_in, prepare
from settings import Settings
from trading.audit import Deed
from trading.errors import ConfigError


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
