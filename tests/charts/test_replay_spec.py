"""The spec of a replay's chart survives the database, and a bad one says where it is wrong."""

import json
from dataclasses import replace

import numpy as np
import pytest

from charts import ReplaySpec, draw
from tests.charts import samples
from trading.errors import DataError


def test_a_stored_spec_is_the_same_spec_and_draws_the_same_picture() -> None:
    once = json.loads(json.dumps(samples.replayed(40).to_json(), allow_nan=False))
    assert ReplaySpec.from_json(once).to_json() == once
    assert draw("replay", once) == draw("replay", once)
    assert once["ts"][0] == "2021-02-19"


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"hold": np.ones(3)}, "40 days, 40 and 3 values; expected one of each"),
        ({"equity": np.full(40, np.nan)}, "a value of equity is not a number"),
        ({"capital": 0.0}, "capital is 0.0; expected more than zero"),
        ({"theme": "pink"}, "theme is 'pink'; expected dark or light"),
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        replace(samples.replayed(40), **changes)  # type: ignore[arg-type]


def test_days_out_of_order_are_refused() -> None:
    spec = samples.replayed(4)
    with pytest.raises(DataError, match="not in order of time"):
        replace(spec, ts=spec.ts[::-1])


def test_no_sessions_are_refused() -> None:
    with pytest.raises(DataError, match="at least one"):
        replace(samples.replayed(1), ts=np.empty(0, "datetime64[us]"), equity=np.empty(0),
                hold=np.empty(0))  # fmt: skip
