"""Bars brought in from files, end to end: found, checked, merged, enrolled, told of."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from intake import bring, status
from market.instruments import InstrumentBook
from market.preparing import Wanted
from market.stores import Stores
from settings import Settings
from trading.errors import ConfigError, DataError

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
HEAD = "date,open,high,low,close,volume\n"
FIRST = date(2024, 1, 2)


class House:
    """An empty data folder to import into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.settings = Settings(data=folder / "data")
        self.stores = Stores(folder / "data" / "market")

    def file(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text)
        return path

    def bring(self, *files: Path, now: datetime = NOW, **wanted: object) -> str:
        return bring(self.settings, files, Wanted(**wanted), now)  # type: ignore[arg-type]

    def refusal(self, *files: Path, **wanted: object) -> str:
        before = self.stored
        with pytest.raises(DataError) as refused:
            self.bring(*files, **wanted)
        line = str(refused.value)
        assert "\n" not in line
        assert self.stored == before, "a refused import stores nothing"
        return line

    @property
    def stored(self) -> dict[tuple[str, str], int]:
        return {(e, s.timeframe): s.read().rows for e, s in self.stores.stored()}

    @property
    def book(self) -> InstrumentBook:
        return InstrumentBook.load(self.settings.data / "instruments.json")


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def daily(*days: date, close: float = 10.0, extra: str = "") -> str:
    return "".join(f"{day},{close},{close},{close},{close},100{extra}\n" for day in days)


def weekdays(count: int, first: date = FIRST) -> list[date]:
    """Sessions of New York in early 2024 but for its two holidays."""
    closed = {date(2024, 1, 15), date(2024, 2, 19)}
    days = (first + timedelta(n) for n in range(2 * count + 6))
    return [d for d in days if d.weekday() < 5 and d not in closed][:count]


# The whole way


def test_an_import_says_what_it_assumed_and_did(house: House) -> None:
    text = house.bring(house.file("AAPL.csv", HEAD + daily(*weekdays(5))))
    assert text.splitlines() == [
        "XNYS 1d: 5 bars of AAPL from AAPL.csv, 2024-01-02 to 2024-01-08",
        "  assumed     1d (3 of 4 steps)",
        "  assumed     XNYS (daily, no weekends)",
        "  stored      5 new, 0 changed, 0 as before",
        "  enrolled    AAPL in USD",
    ]
    found = house.book.find("AAPL")
    assert found is not None
    assert (found.calendar, found.currency, found.tick) == ("XNYS", "USD", Decimal("0.01"))


def test_a_dry_run_says_the_same_and_makes_nothing(house: House) -> None:
    file = house.file("AAPL.csv", HEAD + daily(*weekdays(5)))
    assert "dry run     would be 5 new" in house.bring(file, dry=True)
    assert not house.settings.data.exists()


def test_new_bars_win_and_nothing_stored_is_lost(house: House) -> None:
    days = weekdays(40)
    house.bring(house.file("AAPL.csv", HEAD + daily(*days[:30])))
    text = house.bring(house.file("AAPL.csv", HEAD + daily(*days[20:], close=10.01)))
    assert "stored      10 new, 10 changed, 0 as before" in text
    assert house.stored == {("XNYS", "1d"): 40}
    closes = house.stores.store("XNYS").read()["AAPL"].close
    assert closes.tolist() == [10.0] * 20 + [10.01] * 20
    assert "stored      0 new, 0 changed, 20 as before" in house.bring(house.folder / "AAPL.csv")


def test_bars_on_another_basis_than_those_stored_are_told(house: House) -> None:
    days = weekdays(30)
    house.bring(house.file("AAPL.csv", HEAD + daily(*days, close=40.0)))
    text = house.bring(house.file("AAPL.csv", HEAD + daily(*days[20:], close=10.0)))
    assert "rebased     1 symbol stored 4 times as high (AAPL): adjusted on another day" in text


def test_a_folder_means_the_files_in_it(house: House) -> None:
    inside = house.folder / "bars"
    inside.mkdir()
    for name in ("AAPL.csv", "MSFT.csv", "notes.md", ".hidden.csv"):
        (inside / name).write_text(HEAD + daily(*weekdays(3)))
    text = house.bring(inside)
    assert text.startswith("XNYS 1d: 6 bars of 2 symbols from 2 files, ")
    (house.folder / "empty").mkdir()
    assert house.refusal(house.folder / "empty").endswith("empty holds no CSV or Parquet")


def test_one_bad_file_keeps_all_out(house: House) -> None:
    good = house.file("AAPL.csv", HEAD + daily(*weekdays(3)))
    bad = house.file("MSFT.csv", HEAD + "2024-01-02,1,1,1,x,1\n")
    assert house.refusal(good, bad) == "MSFT.csv line 2: close is 'x', which is no number"
    assert house.stored == {}


def test_columns_tell_what_an_instrument_is(house: House) -> None:
    head = HEAD.strip() + ",ticker,company,sector,currency,tick,lot,multiplier,exchange\n"
    extra = ",ACME,Acme Inc.,Industry,eur,0.05,10,2,XETR"
    house.bring(house.file("all.csv", head + daily(*weekdays(3), extra=extra)))
    found = house.book.find("ACME")
    assert found is not None
    assert (found.name, found.sector, found.currency) == ("Acme Inc.", "Industry", "EUR")
    assert (found.tick, found.lot, found.multiplier) == (Decimal("0.05"), Decimal(10), Decimal(2))
    assert found.calendar == "XETR"


def test_a_running_process_sees_what_an_import_enrols(house: House) -> None:
    house.bring(house.file("AAPL.csv", HEAD + daily(*weekdays(3))))
    running = house.book
    house.bring(house.file("MSFT.csv", HEAD + daily(*weekdays(3))))
    assert [one.symbol for one in running.all()] == ["AAPL", "MSFT"]
    assert running.find("MSFT") is not None


def test_the_book_is_not_overruled(house: House) -> None:
    file = house.file("AAPL.csv", HEAD + daily(*weekdays(3)))
    house.bring(file, currency="EUR")
    house.bring(file, currency="GBP")
    assert house.book.all()[0].currency == "EUR"
    assert house.refusal(file, exchange="XLON") == (
        "AAPL.csv: AAPL is kept as an instrument of XNYS, not XLON; "
        "name it differently, such as AAPL.XLON"
    )


def test_an_unfinished_bar_waits(house: House) -> None:
    days = weekdays(3)
    during = datetime(2024, 1, 4, 18, tzinfo=UTC)  # that session closes at 21:00
    text = house.bring(house.file("AAPL.csv", HEAD + daily(*days)), now=during)
    assert "left out    1 not finished yet" in text
    assert house.stored == {("XNYS", "1d"): 2}


@given(
    batches=st.lists(
        st.dictionaries(st.integers(0, 59), st.integers(1, 10**6), min_size=1),
        min_size=1,
        max_size=3,
    ),
    names=st.sampled_from(["date,open,high,low,close,volume", "Date,O,H,L,C,Vol", "ts;o;h;l;c;v"]),
)
@settings(max_examples=25)
def test_the_store_holds_what_the_files_said_and_the_later_wins(
    tmp_path_factory: pytest.TempPathFactory, batches: list[dict[int, int]], names: str
) -> None:
    house = House(tmp_path_factory.mktemp("house"))
    days = weekdays(60)
    truth: dict[date, float] = {}
    for batch in batches:
        sign = ";" if ";" in names else ","
        rows = {days[n]: cents / 100 for n, cents in batch.items()}
        lines = [sign.join([str(day), *[str(price)] * 4, "7"]) for day, price in rows.items()]
        file = house.file("AAPL.csv", "\n".join([names, *lines]))
        text = house.bring(file, exchange="XNYS", timeframe="1d")
        new = len(rows.keys() - truth.keys())
        same = sum(truth.get(day) == price for day, price in rows.items())
        changed = len(rows) - new - same
        assert f"stored      {new} new, {changed} changed, {same} as before" in text
        truth |= rows
    bars = house.stores.store("XNYS").read()["AAPL"]
    assert dict(zip(bars.ts.astype("datetime64[D]").tolist(), bars.close, strict=True)) == truth


# Times and zones


def minutes(*texts: str) -> str:
    return HEAD + "".join(f"{text},10,10,10,10,1\n" for text in texts)


def test_naive_times_need_a_zone(house: House) -> None:
    file = house.file("SPY.csv", minutes("2024-01-02 09:30", "2024-01-02 09:31"))
    assert house.refusal(file) == (
        "SPY.csv: times such as 2024-01-02 09:30 have no zone; "
        "say --zone, such as America/New_York or UTC"
    )
    assert house.refusal(file, zone="New York") == (
        "no time zone is called 'New York'; say one such as America/New_York or UTC"
    )
    house.bring(file, zone="America/New_York")
    stamps = house.stores.store("XNYS", "1m").read()["SPY"].ts
    assert stamps[0] == np.datetime64("2024-01-02T14:30")


def test_times_of_closes_are_noticed_and_can_be_told(house: House) -> None:
    hours = [f"2024-01-02T{hour}:30:00-05:00" for hour in ("10", "11", "12")]
    file = house.file("SPY.csv", minutes(*hours, "2024-01-02T16:00:00-05:00"))
    text = house.bring(file, timeframe="30m")
    assert "times       seem to be the bars' ends, not their opens: --closing takes" in text
    whole = house.file("QQQ.csv", minutes("2024-01-02T10:00:00-05:00", *hours))
    assert "times " not in house.bring(whole, timeframe="30m", closing=True)
    stamps = house.stores.store("XNYS", "30m").read()["QQQ"].ts
    assert stamps[0] == np.datetime64("2024-01-02T14:30"), "the session's open"


def test_the_person_at_the_terminal_is_asked(house: House) -> None:
    file = house.file("SPY.csv", minutes("2024-01-02 09:30", "2024-01-02 09:31"))
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "America/New_York"

    bring(house.settings, [file], Wanted(), NOW, ask)
    assert asked == ["SPY.csv: in which time zone is 2024-01-02 09:30?"]
    assert house.stored == {("XNYS", "1m"): 2}


def test_the_hour_that_comes_twice_is_two_hours(house: House) -> None:
    times = ["2024-11-03 00:30", "2024-11-03 01:30", "2024-11-03 01:30", "2024-11-03 02:30"]
    house.bring(house.file("BTCUSDT.csv", minutes(*times)), zone="America/New_York", timeframe="1h")
    stamps = house.stores.store("24/7", "1h").read()["BTCUSDT"].ts
    assert [str(t)[11:16] for t in stamps] == ["04:30", "05:30", "06:30", "07:30"]


def test_the_hour_that_never_was_is_refused(house: House) -> None:
    times = ["2024-03-10 01:30", "2024-03-10 02:30", "2024-03-10 03:30"]
    file = house.file("BTCUSDT.csv", minutes(*times))
    assert house.refusal(file, zone="America/New_York") == (
        "BTCUSDT.csv line 3: 2024-03-10 02:30 does not exist in America/New_York, "
        "where clocks went forward; is the zone right?"
    )


def test_daily_bars_with_a_time_of_day_belong_to_their_session(house: House) -> None:
    rows = [f"{day}T00:00:00-05:00" for day in weekdays(3)]
    house.bring(house.file("AAPL.csv", minutes(*rows)))
    stamps = house.stores.store("XNYS").read()["AAPL"].ts
    assert [str(t)[:16] for t in stamps] == [f"{day}T00:00" for day in weekdays(3)]


def test_a_day_of_foreign_exchange_is_named_by_its_end(house: House) -> None:
    rows = ["2024-01-07T22:00:00Z", "2024-01-08T22:00:00Z", "2024-01-09T22:00:00Z"]
    house.bring(house.file("EURUSD.csv", minutes(*rows)))
    stamps = house.stores.store("24/5").read()["EURUSD"].ts
    assert [str(t)[:10] for t in stamps] == ["2024-01-08", "2024-01-09", "2024-01-10"]


# Refusals


@pytest.mark.parametrize(
    ("text", "wanted", "said"),
    [
        (
            daily(*weekdays(3)) + daily(date(2027, 1, 4)),
            {},
            "line 5: 2027-01-04 lies in the fut",
        ),
        (daily(*weekdays(3)), {"exchange": "XMARS"}, "no exchange 'XMARS' is known; say an ISO"),
        (daily(*weekdays(3)), {"timeframe": "1w"}, "'1w' is no timeframe; say 1m, 15m, 1h or 1d"),
        (daily(*weekdays(3)), {"timeframe": "1h"}, "has dates without a time, so its bars are not"),
        (daily(*weekdays(60)[::5]), {}, "has bars of a week: import daily ones"),
        (daily(FIRST, date(2024, 1, 6), date(2024, 1, 8)), {}, "nobody knows where AAPL is traded"),
        (daily(*weekdays(3)), {"adjusted": True}, "has no column for the adjusted close"),
        (
            daily(*weekdays(30)) + daily(*weekdays(30), close=20),
            {},
            "30 times come twice with other figures (AAPL 2024-01-02): it holds more than one",
        ),
        (
            "".join(f"{day},10,9,9,10,1\n" for day in weekdays(30)),
            {},
            "in 30 of 30 bars high or low does not hold open and close (AAPL 2024-01-02), so",
        ),
        (
            daily(*(FIRST + timedelta(n) for n in range(14))),
            {"exchange": "XNYS"},
            "5 of its 14 days were no session of XNYS (2024-01-06 the first); say --exchange",
        ),
    ],
)
def test_refused_in_one_line(house: House, text: str, wanted: dict[str, object], said: str) -> None:
    assert said in house.refusal(house.file("AAPL.csv", HEAD + text), **wanted)


def test_bars_closer_than_their_timeframe(house: House) -> None:
    times = [f"2024-01-02 09:{minute}Z" for minute in (30, 31, 32)]
    assert house.refusal(house.file("SPY.csv", minutes(*times)), timeframe="1h") == (
        "SPY.csv: SPY has two bars 1 minutes apart at 2024-01-02 09:31:00+00:00, too close for 1h"
    )


def test_what_is_there(house: House) -> None:
    with pytest.raises(ConfigError, match="quarterdeck data import FILE"):
        status(house.settings, NOW)
    days = weekdays(30)
    house.bring(house.file("AAPL.csv", HEAD + daily(*days[:10], *days[12:])))
    house.bring(house.file("BTCUSDT.csv", HEAD + daily(*days[:4])), exchange="24/7")
    now = datetime(2024, 2, 16, 12, tzinfo=UTC)
    assert status(house.settings, now).splitlines() == [
        "exchange  bars of  symbols  from        to          bars  missing  behind",
        "24/7      1d             1  2024-01-02  2024-01-05     4        0  41 sessions",
        "XNYS      1d             1  2024-01-02  2024-02-13    28        2  2 sessions",
    ]
    assert status(house.settings, now, "AAPL").splitlines() == [
        "AAPL: XNYS, counted in USD; tick 0.01, lot 1, multiplier 1",
        "XNYS 1d: 28 bars, 2024-01-02 to 2024-02-13, 2 sessions behind",
        "  last        O 10  H 10  L 10  C 10",
        "  gaps        2 bars missing in 1 gap of 1 symbol; longest 2, AAPL after 2024-01-16",
    ]
    with pytest.raises(DataError, match="no bars of AAPX are stored; there are AAPL"):
        status(house.settings, now, "AAPX")


# What is said in words nobody has


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        ({"symbol": "BRK B"}, "'BRK B' is no symbol, which is at most 32 characters without a "),
        ({"symbol": "A" * 5_000}, "is no symbol, which is at most 32 characters"),
        ({"symbol": "A\x1b[31m"}, "is no symbol, which is at most 32 characters"),
        ({"dates": "ymd"}, "dates are dmy or mdy, not 'ymd'"),
        ({"currency": "dollars"}, "'dollars' is no currency; say one such as USD"),
    ],
)
def test_it_is_refused_before_anything_is_enrolled(
    house: House, tmp_path: Path, wanted: dict[str, object], said: str
):
    file = tmp_path / "bars.csv"
    file.write_text("date,open,high,low,close,volume\n" + daily(*weekdays(5)))
    assert said in house.refusal(file, **wanted)
    assert not (house.settings.data / "instruments.json").exists()
