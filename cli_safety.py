"""`quarterdeck squareoff`, `halt`, `reduce`, `resume`: without Redis and Telegram."""

import asyncio
from typing import Annotated

import typer

safety = typer.Typer()
Words = Annotated[
    list[str] | None,
    typer.Argument(metavar="[STRATEGY|BROKER] [REASON]", help="Everything without one."),
]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@safety.command()
def squareoff(
    broker: Annotated[str, typer.Option(help="Only what this broker holds.")] = "",
    strategy: Annotated[str, typer.Option(help="Only what this strategy holds.")] = "",
    symbol: Annotated[str, typer.Option(help="Only this instrument.")] = "",
    wait: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Stay until a closed market opens.")
    ] = True,
    yes: Yes = False,
) -> None:
    """Cancel orders and close positions, and halt that; asks with a list. Exit status 0 only when
    flat, 2 where something is left. Needs neither Redis nor Telegram."""
    import closing
    from desk.scope import ALL, Kind, Scope
    from settings import load

    given = [
        Scope(kind, name)
        for kind, name in ((Kind.BROKER, broker), (Kind.STRATEGY, strategy), (Kind.SYMBOL, symbol))
        if name
    ]
    if len(given) > 1:
        raise typer.BadParameter("name one of --broker, --strategy and --symbol")
    scope = given[0] if given else ALL
    work = closing.square_off(load(), scope, lambda text: _sure(text, yes=yes), wait=wait)
    raise typer.Exit(asyncio.run(work))


@safety.command()
def halt(words: Words = None) -> None:
    """No new order leaves the desk, at once; or none of that strategy or broker."""
    _tighten("halt", words)


@safety.command()
def reduce(words: Words = None) -> None:
    """Only orders that shrink a position go, at once."""
    _tighten("reduce", words)


@safety.command()
def resume(words: Words = None, yes: Yes = False) -> None:
    """Let trading go on; asks with what may be sent then."""
    import closing
    from settings import load

    print(asyncio.run(closing.resume(load(), words or (), lambda text: _sure(text, yes=yes))))


def _tighten(verb: str, words: list[str] | None) -> None:
    import closing
    from settings import load

    print(asyncio.run(closing.tighten(load(), verb, words or ())))


def _sure(text: str, *, yes: bool) -> None:
    if yes:
        print(text)
    else:
        typer.confirm(text, abort=True)
