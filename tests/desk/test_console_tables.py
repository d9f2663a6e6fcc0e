"""Tables fit a phone, whatever is in them."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from desk.console.replies import WIDTH
from desk.console.tables import figures, folded, ledger, narrow, paged, turns

D = Decimal
NAMES = st.text("abcdefgh_ −", min_size=1, max_size=60)
AMOUNTS = st.decimals(D("-1e11"), D("1e11"), places=2)


def widest(text: str) -> int:
    return max(map(len, text.splitlines()), default=0)


@given(st.lists(st.tuples(NAMES, AMOUNTS, AMOUNTS), min_size=1, max_size=6))
@settings(max_examples=80)
def test_figures_give_up_cents_before_they_give_up_the_width(rows: list[tuple[str, D, D]]):
    said = figures(("", "USD", "change"), [(name[:9], (a, b)) for name, a, b in rows])
    assert widest(said.text) <= WIDTH


def test_cents_stay_while_there_is_room():
    said = figures(
        ("", "USD", "change"), [("7 days", (D("1234.5"), D("-1"))), ("30 days", (D(0), None))]
    )
    assert said.text == (
        "              USD change\n7 days  +1,234.50  −1.00\n30 days      0.00      –"
    )


@given(st.lists(st.tuples(NAMES, st.text("0123456789", max_size=20)), min_size=1, max_size=6))
@settings(max_examples=80)
def test_names_give_way_to_figures(rows: list[tuple[str, str]]):
    assert widest(narrow(rows).text) <= WIDTH
    said = ledger(rows).text
    assert {len(line) for line in said.splitlines()} == {WIDTH}


def test_a_long_line_goes_on_under_its_text():
    assert folded("09:30", "bought 1,000 @ 123.4567, fee 12.3456, tax 1.00") == [
        "09:30 bought 1,000 @ 123.4567, fee",
        "      12.3456, tax 1.00",
    ]


@given(st.integers(0, 100), st.integers(1, 99_999), st.integers(1, 20))
def test_a_page_that_is_none_is_the_nearest(count: int, page: int, size: int):
    part, shown, pages = paged(range(count), page, size)
    assert 1 <= shown <= pages
    assert len(part) == min(size, count - (shown - 1) * size)
    labels = [button.label for row in turns("trades", shown, pages) for button in row]
    assert ("‹ Back" in labels) == (shown > 1)
    assert ("More ›" in labels) == (shown < pages)
