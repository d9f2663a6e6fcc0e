"""The verdict as text and as a table: what is in sample, what is not, and after how many tries."""

import csv
from collections.abc import Mapping, Sequence
from io import StringIO
from math import sqrt
from textwrap import fill

from research.course import A_YEAR, Terms
from research.grid import Grid, said, words
from research.outcome import Figures
from research.ranking import LEAST_TRADES, Ranked, Verdict
from research.study import Study

WIDTH = 100  # characters of a line
SHOWN = 10  # of the ranking; the CSV has all
MINUS = "\N{MINUS SIGN}"
NAMES = {"sharpe": "Sharpe", "net": "net", "calmar": "Calmar"}


def percent(value: float, digits: int = 1) -> str:
    """`+12.3 %`, with a true minus sign."""
    return f"{value * 100:+.{digits}f} %".replace("-", MINUS)


def likely(probability: float) -> str:
    """`94 %`; rounded down, so that 95 % is never said of less."""
    return f"{int(probability * 100)} %"


def ratio(value: float) -> str:
    return f"{value:.2f}".replace("-", MINUS)


def ranked_by(figures: Figures, by: str, timeframe: str) -> str:
    """The figure sets are ranked by, as a reader expects it: a Sharpe ratio a year's."""
    return shown(figures.rank(by), by, timeframe)


def shown(value: float, by: str, timeframe: str) -> str:
    if by == "net":
        return percent(value)
    return ratio(value * sqrt(A_YEAR[timeframe]) if by == "sharpe" else value)


def table(head: Sequence[str], rows: Sequence[Sequence[str]], left: int = 1) -> str:
    """Columns two spaces apart, the first `left` of them to the left, figures to the right."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    lines = []
    for row in (head, *rows):
        cells = [
            text.ljust(width) if i < left else text.rjust(width)
            for i, (text, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def opening(study: Study, grid: Grid, instruments: int) -> str:
    """What is about to be tried, before it is."""
    axes = " × ".join(f"{axis.name} {len(axis.values)}" for axis in grid.axes)
    folds = len(study.folds)
    return (
        f"{study.strategy}: {len(grid):,} combinations ({axes}), {folds} "
        f"fold{'' if folds == 1 else 's'}, {instruments} instruments, "
        f"{study.first} to {study.last}"
    )


def paragraph(said_: str) -> str:
    return fill(said_, WIDTH, break_on_hyphens=False, break_long_words=False)


def text(study: Study, grid: Grid, verdict: Verdict, by: str, held: Figures) -> str:
    """`held` is what the same instruments made in equal parts over the same days."""
    frame = study.timeframe
    span = f"{study.folds[0].test.first} to {study.last}"
    walked, name = verdict.walked, NAMES[by]
    parts = [
        paragraph(
            f"WALK-FORWARD: in each fold the set with the best in-sample {name}, then measured on "
            "the days after it, which the choice did not see."
        ),
        _folds(verdict, by, frame),
        paragraph(
            f"Out of sample, {span}: Sharpe {ratio(walked.sharpe(frame))} a year, net "
            f"{percent(walked.net)}, worst drawdown {percent(walked.drawdown)}, "
            f"{walked.trades:,} trades. Probability that the true Sharpe ratio is above 0: "
            f"{likely(verdict.walked_above_zero)}."
        ),
        paragraph(
            "ALL SETS, each the same through all test windows, by out-of-sample "
            f"{name}{_best_of(verdict)}:"
        ),
        _ranking(grid, verdict, by, frame),
        paragraph(_tries(verdict, frame)),
        paragraph(
            f"For comparison, all {held.trades} instruments held in equal parts over the same "
            f"days, without costs: Sharpe {ratio(held.sharpe(frame))}, net {percent(held.net)}, "
            f"worst drawdown {percent(held.drawdown)}. {_against(walked, held)}"
        ),
    ]
    return "\n\n".join(parts)


def _against(walked: Figures, held: Figures) -> str:
    better = walked.moments.sharpe > held.moments.sharpe
    more = walked.net > held.net
    if better and more:
        return "The walk-forward did better, by both figures."
    if better or more:
        return f"The walk-forward did better by {'its ratio' if better else 'its net'} only."
    return "Choosing parameters did worse than holding, by both figures."


def _folds(verdict: Verdict, by: str, frame: str) -> str:
    head = ("fold", "chosen on (in sample)", "measured on (out of sample)", "chosen", f"in: {by}",
            f"out: {by}", "net", "trades")  # fmt: skip
    rows = [
        (
            str(pick.fold.number),
            str(pick.fold.train),
            str(pick.fold.test),
            words(pick.params)
            if pick.params is not None
            else f"none: fewer than {LEAST_TRADES} trades",
            ranked_by(pick.train, by, frame) if pick.train else "",
            ranked_by(pick.test, by, frame),
            percent(pick.test.net),
            f"{pick.test.trades:,}",
        )
        for pick in verdict.picks
    ]
    return table(head, rows, left=4)


def _best_of(verdict: Verdict) -> str:
    count = len(verdict.ranked)
    return f" (best {SHOWN} of {count:,})" if count > SHOWN else ""


def _ranking(grid: Grid, verdict: Verdict, by: str, frame: str) -> str:
    names = [axis.name for axis in grid.axes]
    head = ("", *names, f"in: {by}", "out: sharpe", "net", "drawdown", "trades", "deflated")
    rows = [
        (str(place), *_cells(one, names, by, frame))
        for place, one in enumerate(verdict.ranked[:SHOWN], 1)
    ]
    return table(head, rows, left=0)


def _cells(one: Ranked, names: Sequence[str], by: str, frame: str) -> list[str]:
    return [
        *(said(one.params[name]) for name in names),
        shown(one.train, by, frame),
        ratio(one.test.sharpe(frame)),
        percent(one.test.net),
        percent(one.test.drawdown),
        f"{one.test.trades:,}",
        likely(one.deflated),
    ]


def _tries(verdict: Verdict, frame: str) -> str:
    tries = verdict.tries
    if tries < 2:
        return "Tries: 1, so nothing is deflated."
    worthless = verdict.bar * sqrt(A_YEAR[frame])
    highest = max(one.deflated for one in verdict.ranked)
    judged = (
        "The highest passes the usual 95 %."
        if highest >= 0.95
        else f"None reaches the usual 95 % (the highest is {likely(highest)}): "
        "take the order above for luck until shown otherwise."
    )
    return (
        f"Tries: {tries:,} on these bars and windows. The best of {tries:,} worthless sets that "
        f"scatter like these would show a Sharpe ratio of about {ratio(worthless)} by luck alone; "
        f"`deflated` is the probability that a set's true ratio is above that. It allows for the "
        f"tries, not for a rising market or survivorship. {judged}"
    )


def engines(terms: Terms, currency: str) -> str:
    """Which engine made the figures, and what in and out of sample mean here."""
    return paragraph(
        "MADE BY the rules alone: every entry of every instrument is taken at the next open (or at "
        "its own, where it is decided there), and what is held on a day shares "
        f"{terms.allocation:.0%} of the money in equal parts of at most {terms.position:.0%}. "
        f"Costs a side: {terms.slippage * 1e4:g} bp and {terms.charged} on a "
        f"{terms.stake:,.0f} {currency} order. No ranks, limits or ticks. In sample: chosen on "
        "these very days. Out of sample: on later days; but once you have seen them and search "
        "again, they no longer are."
    )


SURVIVORS = (
    "The shipped bars are those of today's S&P 500 members only: survivorship flatters every set, "
    "in sample and out."
)


def as_csv(study: Study, grid: Grid, verdict: Verdict, by: str) -> str:
    """Every set in the order of its rank; ratios a year's, fractions as numbers."""
    names = [axis.name for axis in grid.axes]
    year = sqrt(A_YEAR[study.timeframe])
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(
        ["rank", *names, f"in_sample_{by}", "out_sharpe", "out_net", "out_drawdown", "out_trades",
         "out_won", "out_skew", "out_kurtosis", "out_bars", "deflated", "tries", "times_chosen"]
    )  # fmt: skip
    for place, one in enumerate(verdict.ranked, 1):
        moments = one.test.moments
        figures: Mapping[str, float] = {
            "in": one.train * (year if by == "sharpe" else 1.0),
            "sharpe": moments.sharpe * year,
            "net": one.test.net,
            "drawdown": one.test.drawdown,
        }
        chosen = sum(pick.params == one.params for pick in verdict.picks)
        writer.writerow(
            [
                place,
                *(said(one.params[name]) for name in names),
                *(f"{value:.6f}" for value in figures.values()),
                one.test.trades,
                one.test.won,
                f"{moments.skew:.6f}",
                f"{moments.kurtosis:.6f}",
                moments.n,
                f"{one.deflated:.6f}",
                verdict.tries,
                chosen,
            ]
        )
    return file.getvalue()
