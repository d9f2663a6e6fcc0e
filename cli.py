"""The command line: one more door to the same desk. Imports what a command needs, when it does."""

import asyncio
import sys
from collections.abc import Awaitable
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Quarterdeck: a Telegram operator console for automated trading.",
)

data_app = typer.Typer(no_args_is_help=True, help="Bars: what is stored and where it comes from.")
app.add_typer(data_app, name="data")


def main() -> None:
    """Every error made on purpose is one line on stderr and exit status 2."""
    from trading.errors import QuarterdeckError

    try:
        app()
    except QuarterdeckError as error:
        print(f"quarterdeck: {error}", file=sys.stderr)
        sys.exit(2)


def _run(work: Awaitable[Any]) -> Any:
    async def whole() -> Any:
        return await work

    return asyncio.run(whole())


@app.command()
def demo(
    transcript: Annotated[
        Path | None,
        typer.Option(
            help="Instead: play a scripted conversation without a browser, on a data folder of "
            "its own, and write it to FILE.txt and FILE.html.",
            metavar="FILE",
        ),
    ] = None,
) -> None:
    """Everything on this machine, over real history, with a phone page instead of Telegram."""
    if transcript is not None:
        from transcript.files import write_transcript

        _run(write_transcript(transcript))
        return
    from house import run_demo
    from settings import load

    _run(run_demo(load(mode="demo")))


@app.command()
def up() -> None:
    """Run the house: Telegram, the paper broker, bars from the data folder."""
    from house import run_house
    from settings import load

    _run(run_house(load()))


@app.command()
def pair() -> None:
    """Print a code, good for ten minutes, that makes whoever sends it to the bot an owner."""
    import house
    from settings import load

    print(_run(house.pair(load())))


@app.command(hidden=True)
def process(name: str) -> None:
    """One process of the house; the supervisor starts these."""
    import uvloop

    import logs
    import processes
    from settings import load

    settings = load()
    logs.configure(process=name)
    token = settings.telegram_token.get_secret_value()
    if token:
        logs.register_secret(token)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(processes.run(name, settings))


@app.command()
def squareoff(
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
) -> None:
    """Cancel every order and close every position, without Redis or Telegram; halts trading."""
    from house import square_off
    from settings import load

    settings = load()
    if not yes:
        typer.confirm("Cancel every order, close every position and halt trading?", abort=True)
    _run(square_off(settings))


@app.command()
def replay(
    strategy: Annotated[str, typer.Option(help="Name of the strategy.")] = "mean_reversion",
    start: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = "",
    picture: Annotated[Path | None, typer.Option(help="Write the P&L picture here.")] = None,
    check_lookahead: Annotated[
        bool,
        typer.Option(
            "--check-lookahead", help="Instead: which answers change when the future is hidden."
        ),
    ] = False,
) -> None:
    """Run a strategy over the sample bars with the desk's own rules, and print what it made."""
    from backtest import lookahead, report
    from settings import load

    if check_lookahead:
        text, clean = lookahead(load(), strategy, start, end)
        print(text)
        raise typer.Exit(0 if clean else 1)
    print(report(load(), strategy, start, end, picture))


@app.command()
def strategies() -> None:
    """List the strategies there are, yours included, and the files that were refused."""
    from backtest import strategy_table
    from settings import load

    print(strategy_table(load()))


@app.command()
def sample() -> None:
    """Put the shipped sample bars into the data folder."""
    from folder import install_sample
    from settings import load

    print(install_sample(load()))


@data_app.command()
def fetch(name: Annotated[str, typer.Argument(help="A candle feed of the settings.")]) -> None:
    """Fetch what is new from an exchange into the bar store, and say what came."""
    from markets import fetch_report
    from settings import load

    text, troubled = _run(fetch_report(load(), name))
    print(text)
    raise typer.Exit(1 if troubled else 0)


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as of

    print(f"quarterdeck {of('quarterdeck')}")


if __name__ == "__main__":
    main()
