"""`quarterdeck audit …` and `why`: what was done, and whether it holds. Imports when needed."""

import asyncio
import sys
from typing import Annotated

import typer

audit = typer.Typer(no_args_is_help=True, help="The record of who did what.")


@audit.callback()
def _audit() -> None:
    """A group, so that it may grow."""


@audit.command()
def verify(
    head: Annotated[str, typer.Option(help="NUMBER:DIGEST noted before; must be there.")] = "",
) -> None:
    """Try every link of the chain; exit 1 naming the first that is broken."""
    from auditing import verify as tried
    from settings import load

    sys.exit(asyncio.run(tried(load(), head)))


def why(
    signal: int,
    check: Annotated[
        bool, typer.Option("--verify", help="Say whether the bars give it again.")
    ] = False,
) -> None:
    """The story of a signal. With --verify exit 1 where bars and code do not give it again."""
    from auditing import why as told
    from settings import load

    sys.exit(asyncio.run(told(load(), signal, again=check)))
