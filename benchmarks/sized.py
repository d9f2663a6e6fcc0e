"""The sample's bars in the sizes benchmarks want: real symbols, repeated under a suffix."""

import polars as pl

from market.sample import sample_bars


def sized(symbols: int, bars: int) -> pl.DataFrame:
    """`symbols` histories of the sample's last `bars` bars; only full ones, then their copies
    "AAPL.1", "AAPL.2" and so on."""
    frame = sample_bars().group_by("symbol", maintain_order=True).tail(bars)
    counts = frame.group_by("symbol", maintain_order=True).len()
    full = counts.filter(pl.col("len") == bars)["symbol"]
    copies = []
    for copy in range(-(-symbols // len(full))):
        wanted = full.head(min(len(full), symbols - copy * len(full))).implode()
        part = frame.filter(pl.col("symbol").is_in(wanted))
        copies.append(part.with_columns(pl.col("symbol") + f".{copy}") if copy else part)
    return pl.concat(copies).sort("symbol", "ts")
