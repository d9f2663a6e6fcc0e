"""What holds of any history: several currencies, every method, corporate actions in between."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from tests.trading.unit_lots import T0
from trading.ledger import Ledger, Method, Posting, Rates, fold
from trading.money import CAPITAL, Action, Adjustment, Change, Flow, Rate
from trading.orders import Fill
from trading.types import Side

D = Decimal
#: Symbol to currency and multiplier.
TRADED = {"AAPL": ("USD", D(1)), "SAP": ("EUR", D(1)), "ES": ("USD", D(50)), "GBS": ("GBP", D(10))}
money = st.decimals("0.0001", "9999.9999", places=4)
worth = st.decimals("0.000001", "2", places=6)
costs = st.decimals("-1", "20", places=6)


@dataclass(frozen=True)
class History:
    fills: tuple[Fill, ...]
    cash: tuple[Adjustment, ...]
    actions: tuple[Action, ...]
    rates: tuple[Rate, ...]
    method: Method

    def ledger(self, keeper=None) -> Ledger:
        return fold(
            self.fills,
            self.cash,
            self.actions,
            methods={"ib": self.method},
            rates=Rates.of("USD", self.rates),
            keeper=keeper,
        )

    @property
    def end(self) -> datetime:
        return T0 + timedelta(days=1)


@st.composite
def histories(draw: st.DrawFn, methods: Iterable[Method] = tuple(Method)) -> History:
    made: list[Fill] = []
    actions: list[Action] = []
    for number in range(draw(st.integers(1, 25))):
        at = T0 + timedelta(minutes=10 * number)
        symbol = draw(st.sampled_from(sorted(TRADED)))
        currency, multiplier = TRADED[symbol]
        if draw(st.integers(0, 5)) == 0:
            other = draw(st.sampled_from([s for s in TRADED if TRADED[s] == TRADED[symbol]]))
            kind = draw(st.sampled_from([Change.SPLIT, Change.SPINOFF, Change.SYMBOL]))
            if kind is not Change.SPLIT and other == symbol:
                kind = Change.SPLIT
            actions.append(
                Action(
                    "",
                    f"a{number}",
                    kind,
                    symbol,
                    at - timedelta(minutes=1),
                    D(draw(st.integers(1, 7))),
                    D(draw(st.integers(1, 7))),
                    other if kind is not Change.SPLIT else "",
                    draw(st.decimals("0", "1", places=3)),
                )
            )
        made.append(
            Fill(
                "ib",
                "ib",
                f"x{number}",
                f"k{number}",
                draw(st.sampled_from(["dip", "rip"])),
                symbol,
                draw(st.sampled_from(Side)),
                draw(st.decimals("0.00000001", "50", places=8)),
                draw(money),
                draw(costs),
                currency,
                at,
                multiplier,
                draw(costs),
            )
        )
    kinds = st.sampled_from(list(Flow))
    cash = [
        Adjustment(
            "ib",
            f"c{number}",
            draw(kinds),
            draw(st.decimals("-5000", "5000", places=2)),
            draw(st.sampled_from(["USD", "EUR", "GBP"])),
            T0 + timedelta(minutes=draw(st.integers(0, 250))),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    rates = [
        Rate(currency, "USD", T0 - timedelta(days=1) + timedelta(minutes=minute), draw(worth))
        for currency in ("EUR", "GBP")
        for minute in (0, *draw(st.lists(st.integers(1441, 1690), max_size=5, unique=True)))
    ]
    method = draw(st.sampled_from(tuple(methods)))
    return History(tuple(made), tuple(cash), tuple(actions), tuple(rates), method)


@given(histories(), st.fixed_dictionaries(dict.fromkeys(TRADED, money)))
def test_equity_is_capital_income_and_profit_less_costs_to_the_last_digit(history, prices):
    ledger, when = history.ledger(), history.end
    rate = {one: ledger.rates.at(one, when) for one in ("USD", "EUR", "GBP")}
    profit = D(0)
    for position in ledger.positions.values():
        by_price, by_rate = position.unrealised_base(
            prices[position.book.symbol], rate[position.currency]
        )
        profit += position.realised_base + position.fx_base - position.costs_base
        profit += by_price + by_rate
    came = sum(ledger.base_flows.values(), D(0))
    assert ledger.equity_base("ib", prices, when) == came + profit + ledger.cash_fx("ib", when)


@given(histories(methods=[Method.FIFO]), st.fixed_dictionaries(dict.fromkeys(TRADED, money)))
def test_trades_are_what_was_realised_are_what_equity_changed_by_less_what_came_in(history, prices):
    """The open trips count with what they have gathered so far."""
    ledger, when = history.ledger(), history.end
    rate = {one: ledger.rates.at(one, when) for one in ("USD", "EUR", "GBP")}
    books = ledger.positions.values()
    trips = sum((trade.net_base for trade in ledger.trades), D(0))
    for position in ledger.held():
        open_ = position.episode
        assert open_ is not None
        trips += open_.gross_base + open_.fx_base - open_.costs_base
    realised = sum((p.realised_base + p.fx_base - p.costs_base for p in books), D(0))
    assert trips == realised
    unrealised = sum(
        (sum(p.unrealised_base(prices[p.book.symbol], rate[p.currency]), D(0)) for p in books), D(0)
    )
    came = sum(ledger.base_flows.values(), D(0)) + ledger.cash_fx("ib", when)
    assert realised == ledger.equity_base("ib", prices, when) - unrealised - came


@given(histories())
def test_totals_are_the_sums_of_their_books(history):
    ledger = history.ledger()
    for (strategy, account), total in ledger.totals.items():
        books = [p for p in ledger.positions.values() if p.book[:2] == (strategy, account)]
        assert total.realised == sum(p.realised_base for p in books)
        assert total.fx == sum(p.fx_base for p in books)
        assert total.fees + total.taxes == sum(p.costs_base for p in books)
        assert total.trades == sum(t.book[:2] == (strategy, account) for t in ledger.trades)


@given(histories())
def test_every_fact_is_posted_twice_and_sums_to_zero_in_every_currency(history):
    balances: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def keep(fact: object, lines: Iterable[Posting]) -> None:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for line in lines:
            sums[line.currency] += line.amount
            balances[line.account, line.currency] += line.amount
        assert not any(sums.values()), (fact, sums)

    ledger = history.ledger(keep)
    for (account, currency), amount in ledger.cash.items():
        assert balances[f"cash:{account}", currency] == amount
    for book, position in ledger.positions.items():
        name = f"position:{book.account}:{book.strategy}:{book.symbol}"
        assert balances[name, position.currency] == position.cost
    realised = sum((p.realised for p in ledger.positions.values()), D(0))
    booked = [v for (name, _), v in balances.items() if name.startswith("income:realised")]
    assert -sum(booked, D(0)) == realised
    capital = sum((a.amount for a in history.cash if a.kind in CAPITAL), D(0))
    assert -sum((v for (n, _), v in balances.items() if n.startswith("capital")), D(0)) == capital


@given(histories())
def test_lots_add_up_to_their_position_and_never_mix_directions(history):
    for position in history.ledger().positions.values():
        assert sum(lot.quantity for lot in position.lots) == position.quantity
        assert sum(lot.cost for lot in position.lots) == position.cost
        assert sum(lot.base for lot in position.lots) == position.base
        assert all(lot.quantity * position.quantity > 0 for lot in position.lots)
        assert (position.episode is None) == (not position.quantity)


@given(histories())
def test_once_flat_the_trades_are_all_there_is(history):
    ledger = history.ledger()
    ends = [
        Fill("ib", "ib", f"end{n}", f"e{n}", p.book.strategy, p.book.symbol,
             Side.SELL if p.quantity > 0 else Side.BUY, abs(p.quantity), D(100), D(1), p.currency,
             history.end, p.multiplier)
        for n, p in enumerate(ledger.held())
    ]  # fmt: skip
    ledger = replace(history, fills=(*history.fills, *ends)).ledger()
    books = list(ledger.positions.values())
    assert not any(p.quantity for p in books)
    assert sum((t.net_base for t in ledger.trades), D(0)) == sum(
        (p.realised_base + p.fx_base - p.costs_base for p in books), D(0)
    )
    assert sum((t.gross for t in ledger.trades), D(0)) == sum((p.realised for p in books), D(0))


@given(histories(methods=[Method.LIFO, Method.HIFO, Method.FIFO]))
def test_lots_are_taken_as_a_naive_list_would(history):
    """Without actions: a list of (units, price) as Fractions, searched anew for each piece."""
    history = replace(history, actions=())
    ledger = history.ledger()
    open_: dict[tuple[str, str], list[tuple[Fraction, Fraction]]] = defaultdict(list)
    realised: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for fill in history.fills:
        key = (fill.strategy, fill.symbol)
        left, price = Fraction(fill.quantity) * fill.side.sign, Fraction(fill.price)
        while left and open_[key] and open_[key][0][0] * left < 0:
            rows = open_[key]
            chosen = {
                Method.FIFO: 0,
                Method.LIFO: len(rows) - 1,
                Method.HIFO: max(range(len(rows)), key=lambda n: (rows[n][1], -n)),
            }[history.method]
            units, paid = rows[chosen]
            taken = min(abs(units), abs(left)) * (1 if units > 0 else -1)
            realised[key] += taken * (price - paid) * Fraction(fill.multiplier)
            left += taken
            rows[chosen] = (units - taken, paid)
            if not rows[chosen][0]:
                del rows[chosen]
        if left:
            open_[key].append((left, price))
    for book, position in ledger.positions.items():
        assert Fraction(position.realised) == realised[book.strategy, book.symbol]


@given(histories(), st.integers(0, 24))
def test_a_reversed_fill_counts_for_nothing(history, which):
    wrong = history.fills[which % len(history.fills)]
    undo = replace(
        wrong, execution_id="undo", side=wrong.side.opposite, reverses=wrong.execution_id
    )
    without = replace(history, fills=tuple(f for f in history.fills if f is not wrong)).ledger()
    corrected = replace(history, fills=(*history.fills, undo)).ledger()
    assert corrected.cash == without.cash
    assert corrected.trades == without.trades
    assert corrected.net("ib") == without.net("ib")


def test_a_rate_nobody_knows_makes_no_figure_in_base_and_leaves_the_others():
    fill = Fill("ib", "ib", "x", "k", "dip", "SAP", Side.BUY, D(10), D(100), D(1), "EUR", T0)
    ledger = fold([fill], rates=Rates("USD"))
    assert ledger.positions["dip", "ib", "SAP"].cost == 1000  # type: ignore[index]
    assert ledger.totals["dip", "ib"].fees.is_nan()
