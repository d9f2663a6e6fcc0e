import multiprocessing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.ohlcv import SCHEMA
from market.panel import Panel
from market.store import BarStore, Merged
from trading.errors import DataError

FIRST = date(2024, 1, 1)


def bar(symbol: str, day: date, price: float = 10.0, **changes: Any) -> dict[str, Any]:
    stamp = datetime(day.year, day.month, day.day, tzinfo=UTC)
    prices = {"open": price, "high": price, "low": price, "close": price, "volume": 1.0}
    return {"symbol": symbol, "ts": stamp, **prices, **changes}


def frame(bars: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(bars, schema=SCHEMA)


def days(*numbers: int) -> list[date]:
    return [date.fromordinal(FIRST.toordinal() + n) for n in numbers]


def same(a: Panel, b: Panel) -> bool:
    return a.frame().equals(b.frame())


writes = st.lists(
    st.dictionaries(
        st.tuples(st.sampled_from(["A", "B", "BB", "C"]), st.integers(0, 150)),
        st.integers(1, 1_000),
        min_size=1,
        max_size=40,
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(writes, st.integers(0, 160), st.integers(0, 160), st.integers(1, 30))
def test_the_store_is_a_map_from_symbol_and_time_to_bar(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[dict[tuple[str, int], int]],
    one: int,
    other: int,
    n: int,
) -> None:
    store = BarStore(tmp_path_factory.mktemp("store"))
    truth: dict[tuple[str, int], int] = {}
    for batch in batches:
        truth |= batch
        assert store.write(
            frame([bar(s, days(d)[0], float(p)) for (s, d), p in batch.items()])
        ) == len(batch)
    everything = frame([bar(s, days(d)[0], float(p)) for (s, d), p in truth.items()])
    assert same(store.read(), Panel.from_frame(everything))

    since, until = sorted((one, other))
    within = [bar(s, days(d)[0], float(p)) for (s, d), p in truth.items() if since <= d <= until]
    got = store.read(since=days(since)[0], until=days(until)[0])
    assert same(got, Panel.from_frame(frame(within)))

    a_and_c = [b for b in within if b["symbol"] in {"A", "C"}]
    got = store.read(["C", "A", "nobody"], days(since)[0], days(until)[0])
    assert same(got, Panel.from_frame(frame(a_and_c)))

    latest = store.latest(n, until=days(until)[0])
    past = Panel.from_frame(
        frame([bar(s, days(d)[0], float(p)) for (s, d), p in truth.items() if d <= until])
    )
    for symbol in latest:
        # never a wrong or a later bar; fewer only where that symbol missed sessions
        got_closes = latest[symbol].close
        assert got_closes.tolist() == past[symbol].close[-len(got_closes) :].tolist()
    newest = max(d for _, d in truth)
    assert store.known_through == bar("A", days(newest)[0])["ts"]


def test_latest_gives_every_symbol_its_bars(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    sessions = days(*range(300))
    holes = set(sessions[250:255])
    bars = [bar("A", d) for d in sessions] + [bar("B", d) for d in sessions if d not in holes]
    store.write(frame(bars))
    panel = store.latest(100)
    assert [len(panel[s]) for s in panel] == [100, 100]
    assert same(panel, store.read().tail(100))


def test_many_symbols_with_ragged_histories_are_laid_right(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    rng = np.random.default_rng(7)
    bars = []
    for i in range(150):
        first = 0 if i % 9 else int(rng.integers(0, 80))
        missing = set(rng.integers(0, 90, 3).tolist()) if i % 7 == 0 else set()
        bars += [
            bar(f"S{i:03}", d, float(1 + i * 100 + k))
            for k, d in enumerate(days(*range(first, 90)))
            if k not in missing
        ]
    store.write(frame(bars))
    truth = Panel.from_frame(frame(bars))
    assert same(store.read(), truth)
    assert same(store.latest(60), truth.tail(60))


def test_a_plain_parquet_without_our_footer_is_read_too(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    bars = frame([bar(s, d) for s in ("A", "B") for d in days(0, 1, 2)])
    store.folder.mkdir(parents=True)
    bars.write_parquet(store.folder / "2024-01.parquet")
    assert same(store.read(), Panel.from_frame(bars))
    assert store.latest(2).rows == 4


def test_an_empty_store_knows_nothing(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    assert store.known_through is None
    assert store.read().rows == 0
    assert store.latest(10).rows == 0
    assert store.write(frame([])) == 0


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"symbol": ""}, "has no symbol"),
        ({"symbol": "A B"}, "has a space in its symbol"),
        ({"ts": None}, "has no time"),
        ({"close": None}, "has no finite close"),
        ({"open": float("nan")}, "has no finite open"),
        ({"high": float("inf")}, "has no finite high"),
        ({"low": 0.0}, "has a price that is not positive"),
        ({"high": 9.9}, "has a high below its open, low or close"),
        ({"low": 10.1, "high": 11.0}, "has a low above its open or close"),
        ({"volume": -1.0}, "has a volume that is negative"),
        ({"ts": datetime(2024, 1, 2, 14, 30, tzinfo=UTC)}, "is daily but not stamped 00:00"),
    ],
)
def test_what_is_not_ohlcv_is_refused_with_its_row_and_nothing_is_written(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    store = BarStore(tmp_path)
    with pytest.raises(DataError, match=rf"row 1, .*{reason}"):
        store.write(frame([bar("A", FIRST), bar("A", days(1)[0]) | changes]))
    assert store.months() == []


def test_a_key_given_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="A at 2024-01-01 00:00 is given twice"):
        BarStore(tmp_path).write(frame([bar("A", FIRST, 1.0), bar("A", FIRST, 2.0)]))


def test_an_unknown_volume_is_kept_as_unknown(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(frame([bar("EURUSD", FIRST, volume=None)]))
    assert np.isnan(store.read()["EURUSD"].volume).all()


def test_a_damaged_month_is_named(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(frame([bar("A", FIRST)]))
    (store.folder / "2024-01.parquet").write_bytes(b"PAR1 and then nothing of use")
    with pytest.raises(DataError, match=r"2024-01\.parquet"):
        store.read()


def test_times_without_a_zone_are_refused(tmp_path: Path) -> None:
    naive = frame([bar("A", FIRST)]).with_columns(pl.col("ts").dt.replace_time_zone(None))
    with pytest.raises(DataError, match="no time zone"):
        BarStore(tmp_path).write(naive)


ROUNDS = 40
SYMBOLS = [f"S{i:03}" for i in range(200)]


def _write_rounds(root: Path, start: Any) -> None:
    store = BarStore(root)
    start.wait()
    for price in range(2, ROUNDS + 2):
        store.write(frame([bar(s, d, float(price)) for s in SYMBOLS for d in days(0, 1, 2)]))


def _read_rounds(root: Path, start: Any, found: Any) -> None:
    store = BarStore(root)
    start.wait()
    seen: list[float] = []
    while not seen or seen[-1] < ROUNDS + 1:
        panel = store.read()
        prices = {*panel.open.tolist(), *panel.close.tolist(), *panel.low.tolist()}
        if (
            panel.rows != len(SYMBOLS) * 3
            or len(prices) != 1
            or prices.pop() < max(seen, default=0)
        ):
            found.put(f"torn or older: {panel.rows} rows, {prices}")
            return
        seen.append(panel.close.item(0))
    found.put("whole")


def test_readers_in_other_processes_never_see_half_a_write(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("spawn")
    store = BarStore(tmp_path)
    store.write(frame([bar(s, d, 1.0) for s in SYMBOLS for d in days(0, 1, 2)]))
    start, found = fork.Barrier(3), fork.Queue()
    team = [
        fork.Process(target=_write_rounds, args=(tmp_path, start)),
        *(fork.Process(target=_read_rounds, args=(tmp_path, start, found)) for _ in range(2)),
    ]
    for process in team:
        process.start()
    try:
        assert [found.get(timeout=50) for _ in range(2)] == ["whole", "whole"]
        team[0].join(10)
        assert team[0].exitcode == 0
    finally:
        for process in team:
            process.kill()
            process.join()


def _write_one_symbol(root: Path, symbol: str, start: Any) -> None:
    start.wait()
    for n in range(20):
        BarStore(root).write(frame([bar(symbol, days(n)[0])]))


def test_two_writers_lose_nothing_of_each_other(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    start = spawn.Barrier(2)
    team = [spawn.Process(target=_write_one_symbol, args=(tmp_path, s, start)) for s in ("A", "B")]
    for process in team:
        process.start()
    for process in team:
        process.join(50)
        assert process.exitcode == 0
    assert BarStore(tmp_path).read().rows == 40
    assert {p.name for p in (tmp_path / "bars" / "1d").iterdir()} == {".lock", "2024-01.parquet"}


def test_a_snapshot_closes_its_files(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(frame([bar("A", d) for d in days(0, 40, 80)]))
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("open files are counted in /proc, which this system has not")
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        store.read()
        store.latest(2)
    assert len(list(descriptors.iterdir())) == before


def test_a_merge_tells_new_from_changed_from_known(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    unknown = float("nan")
    first = [bar("A", d, volume=unknown) for d in days(0, 1, 40)]
    assert store.merge(frame(first)) == Merged(added=3)
    again = [*first[:2], bar("A", *days(40), 11.0), bar("A", *days(41)), bar("B", *days(0))]
    assert store.merge(frame(again), dry=True) == Merged(added=2, changed=1, same=2)
    assert store.read().rows == 3, "a dry merge stores nothing"
    assert store.merge(frame(again)) == Merged(added=2, changed=1, same=2)
    assert store.merge(frame(again)) == Merged(same=5)
    assert store.read()["A"].close[2] == 11.0


def test_a_month_that_would_not_change_is_not_written(tmp_path: Path) -> None:
    store = BarStore(tmp_path)
    store.write(frame([bar("A", d) for d in days(0, 40)]))
    stamps = [store.stamp(month) for month in store.months()]
    store.write(frame([bar("A", *days(0)), bar("A", *days(41))]))
    assert store.stamp("2024-01") == stamps[0]
    assert store.stamp("2024-02") != stamps[1]
