"""Trades into the books of a real database and out again: nothing twice, nothing lost."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from db.journal import open_journal
from desk.invariants.fills import fills_have_orders
from exporting import COLUMNS, TABLES, Facts, Window, table, write
from imported import Wanted, bring
from importing import Import
from replay.journal import MemoryJournal
from settings import Settings
from statements import Terms, read
from tests.world import world
from trading.errors import BadCommand, DataError
from trading.ledger import Rates, fold
from trading.money import Action, Adjustment, Change, Flow, Mark, Rate, money
from trading.orders import Fill
from trading.types import Side
from wiring import calendar_of

NEW_YORK = ZoneInfo("America/New_York")
UNTIL = Window(datetime.min.date(), datetime.max.date(), NEW_YORK)
TERMS = Terms(zone=NEW_YORK, base="USD")
START = datetime(2025, 2, 3, 15, tzinfo=UTC)

words = st.text(max_size=12) | st.sampled_from(["=1+1", "+A", "-B", "@C", "'D", "''", 'a,b;"\r\n'])
names = words.map(lambda word: word.replace("\0", "")).filter(lambda word: word.strip())
figures = st.decimals("0.00000001", "99999999", places=8)
costs = st.decimals("-5", "99", places=8)
moments = st.integers(0, 10**9).map(lambda n: START + timedelta(microseconds=n * 977))


@st.composite
def histories(draw: st.DrawFn) -> dict[type, list]:
    symbols = draw(st.lists(names, min_size=1, max_size=3, unique=True))
    fills = [
        Fill(
            "paper", "acc", f"{n}{draw(names)}", draw(names), draw(st.sampled_from(["dip", "=x"])),
            draw(st.sampled_from(symbols)), draw(st.sampled_from(Side)), draw(figures),
            draw(figures), draw(costs), "USD", draw(moments), Decimal(1), draw(costs),
        )
        for n in range(draw(st.integers(0, 8)))
    ]  # fmt: skip
    moved = [
        Adjustment("acc", f"{n}", draw(st.sampled_from(Flow)), draw(costs), "EUR", draw(moments),
                   note=draw(words).replace("\0", ""))
        for n in range(draw(st.integers(0, 3)))
    ]  # fmt: skip
    split = Action("", "s1", Change.SPLIT, symbols[0], draw(moments), Decimal(3), Decimal(2))
    rate = Rate("EUR", "USD", draw(moments), draw(figures), draw(words).replace("\0", ""))
    return {Fill: fills, Adjustment: moved, Action: [split], Rate: [rate]}


async def exported(journal, folder: Path, kind: str) -> dict[str, bytes]:
    folder.mkdir(exist_ok=True)
    facts = await Facts.of(journal, "USD")
    for name in TABLES:
        write(folder / f"{name}.{kind}", name, table(name, facts, UNTIL))
    return {name: (folder / f"{name}.{kind}").read_bytes() for name in TABLES}


@pytest.mark.parametrize("kind", ["csv", "parquet"])
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture],
          deadline=None)  # fmt: skip
@given(history=histories())
def test_what_export_wrote_makes_the_same_ledger_in_an_empty_desk(
    tmp_path: Path, kind: str, history: dict[type, list]
):
    async def there_and_back() -> None:
        first, second = MemoryJournal(), MemoryJournal()
        for facts in history.values():
            await first.append(facts)
        before = await exported(first, tmp_path / "one", kind)
        files = [tmp_path / "one" / f"{name}.{kind}" for name in TABLES]
        result = await Import(second, TERMS).bring(files)
        assert not result.refused
        assert result.imported == sum(map(len, history.values()))
        assert await exported(second, tmp_path / "two", kind) == before
        here, there = [
            fold(await j.read(Fill), await j.read(Adjustment), await j.read(Action),
                 rates=Rates.of("USD", await j.read(Rate)))
            for j in (first, second)
        ]  # fmt: skip
        assert (here.cash, here.totals) == (there.cash, there.totals)
        again = await Import(second, TERMS).bring(files)
        assert (again.imported, len(again.refused)) == (0, 0)

    asyncio.run(there_and_back())


GOOD = [
    "symbol,date,side,quantity,price,fee,trade id\nAAPL,2025-02-03 10:00,buy,10,182.35,1,7\n",
    "symbol,qty,buy date,buy price,sell date,sell price,tax,net\nA,2,2025-02-03,1,2025-02-04,2,0,2\n",  # noqa: E501
    ",".join(COLUMNS["fills"]) + "\nb,a,1,k,s,A,buy,1,2,0,USD,2025-02-03T10:00:00Z,1,0,\n",
    "Trades,Header,DataDiscriminator,Asset Category,Currency,Symbol,Date/Time,Quantity,T. Price,"
    'Proceeds,Comm/Fee,Code\nTrades,Data,Order,Stocks,USD,A,"2025-02-03, 10:00:00",1,2,-2,-1,O\n',
    '[{"id":"1","symbol":"A/B","side":"buy","amount":1,"price":2,"timestamp":1738590000000}]\n',
    '<FlexQueryResponse>\n<Trade symbol="A" quantity="1" tradePrice="2" tradeID="3" '
    'dateTime="20250203;100000" currency="USD"/></FlexQueryResponse>\n',
]


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture],
          deadline=None)  # fmt: skip
@given(
    text=st.sampled_from(GOOD),
    place=st.integers(0, 10**6),
    junk=st.text(max_size=6)
    | st.sampled_from(["1e999", "NaN", "-", "٣", "\ud800", "9" * 60, "\0"]),
    cut=st.integers(0, 8),
)
def test_a_row_however_mutated_is_taken_or_refused_and_never_raises(
    tmp_path: Path, text: str, place: int, junk: str, cut: int
):
    head = text.index("\n") + 1 if text.count("\n") > 1 else 1
    at = head + place % (len(text) - head)
    path = tmp_path / "file"
    path.write_bytes((text[:at] + junk + text[at + cut :]).encode("utf-8", "surrogatepass"))
    try:
        found = read(path, TERMS)
    except DataError as error:  # XML and JSON are whole or not at all, and a file of no row is none
        said = str(error)
    else:
        said = ""
        assert found.rows == len(found.entries) + len(found.refused) + found.skipped.total()
    assert "\n" not in said


def house(tmp_path: Path) -> Settings:
    return Settings(data=tmp_path / "data")


def file(tmp_path: Path, *rows: str, name: str = "t.csv") -> Path:
    path = tmp_path / name
    path.write_text("\n".join(["symbol,date,quantity,price,fee,trade id", *rows, ""]))
    return path


ROWS = ("AAPL,2025-02-03 10:00,10,100,1,a", "AAPL,2025-02-04 10:00,-10,101,1,b")


async def test_twice_and_overlapping_files_add_only_what_is_new(tmp_path: Path):
    first = file(tmp_path, *ROWS)
    text, status = await bring(house(tmp_path), [first], Wanted())
    assert status == 0
    assert "net P&L     +8.00 USD" in text
    assert "trades      1 closed, 0 positions open" in text
    more = file(tmp_path, *ROWS, "AAPL,2025-02-05 10:00,5,100,0,c", name="u.csv")
    text, status = await bring(house(tmp_path), [more, first], Wanted())
    assert status == 0
    assert "imported    1 row: 1 fill" in text
    assert "known       4 rows" in text
    assert "net P&L     0.00 USD" in text


async def test_what_is_imported_is_marked_at_its_own_sessions(tmp_path: Path):
    text, _ = await bring(house(tmp_path), [file(tmp_path, *ROWS)], Wanted())
    assert " made anew from the facts, 2025-02-03 to " in text
    assert "Carried at cost, no price is known: AAPL; bring their bars" in text
    async with open_journal(house(tmp_path).database_url) as journal:
        by_day = {one.session: money(one.net) for one in await journal.read(Mark)}
    assert [by_day[date(2025, 2, day)] for day in (3, 4, 5)] == [-1, 8, 8]


async def test_a_row_that_changed_under_its_id_is_refused_by_line(tmp_path: Path):
    await bring(house(tmp_path), [file(tmp_path, *ROWS)], Wanted())
    text, status = await bring(
        house(tmp_path), [file(tmp_path, ROWS[0], ROWS[1].replace("101", "102"))], Wanted()
    )
    assert status == 1
    assert "line 3: known already, with another price (101, here 102)" in text


async def test_a_check_stores_nothing_and_says_the_same(tmp_path: Path):
    text, status = await bring(house(tmp_path), [file(tmp_path, *ROWS)], Wanted(dry=True))
    assert status == 0
    assert "imported    would be 2 rows: 2 fills" in text
    assert not (tmp_path / "data").exists()


async def test_many_refused_rows_are_all_kept_in_a_file(tmp_path: Path):
    bad = [f"AAPL,never,1,{n},0,x{n}" for n in range(30)]
    text, status = await bring(house(tmp_path), [file(tmp_path, *bad, *ROWS)], Wanted())
    assert status == 1
    assert text.count("  line ") == 20
    kept = tmp_path / "data" / "imports" / "t.csv.refused.csv"
    assert len(kept.read_text().splitlines()) == 31
    assert "imported    2 rows" in text


async def test_a_symbol_in_another_currency_than_its_book_is_refused(tmp_path: Path):
    await bring(house(tmp_path), [file(tmp_path, *ROWS)], Wanted())
    other = file(tmp_path, "AAPL,2025-03-03 10:00,1,100,0,z")
    text, status = await bring(house(tmp_path), [other], Wanted(currency="EUR"))
    assert status == 1
    assert "AAPL is booked in USD" in text


async def test_without_a_rate_the_base_figure_is_not_told(tmp_path: Path):
    given_ = file(tmp_path, *ROWS)
    text, _ = await bring(house(tmp_path), [given_], Wanted(currency="EUR"))
    assert "net P&L     +8.00 EUR" in text
    assert "in base     not known" in text
    rates = tmp_path / "rates.csv"
    rates.write_text("date,currency,value\n2025-02-03,EUR,1.5\n")
    text, status = await bring(house(tmp_path), [rates], Wanted(rates_only=True))
    assert (status, "1 rate" in text) == (0, True)


@pytest.mark.parametrize(
    "wanted", [Wanted(zone="Mars"), Wanted(dates="soon"), Wanted(multiplier="0"),
               Wanted(columns=("symbol",))]
)  # fmt: skip
async def test_an_option_that_cannot_be_read_is_one_line(tmp_path: Path, wanted: Wanted):
    with pytest.raises(BadCommand):
        await bring(house(tmp_path), [file(tmp_path, *ROWS)], wanted)


async def test_ten_thousand_rows_come_in_by_many_transactions(tmp_path: Path):
    path = tmp_path / "many.csv"
    with path.open("w") as out:
        out.write("symbol,date,quantity,price,fee\n")
        for n in range(10_000):
            at = START + timedelta(seconds=n)
            sign = "" if n % 2 else "-"
            out.write(f"S{n // 2 % 50},{at:%Y-%m-%d %H:%M:%S},{sign}10,{100 + n % 7}.25,0.35\n")
    text, status = await bring(house(tmp_path), [path], Wanted())
    assert status == 0
    assert "imported    10,000 rows" in text
    async with open_journal(house(tmp_path).database_url) as journal:
        assert await journal.count(Fill) == 10_000
    assert calendar_of(house(tmp_path)).zone == "America/New_York"


async def test_what_was_traded_elsewhere_needs_no_order(tmp_path: Path):
    w = await world()
    await Import(w.desk.journal, TERMS).bring([file(tmp_path, *ROWS)])
    assert [text async for text in fills_have_orders(w.desk)] == []
    w.desk.brokers["paper"].account_id = "imported"
    w.desk.brokers["paper"].name = "import"
    assert len([text async for text in fills_have_orders(w.desk)]) == 2
