"""`quarterdeck rebuild`. Imports what the command needs, when it does."""

import asyncio
from typing import Annotated

import typer


def rebuild(
    prices: Annotated[
        bool, typer.Option("--prices", help="At the prices stored now, not those kept.")
    ] = False,
) -> None:
    """Make the saved P&L and the snapshots of every session anew from the facts, which stay as
    they are; the house may run."""
    from rebuild import rebuild as carry_out
    from settings import load

    print(asyncio.run(carry_out(load(), ask=prices)))
