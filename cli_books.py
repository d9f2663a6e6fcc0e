"""`quarterdeck import …` and `quarterdeck export`: what the books are made of, in and out."""

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli_data import _progress

books = typer.Typer()
imports = typer.Typer(no_args_is_help=True, help="Bring trades, rates and actions in.")
books.add_typer(imports, name="import")

Zone = Annotated[str, typer.Option(help="Of times that name none: Asia/Kolkata.")]
Dates = Annotated[str, typer.Option("--date-format", help="dmy, mdy, or %d.%m.%Y %H:%M.")]
Currency = Annotated[str, typer.Option(help="Of amounts that name none.")]
DecimalSign = Annotated[str, typer.Option("--decimal", help="What decimals follow: , or .")]
Check = Annotated[bool, typer.Option("--check", help="Say, but store nothing.")]
Account = Annotated[str, typer.Option(help="Whose trades these are; else the file's.")]


class What(StrEnum):
    FILLS = "fills"
    TRADES = "trades"
    DAILY = "daily"
    EQUITY = "equity"
    ALL = "all"


class Format(StrEnum):
    CSV = "csv"
    PARQUET = "parquet"


@imports.command()
def trades(
    files: Annotated[list[Path], typer.Argument(help="CSV, XML, JSON; the kind is recognised.")],
    map_: Annotated[
        list[str] | None, typer.Option("--map", help="A column's meaning: symbol=Ticker.")
    ] = None,
    zone: Zone = "",
    date_format: Dates = "",
    account: Account = "",
    strategy: Annotated[str, typer.Option(help="Whose book they go to.")] = "",
    currency: Currency = "",
    multiplier: Annotated[str, typer.Option(help="Currency per point and unit.")] = "",
    decimal: DecimalSign = "",
    check: Check = False,
) -> None:
    """Bring trades in: fills, round trips or a broker's statement. Exit 1 if a row was refused."""
    from imported import Wanted

    _bring(
        files,
        Wanted(
            zone=zone,
            dates=date_format,
            account=account,
            strategy=strategy,
            currency=currency,
            multiplier=multiplier,
            decimal=decimal,
            columns=map_ or (),
            dry=check,
        ),
    )


@imports.command()
def rates(
    file: Annotated[Path, typer.Argument(help="date,currency,value; date,EUR,GBP…; the ECB's.")],
    zone: Zone = "",
    date_format: Dates = "",
    currency: Annotated[str, typer.Option(help="In which the values are; else the desk's.")] = "",
    decimal: DecimalSign = "",
    check: Check = False,
) -> None:
    """Bring exchange rates in. Exit 1 if a row was refused."""
    from imported import Wanted

    wanted = Wanted(zone=zone, dates=date_format, currency=currency, decimal=decimal, dry=check,
                    rates_only=True)  # fmt: skip
    _bring([file], wanted)


@imports.command()
def actions(
    file: Annotated[Path, typer.Argument(help="actions.csv as `quarterdeck export` writes it.")],
    account: Account = "",
    check: Check = False,
) -> None:
    """Bring splits, mergers and options' ends in. Exit 1 if a row was refused."""
    from imported import Wanted

    _bring([file], Wanted(account=account, dry=check))


def _bring(files: list[Path], wanted: object) -> None:
    from imported import Wanted, bring
    from settings import load

    assert isinstance(wanted, Wanted)
    progress = _progress if sys.stderr.isatty() else None
    text, status = asyncio.run(bring(load(), files, wanted, progress))
    print(text)
    raise typer.Exit(status)


@books.command()
def export(
    what: Annotated[What, typer.Argument(help="Or all of them.")] = What.ALL,
    to: Annotated[Path | None, typer.Option(help="A folder; else one in the data folder.")] = None,
    format: Annotated[Format, typer.Option(help="How.")] = Format.CSV,
    start: Annotated[str, typer.Option("--from", help="First day.")] = "",
    end: Annotated[str, typer.Option("--until", help="Last day.")] = "",
    strategy: Annotated[str, typer.Option(help="Only this one's.")] = "",
) -> None:
    """Write fills, trades, daily P&L and equity, to the last digit."""
    from exporting import Chosen, carry_out
    from settings import load

    chosen = Chosen(what.value, to, format.value, start, end, strategy)
    print(asyncio.run(carry_out(load(), chosen)))
