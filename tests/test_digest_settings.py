"""Which digests come by themselves is a setting, and the demo's own choice is another."""

from pathlib import Path
from typing import get_args

import pytest

from choices import digests
from desk.desk import DIGESTS, Digests
from settings import DigestName, Settings, load
from tests.test_settings import clean, refusal
from tests.world import Weekdays

__all__ = ["clean"]  # an empty folder to stand in and none of our variables set


def chosen(settings: Settings) -> Digests:
    return digests(settings, Weekdays(), lambda _: Weekdays())


def test_all_digests_come_by_themselves_and_the_middle_one_makes_no_sound():
    found = chosen(load())
    assert (tuple(found.sent), tuple(found.silent)) == (DIGESTS, ("middle",))


def test_the_demo_sends_one_digest_a_day_without_a_sound(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUARTERDECK_MODE", "demo")
    found = chosen(load())
    assert (tuple(found.sent), tuple(found.silent)) == (("end",), ("end",))


def test_which_digests_come_and_which_make_a_sound_is_a_choice():
    Path("quarterdeck.toml").write_text('[digests]\nkinds = ["end", "week"]\nsilent = []\n')
    found = chosen(load(mode="demo"))
    assert (tuple(found.sent), tuple(found.silent)) == (("end", "week"), ())
    Path("quarterdeck.toml").write_text('[digests]\nkinds = ["tea"]\n')
    assert refusal().startswith("setting 'digests.kinds.0' = 'tea': input should be 'start', ")
    Path("quarterdeck.toml").write_text("[digests]\nmute = true\n")
    assert refusal() == "unknown setting 'digests.mute'; known are: kinds, silent"


def test_the_settings_know_every_digest():
    assert get_args(DigestName) == DIGESTS
