"""`quarterdeck mail …`: whether email goes. Imports what a command needs, when it does."""

import asyncio

import typer

mail = typer.Typer(no_args_is_help=True, help="Whether critical messages go by email.")


@mail.command()
def test() -> None:
    """Send a test mail to everybody under [mail] and say what the server answered."""
    import mailing
    from settings import load

    print(asyncio.run(mailing.test(load())))


@mail.command()
def status() -> None:
    """What waits to be mailed, and since when it cannot be."""
    import mailing
    from settings import load

    print(asyncio.run(mailing.status(load())))
