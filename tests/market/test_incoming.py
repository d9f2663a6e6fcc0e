"""Other people's files: read into our columns, or refused in one line."""

import gzip
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from market.incoming import read
from trading.errors import DataError

HEAD = "date,open,high,low,close,volume\n"
GOOD = "2024-01-02,10,11,9,10.5,100\n"


def written(folder: Path, text: str | bytes, name: str = "AAPL.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def refusal(file: Path, symbol: str = "") -> str:
    with pytest.raises(DataError) as refused:
        read(file, symbol)
    line = str(refused.value)
    assert "\n" not in line
    return line


def test_a_file_names_its_symbol_and_its_rows(tmp_path: Path) -> None:
    found = read(written(tmp_path, HEAD + GOOD, "BRK.B.csv"))
    assert found.bars.row(0) == (0, "BRK.B", date(2024, 1, 2), 10.0, 11.0, 9.0, 10.5, 100.0)
    assert (found.where(0), found.named) == ("BRK.B.csv line 2", False)
    assert read(written(tmp_path, HEAD + GOOD), "MSFT").bars["symbol"].to_list() == ["MSFT"]


@pytest.mark.parametrize(
    "text",
    [
        "Date;Open;High;Low;Close;Volume\n2024-01-02;10,0;11,0;9,0;10,5;100\n",
        "Date\tOpen\tHigh\tLow\tClose\tVolume\n2024-01-02\t10\t11\t9\t10.5\t100\n",
        'Date,Open,High,Low,Close,Volume\n"2024-01-02","10","11","9","10.50","100"\n',
        "Date,Close/Last,Volume,Open,High,Low\n01/22/2024,$10.5,100,$10,$11,$9\n",
        "\ufeff" + HEAD + GOOD,
        HEAD.replace("\n", "\r\n") + GOOD.replace("\n", "\r\n"),
        HEAD + GOOD.strip(),
    ],
)
def test_separators_signs_and_line_ends(tmp_path: Path, text: str) -> None:
    row = read(written(tmp_path, text)).bars.row(0, named=True)
    assert [row[c] for c in ("open", "high", "low", "close", "volume")] == [10, 11, 9, 10.5, 100]


def test_thousands_are_read_with_their_commas(tmp_path: Path) -> None:
    text = HEAD + '2024-01-02,"1,010.5","1,100","1,000","1,050","1,234,567"\n'
    bars = read(written(tmp_path, text)).bars
    assert (bars["open"][0], bars["volume"][0]) == (1010.5, 1_234_567)


def test_gz_and_parquet_hold_the_same(tmp_path: Path) -> None:
    plain = read(written(tmp_path, HEAD + GOOD)).bars
    assert read(
        written(tmp_path, gzip.compress((HEAD + GOOD).encode()), "AAPL.csv.gz")
    ).bars.equals(plain)
    plain.drop("row").rename({"stamp": "Date"}).write_parquet(tmp_path / "any.parquet")
    assert read(tmp_path / "any.parquet").bars.equals(plain)


def test_rows_without_any_price_are_no_bars(tmp_path: Path) -> None:
    found = read(written(tmp_path, HEAD + "2024-01-01,null,null,null,null,null\n" + GOOD))
    assert (len(found.bars), found.bare) == (1, 1)
    assert found.where(found.bars["row"][0]) == "AAPL.csv line 3"


def test_a_date_and_a_time_of_day_are_one_time(tmp_path: Path) -> None:
    text = "<DATE>,<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>\n2024.01.02,09:30,10,11,9,10.5,1\n"
    assert str(read(written(tmp_path, text)).bars["stamp"][0]) == "2024-01-02 09:30:00"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "AAPL.csv is empty"),
        (HEAD, "AAPL.csv has no rows"),
        ("date,open,high,low,volume\n" + GOOD, "AAPL.csv has no column for close (such as close, "),
        ("open,high,low,close\n1,1,1,1\n", "AAPL.csv has no column for time (such as ts, "),
        (GOOD * 2, "AAPL.csv has no line of names: write one such as date,open,high,low,close"),
        (
            HEAD + GOOD + "2024-01-03,10,11,9,ten,1\n",
            "AAPL.csv line 3: close is 'ten', which is no",
        ),
        (
            HEAD + GOOD + "2024-01-03,10,11,-9,10,1\n",
            "AAPL.csv line 3: low is -9; a price is above",
        ),
        (HEAD + GOOD + "2024-01-03,0,11,9,10,1\n", "AAPL.csv line 3: open is 0; a price is above"),
        (HEAD + GOOD + "2024-01-03,10,11,9,NaN,1\n", "AAPL.csv line 3: close is NaN, not a number"),
        (HEAD + GOOD + "2024-01-03,10,11,9,,1\n", "AAPL.csv line 3: close is missing"),
        (HEAD + GOOD + "2024-01-03,inf,11,9,10,1\n", "AAPL.csv line 3: open is infinite"),
        (HEAD + GOOD + "2024-01-03,10,11,9,10,-5\n", "AAPL.csv line 3: volume is -5"),
        (HEAD + "2024-01-02,,,,,\n", "AAPL.csv has no row with a price"),
        (HEAD + GOOD + "1812-01-03,10,11,9,10,1\n", "AAPL.csv line 3: '1812-01-03' lies outside"),
        (
            HEAD + GOOD + "2024-01-03,10,11,9,10,1,7,8\n",
            "AAPL.csv line 3: has 8 fields for 6",
        ),
        (b"\xff\xfed\x00a\x00t\x00e\x00", "AAPL.csv is no text in UTF-8"),
        (
            "date,symbol,open,high,low,close\n2024-01-02,A B,1,1,1,1\n",
            "AAPL.csv line 2: the symbol 'A B' has a space in it",
        ),
        (
            "date,symbol,open,high,low,close\n2024-01-02,,1,1,1,1\n",
            "AAPL.csv line 2: has no symbol",
        ),
        (
            "date,open,high,low,close\n2024-01-02 09:30,1,1,1,1\n2024-01-02 09:31+02:00,1,1,1,1\n",
            "AAPL.csv line 3: mixed time zones: '2024-01-02 09:31+02:00' names its zone, ",
        ),
    ],
)
def test_what_is_no_ohlcv_is_refused_with_the_row(
    tmp_path: Path, text: str | bytes, said: str
) -> None:
    assert refusal(written(tmp_path, text)).startswith(said)


def test_a_second_symbol_where_one_was_named(tmp_path: Path) -> None:
    text = "date,symbol,open,high,low,close\n2024-01-02,A,1,1,1,1\n2024-01-02,B,1,1,1,1\n"
    assert refusal(written(tmp_path, text), "A") == (
        "AAPL.csv line 3: names B, not A; leave --symbol out where a file names its own"
    )


def test_files_that_are_not_there_or_not_ours(tmp_path: Path) -> None:
    assert refusal(tmp_path / "gone.csv").endswith("gone.csv is no file")
    assert refusal(tmp_path).endswith("is a folder")
    assert refusal(written(tmp_path, "x", "bars.xlsx")).startswith("bars.xlsx is neither CSV")
    assert refusal(written(tmp_path, "nothing", "b.parquet")).startswith("b.parquet cannot be read")
    assert refusal(written(tmp_path, b"nothing", "b.csv.gz")).startswith("b.csv.gz cannot be read")
    whole = written(tmp_path, HEAD + GOOD)
    read(whole).bars.write_parquet(tmp_path / "c.parquet")
    cut = written(tmp_path, (tmp_path / "c.parquet").read_bytes()[:-50], "cut.parquet")
    assert refusal(cut).startswith("cut.parquet cannot be read")
    assert refusal(written(tmp_path, HEAD + GOOD, "my bars.csv")) == (
        "my bars.csv names no symbol: say --symbol, or name the file by it"
    )


def test_a_parquet_row_is_named_by_its_number(tmp_path: Path) -> None:
    bars = pl.DataFrame(
        {
            "ts": [date(2024, 1, 2)] * 2,
            "open": [1.0, 1.0],
            "high": 1.0,
            "low": 1.0,
            "close": [1, -1],
        }
    )
    bars.write_parquet(tmp_path / "A.parquet")
    assert refusal(tmp_path / "A.parquet") == "A.parquet row 2: close is -1; a price is above zero"
