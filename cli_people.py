"""`quarterdeck pair` and `code …`: of people. Imports what a command needs, when it does."""

import asyncio

import typer

code = typer.Typer(no_args_is_help=True, help="One-time codes of operators.")


@code.callback()
def _codes() -> None:
    """A group, so that it may grow."""


@code.command()
def reset(operator: int) -> None:
    """Take the authenticator of a lost phone away; OPERATOR is the number /users shows."""
    import house
    from settings import load

    print(asyncio.run(house.reset_code(load(), operator)))


def pair() -> None:
    """Print a code, good for ten minutes, that makes whoever sends it to the bot an owner."""
    import house
    from settings import load

    print(asyncio.run(house.pair(load())))
