"""`quarterdeck import …`: files into the desk's books, and what is said of it."""

import csv
import gc
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from db.journal import open_journal, open_to_read
from desk import anew
from desk.anew import Made
from folder import prepare
from importing import Import, Progress, Result
from market import exchanges
from rebuild import bookkeeper, said
from settings import Settings
from statements import Terms
from statements.own import guarded
from statements.statement import plain
from trading.errors import BadCommand
from trading.ports import Journal
from wiring import calendar_of

SHOWN = 20  # refused rows on the screen
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The options as typed."""

    zone: str = ""
    dates: str = ""
    account: str = ""
    strategy: str = ""
    currency: str = ""
    multiplier: str = ""
    decimal: str = ""
    columns: Sequence[str] = ()  # "symbol=Ticker"
    dry: bool = False
    rates_only: bool = False

    def terms(self, house: ZoneInfo, base: str) -> Terms:
        """Raises BadCommand for an option that cannot be read."""
        zone = house
        if self.zone:
            try:
                zone = ZoneInfo(self.zone)
            except (KeyError, ValueError, OSError):
                text = f"--zone {self.zone[:40]!r} is no time zone: say America/New_York"
                raise BadCommand(text) from None
        if self.dates and self.dates not in ("dmy", "mdy") and "%" not in self.dates:
            raise BadCommand(f"--date-format {self.dates[:20]!r}: say dmy, mdy, or %d.%m.%Y %H:%M")
        columns = {}
        for pair in self.columns:
            meaning, sign, heading = pair.partition("=")
            if not sign or not heading.strip():
                raise BadCommand(f"--map {pair[:40]!r}: say --map symbol=Ticker")
            columns[meaning.strip()] = heading
        return Terms(
            zone=zone,
            base=base,
            zone_said=bool(self.zone),
            account=self.account,
            strategy=self.strategy,
            currency=self.currency.upper(),
            multiplier=_positive(self.multiplier),
            dates=self.dates,
            decimal=self.decimal,
            columns=columns,
        )


def _positive(word: str) -> Decimal | None:
    if not word:
        return None
    try:
        found = Decimal(word)
    except ArithmeticError:
        found = ZERO
    if not found.is_finite() or found <= 0:
        raise BadCommand(f"--multiplier {word[:20]!r} is no number above zero")
    return found


async def bring(
    settings: Settings,
    files: Sequence[Path],
    wanted: Wanted,
    progress: Progress | None = None,
) -> tuple[str, int]:
    """The report, and the exit status: 1 where a row was refused."""
    house = zone_of(settings)
    terms = wanted.terms(house, settings.currency)
    async with _journal(settings, dry=wanted.dry) as journal:
        work = Import(journal, terms, settings.lots, wanted.dry, progress)
        with _uncollected():
            result = await work.bring(files, rates_only=wanted.rates_only)
        made = await _marked(settings, journal) if result.imported and not wanted.dry else None
    kept = _keep(settings, files, result) if len(result.refused) > SHOWN else None
    text = told(result, house, dry=wanted.dry, kept=kept)
    lines = [text, *(said(made) if made is not None else ())]
    return "\n".join(lines), int(bool(result.refused))


async def _marked(settings: Settings, journal: Journal) -> Made:
    """What is past has its P&L in its own sessions at once."""
    return await anew.catch_up(await bookkeeper(settings, journal))


def zone_of(settings: Settings) -> ZoneInfo:
    """The desk's own. A folder that is not there yet is not made for it."""
    if settings.data.exists():
        return ZoneInfo(calendar_of(settings).zone)
    return ZoneInfo(exchanges.calendar_of(exchanges.named(settings.calendar)).zone)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Facts hold no cycles: looking for them among 100,000 took a quarter of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@asynccontextmanager
async def _journal(settings: Settings, *, dry: bool) -> AsyncIterator[Journal]:
    """A dry run makes no folder and no database."""
    if dry and not settings.database and not (settings.data / "quarterdeck.sqlite3").exists():
        from replay.journal import MemoryJournal

        yield MemoryJournal()
        return
    prepare(settings)
    opened = open_to_read if dry else open_journal
    async with opened(settings.database_url) as journal:
        yield journal


def _keep(settings: Settings, files: Sequence[Path], result: Result) -> Path:
    """All refused rows, beside the data folder's imports."""
    folder = settings.data.absolute() / "imports"
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{files[0].name}.refused.csv"
    with (folder / name).open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(("file", "line", "reason", "row"))
        for file, one in result.refused:
            writer.writerow((guarded(file), one.line, guarded(one.reason), guarded(one.row)))
    return folder / name


def told(result: Result, zone: ZoneInfo, *, dry: bool, kept: Path | None) -> str:
    lines = [f"read        {_count(result.rows, 'row')}: {', '.join(result.presets)}"]
    lines += [f"assumed     {one}" for one in result.assumed]
    added = ", ".join(_count(n, kind) for kind, n in result.added.items() if n)
    would = "would be " if dry else ""
    lines.append(f"imported    {would}{_count(result.imported, 'row')}{f': {added}' * bool(added)}")
    if result.known:
        lines.append(f"known       {_count(result.known, 'row')}, left as they are")
    lines += [f"skipped     {_count(n, 'row')}: {why}" for why, n in result.skipped.items()]
    reasons = Counter(_kind_of(one.reason) for _, one in result.refused)
    lines += [f"refused     {_count(n, 'row')}: {why}" for why, n in reasons.most_common(8)]
    several = len({name for name, _ in result.refused}) > 1
    for name, one in result.refused[:SHOWN]:
        place = f"{name} line {one.line}" if several else f"line {one.line}"
        lines.append(f"  {place}: {one.reason}")
    if kept is not None:
        lines.append(f"  … and {len(result.refused) - SHOWN:,} more, all in {kept}")
    lines += _money(result)
    if result.first is not None and result.last is not None:
        lines.append(f"period      {_day(result.first, zone)} to {_day(result.last, zone)}")
    return "\n".join(lines)


def _money(result: Result) -> list[str]:
    lines = []
    if result.net:
        lines.append(
            f"trades      {result.trades:,} closed, {_count(result.open, 'position')} open"
        )
        for currency, net in sorted(result.net.items()):
            lines.append(f"net P&L     {_figure(net)} {currency}")
        if set(result.net) != {result.base}:
            unknown = result.net_base.is_nan()
            says = "not known: import exchange rates with `quarterdeck import rates`"
            worth = says if unknown else f"{_figure(result.net_base)} {result.base}"
            lines.append(f"in base     {worth}")
    for (kind, currency), paid in sorted(result.cash.items()):
        lines.append(f"{kind:<11} {_figure(paid)} {currency}")
    return lines


def _kind_of(reason: str) -> str:
    """Without its figures and names, so that like reasons are counted together."""
    words = ["…" if any(char.isdigit() for char in one) else one for one in reason.split()]
    return " ".join(words)[:60].rstrip(" ,:")


def _figure(value: Decimal) -> str:
    """All digits, two decimals at least; what exchange rates made endless is cut at 1e-8."""
    rounded = value.quantize(Decimal("1e-8"))
    whole, _, decimals = plain(value if value == rounded else rounded).partition(".")
    return f"{int(whole):+,}".replace("+0", "-0" if value < 0 else "0") + f".{decimals:0<2}"


def _count(n: int, word: str) -> str:
    return f"{n:,} {word}{'s' * (n != 1)}"


def _day(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d}"
