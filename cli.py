"""The command line: one more door to the same desk. Imports what a command needs, when it does."""

import asyncio
import sys
from collections.abc import Coroutine
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.main import get_command

from cli_audit import audit, why
from cli_books import books
from cli_caches import rebuild
from cli_charges import charging
from cli_data import data
from cli_mail import mail
from cli_people import code, pair
from cli_safety import safety

if TYPE_CHECKING:
    from settings import Settings

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="Quarterdeck: a Telegram operator console for automated trading.",
)
LONGEST = 600  # characters of a refusal
app.add_typer(charging)
app.add_typer(books)
app.add_typer(safety)
app.add_typer(data, name="data")
app.add_typer(mail, name="mail")
app.add_typer(code, name="code")
app.add_typer(audit, name="audit")
app.command()(rebuild)
app.command()(pair)
app.command()(why)


class Work(StrEnum):
    FAST = "fast"
    HEAVY = "heavy"


class Part(StrEnum):
    BOT = "bot"
    FAST = "fast"
    HEAVY = "heavy"
    DRAW = "draw"
    PAPER = "paper"


def main() -> None:
    """Every mistake, in a word of the command too, is one line on stderr and exit status 2."""
    from trading.errors import QuarterdeckError

    try:
        command = get_command(app)  # `app()` itself would put a hook of typer's over the log's
        status = command.main(prog_name="quarterdeck", standalone_mode=False)
    except QuarterdeckError as error:
        _refuse(str(error))
    except typer.TyperException as error:
        _refuse_words(error)
    except typer.Abort:
        _refuse("nothing was done")
    except OSError as error:
        where = f"{error.filename}: " if error.filename else ""
        _refuse(f"{where}{error.strerror or error}")
    except Exception as error:
        if sys.excepthook is not sys.__excepthook__:
            raise  # a process of the house, whose log takes it
        _refuse(_ours(error))
    else:
        sys.exit(status if isinstance(status, int) else 0)


def _ours(error: Exception) -> str:
    """An error nobody foresaw; its trace is kept for who mends it, without a secret."""
    from traceback import format_exc

    from folder import cache_folder
    from logs import scrub

    kept = cache_folder() / "last-error.txt"
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_text(scrub(format_exc()), "utf-8")
    except OSError:
        return f"an error of ours: {type(error).__name__}"
    return f"an error of ours ({type(error).__name__}): please report it with {kept}"


def _refuse(text: str) -> NoReturn:
    """One line, whatever was given: no control character of a name, and no name of a mile."""
    line = "".join(char if char.isprintable() else " " for char in text)
    print(f"quarterdeck: {line[:LONGEST]}{'…' * (len(line) > LONGEST)}", file=sys.stderr)
    sys.exit(2)


def _refuse_words(error: typer.TyperException) -> NoReturn:
    """typer's own refusals; a command without any word is answered with its help."""
    text, context = error.format_message(), getattr(error, "ctx", None)
    if text.startswith("Usage:"):
        print(text, file=sys.stderr)
        sys.exit(2)
    command = context.command_path if context else "quarterdeck"
    said = " ".join(text.replace("Value error, ", "").split()).rstrip(".")
    _refuse(f"{said[:1].lower()}{said[1:]}; see `{command} --help`")


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


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
    reset: Annotated[
        bool, typer.Option("--reset", help="Instead: take the demo's data folder away.")
    ] = False,
) -> None:
    """Everything on this machine, over real history, with a phone page instead of Telegram."""
    if transcript is not None:
        from transcript.files import write_transcript

        _run(write_transcript(transcript))
        return
    from house import reset_demo, run_demo
    from settings import load

    if reset:
        print(reset_demo(load(mode="demo")))
        return
    _run(run_demo(load(mode="demo")))


@app.command()
def up() -> None:
    """Run the house: Telegram, the paper broker, bars from the data folder."""
    from house import run_house
    from settings import load

    _run(run_house(load()))


@app.command(hidden=True)
def process(name: str) -> None:
    """One process of the house; the supervisor starts these."""
    from settings import load

    _process(name, load())


@app.command()
def bot() -> None:
    """Run one part: Telegram's door and voice."""
    _part("bot")


@app.command()
def worker(
    lane: Annotated[Work, typer.Option(help="Commands and orders, or scans and other jobs.")],
) -> None:
    """Run one part: a worker. Any number of heavy ones, one fast one."""
    _part(lane.value)


@app.command()
def draw() -> None:
    """Run one part: the process that draws."""
    _part("draw")


@app.command()
def paper() -> None:
    """Run one part: the paper broker."""
    _part("paper")


def _part(name: str) -> None:
    """One process of a house that something else keeps running, by the name of this machine."""
    from folder import part_of
    from settings import load

    _process(name, part_of(load()))


def _process(name: str, settings: "Settings") -> None:
    import uvloop

    import logs
    import processes

    logs.configure(process=name)
    for secret in (settings.telegram_token, settings.mail_password):
        logs.register_secret(secret.get_secret_value())  # "" is none
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(processes.run(name, settings))


@app.command()
def check(
    name: Annotated[
        Part | None, typer.Argument(help="bot, fast, heavy, draw or paper: is it alive?")
    ] = None,
) -> None:
    """Check every rule the desk's facts must keep; writes nothing, and the house may run. With a
    part's name, whether that process of this machine is alive. Exit 0 if all is well, else 1."""
    from settings import load

    if name is None:
        from checkup import check as carry_out

        raise typer.Exit(_run(carry_out(load())))
    from pulse import probe

    raise typer.Exit(_run(probe(load(), name.value)))


@app.command()
def backup(
    to: Annotated[Path | None, typer.Option(help="This file, instead of one more.")] = None,
) -> None:
    """Copy every fact and the paper broker's book into one file; the house may run."""
    from backup import by_hand
    from settings import load

    print(_run(by_hand(load(), to)))


@app.command()
def restore(
    file: Path,
    yes: Annotated[
        bool, typer.Option("--yes", help="Replace what the database holds; it is saved first.")
    ] = False,
) -> None:
    """Put a backup back, into SQLite or PostgreSQL; the house must be stopped."""
    import backup as keeper
    from settings import load

    print(_run(keeper.restore(load(), file, replace=yes)))


@app.command()
def replay(
    strategy: Annotated[str, typer.Option(help="Name of the strategy.")] = "mean_reversion",
    start: Annotated[str, typer.Option("--from", help="First day, YYYY-MM-DD.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day, YYYY-MM-DD.")] = "",
    symbols: Annotated[str, typer.Option(help="Only these, such as AAPL,MSFT.")] = "",
    capital: Annotated[str, typer.Option(help="Money to begin with.")] = "",
    slippage: Annotated[str, typer.Option(help="Basis points, always against us.")] = "",
    commission: Annotated[str, typer.Option(help="Currency a unit.")] = "",
    minimum: Annotated[str, typer.Option(help="The least commission of an order.")] = "",
    costs: Annotated[
        str, typer.Option(help='All at once: "slippage=5 per_unit=0.005 minimum=1 maximum=0.01".')
    ] = "",
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter, name=value; may be repeated.")
    ] = None,
    picture: Annotated[Path | None, typer.Option(help="Write the chart here (PNG).")] = None,
    trades: Annotated[Path | None, typer.Option(help="Write the trades here (CSV).")] = None,
    check_lookahead: Annotated[
        bool,
        typer.Option(
            "--check-lookahead", help="Instead: which answers change when the future is hidden."
        ),
    ] = False,
) -> None:
    """Run a strategy over bars of the past with the desk's own rules, and print what it made."""
    import backtest
    from settings import load

    if check_lookahead:
        text, clean = backtest.lookahead(load(), strategy, start, end)
        print(text)
        raise typer.Exit(0 if clean else 1)
    given = backtest.pairs(costs.split(), "cost")
    given |= {
        key: value
        for key, value in (("slippage", slippage), ("per_unit", commission), ("minimum", minimum))
        if value
    }
    text = backtest.report(
        backtest.with_costs(load(), capital, given),
        strategy,
        start,
        end,
        symbols=",".join(_listed(symbols)),
        params=backtest.pairs(set_ or (), "parameter"),
        picture=picture,
        trades=trades,
        progress=sys.stderr,
    )
    print(text)


@app.command()
def search(
    over: Annotated[
        list[str] | None,
        typer.Option(help="A parameter and its values: period=5:30:5 or upper=60,70,80."),
    ] = None,
    strategy: Annotated[str, typer.Option(help="Name of the strategy.")] = "mean_reversion",
    start: Annotated[str, typer.Option("--from", help="First day chosen on.")] = "",
    end: Annotated[str, typer.Option("--to", help="Last day measured on.")] = "",
    symbols: Annotated[str, typer.Option(help="Only these, AAPL,MSFT.")] = "",
    folds: Annotated[int, typer.Option(help="How many test windows.")] = 5,
    train: Annotated[str, typer.Option(help="Length chosen on: 2y, 6m, 8w, 90d.")] = "2y",
    test: Annotated[str, typer.Option(help="Length measured on.")] = "6m",
    anchored: Annotated[bool, typer.Option(help="Choose on all days before a test.")] = False,
    rank: Annotated[str, typer.Option(help="sharpe, net or calmar.")] = "sharpe",
    workers: Annotated[int, typer.Option(help="Processes; 0 is one a core.")] = 0,
    queue: Annotated[
        bool, typer.Option("--queue", help="By the workers of the house, on every machine.")
    ] = False,
    limit: Annotated[int, typer.Option(help="The most combinations.")] = 2_000,
    fresh: Annotated[
        bool, typer.Option("--fresh/--resume", help="Forget what was found before.")
    ] = False,
    verify: Annotated[bool, typer.Option(help="Replay the best set through the desk.")] = True,
    axes: Annotated[str, typer.Option(help="The picture's parameters: width,rsi_enter.")] = "",
    picture: Annotated[Path | None, typer.Option(help="Write a heat map here.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write all sets here, as CSV.")] = None,
) -> None:
    """Try parameters walking forward, and say how much of the best is luck."""
    from search import Search
    from search import search as carry_out
    from settings import load

    wanted = Search(
        strategy=strategy, over=over or (), start=start, end=end, symbols=_listed(symbols),
        folds=folds, train=train, test=test, anchored=anchored, rank=rank, workers=workers,
        queue=queue, limit=limit, fresh=fresh, verify=verify, axes=_listed(axes),
        picture=picture, out=out,
    )  # fmt: skip
    carry_out(load(), wanted)


def _listed(text: str) -> tuple[str, ...]:
    words = tuple(word.strip() for word in text.split(",") if word.strip())
    if text and not words:
        raise typer.BadParameter(f"{text[:30]!r} names nothing")
    return words


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


@app.command()
def version() -> None:
    """Print the version."""
    from importlib.metadata import version as of

    print(f"quarterdeck {of('quarterdeck')}")


if __name__ == "__main__":
    main()
