"""`quarterdeck charges`: the schedules of fees and taxes. Imports what it needs, when it does."""

from typing import Annotated

import typer

charging = typer.Typer()


@charging.command()
def charges(
    name: Annotated[str, typer.Argument(help="A schedule, such as us_ib_fixed.")] = "",
    day: Annotated[str, typer.Option(help="As of this day, YYYY-MM-DD; else today.")] = "",
    quantity: Annotated[str, typer.Option(help="Units of the example.")] = "100",
    price: Annotated[str, typer.Option(help="Price of the example.")] = "",
    product: Annotated[str, typer.Option(help="delivery, intraday, futures or options.")] = "",
) -> None:
    """List the schedules of fees and taxes, or show one: an example, its rates, their sources."""
    import charging as bills
    from settings import load
    from trading.clocks import SystemClock

    now = SystemClock().now()
    print(
        bills.shown(load(), name, day, quantity, price, product, now)
        if name
        else bills.listed(load())
    )
