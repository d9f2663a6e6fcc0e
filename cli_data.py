"""`quarterdeck data …`: bars in, and what is there. Imports what a command needs, when it does."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(no_args_is_help=True, help="Bring bars in, and see what there is.")


@data.command("import")
def import_(
    files: Annotated[list[Path], typer.Argument(help="CSV or Parquet, or folders of them.")],
    symbol: Annotated[str, typer.Option(help="Where the file names none.")] = "",
    timeframe: Annotated[str, typer.Option(help="1m, 15m, 1h, 1d; else found.")] = "",
    zone: Annotated[str, typer.Option(help="Of times that name none: America/New_York.")] = "",
    exchange: Annotated[str, typer.Option(help="XNYS, XNSE …, 24/7 or 24/5; else found.")] = "",
    currency: Annotated[str, typer.Option(help="Of new instruments; else found.")] = "",
    dates: Annotated[str, typer.Option(help="dmy or mdy, for dates like 01/02/2024.")] = "",
    actions: Annotated[str, typer.Option(help="Splits and dividends to adjust for.")] = "",
    adjusted: Annotated[
        bool, typer.Option("--adjusted", help="Take the file's adjusted close.")
    ] = False,
    closing: Annotated[
        bool, typer.Option("--closing", help="Times are the bars' ends, not their opens.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say, but store nothing.")] = False,
) -> None:
    """Bring bars from files in, checked; all or none."""
    import intake
    from market.preparing import Wanted
    from settings import load
    from trading.clocks import SystemClock

    wanted = Wanted(
        symbol=symbol,
        timeframe=timeframe,
        zone=zone,
        exchange=exchange,
        currency=currency,
        dates=dates,
        actions=actions,
        adjusted=adjusted,
        dry=dry_run,
        closing=closing,
    )
    ask = _ask if sys.stdin.isatty() and sys.stderr.isatty() else None
    progress = _progress if sys.stderr.isatty() else None
    print(intake.bring(load(), files, wanted, SystemClock().now(), ask, progress))


def _ask(question: str) -> str:
    print(file=sys.stderr)  # off the line of a progress bar
    return str(typer.prompt(question, default="", show_default=False, err=True))


@contextmanager
def _progress(label: str, length: int) -> Iterator[Callable[[int], None]]:
    with typer.progressbar(length=length, label=label, file=sys.stderr) as bar:
        yield lambda done: bar.update(done - bar.pos)


@data.command()
def status(
    symbol: Annotated[str, typer.Option(help="One instrument in detail.")] = "",
) -> None:
    """Show what is stored, its gaps and how fresh it is."""
    import intake
    from settings import load
    from trading.clocks import SystemClock

    print(intake.status(load(), SystemClock().now(), symbol))


@data.command()
def fetch(name: Annotated[str, typer.Argument(help="A candle feed of the settings.")]) -> None:
    """Fetch what is new from an exchange into the bar store, and say what came."""
    from markets import fetch_report
    from settings import load

    text, troubled = asyncio.run(fetch_report(load(), name))
    print(text)
    raise typer.Exit(1 if troubled else 0)
