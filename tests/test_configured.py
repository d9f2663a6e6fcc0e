"""/config masks every secret and marks what is other than usual; /reload compares with the file."""

from pathlib import Path

import pytest

from configured import MASK, Configured, origin
from desk.configuration import Way, way_of
from settings import load
from tests.desk.test_audit import TIM, asked, crewed
from tests.world import World

TOKEN = "123456:this-is-the-secret"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("QUARTERDECK_TELEGRAM_TOKEN", TOKEN)
    monkeypatch.setenv("QUARTERDECK_DATABASE", "postgres://user:hush@db/desk")
    write(tmp_path, "capital = 50000\n[limits]\ndrift = 0.02\n")
    return tmp_path


def write(folder: Path, text: str) -> None:
    (folder / "quarterdeck.toml").write_text(text, "utf-8")


async def begun() -> World:
    w = await crewed()
    w.desk.configuration = Configured(load())
    return w


async def test_secrets_are_masked_and_what_is_other_than_usual_is_marked():
    w = await begun()
    said = "\n".join([await asked(w, f"/config p{n}") for n in (1, 2, 3)])
    assert TOKEN not in said
    assert "hush" not in said
    assert f"telegram_token {MASK}" in said
    assert "* limits.drift 0.02" in said
    assert "  limits.collar 0.02" in said
    assert "* capital 50000" in said


async def test_one_group_and_one_that_is_none():
    w = await begun()
    assert "capital" not in await asked(w, "/config limits")
    assert "there are: " in await asked(w, "/config nonsense")


async def test_a_trader_sees_neither():
    w = await begun()
    assert "takes an owner" in await asked(w, "/config", TIM)
    assert "takes an owner" in await asked(w, "/reload", TIM)


async def test_a_file_as_it_was_would_change_nothing():
    w = await begun()
    assert "would change nothing" in await asked(w, "/reload")


async def test_a_changed_file_says_what_makes_safer_and_what_riskier(folder: Path):
    w = await begun()
    write(
        folder,
        "theme = 'light'\n[limits]\ndrift = 0.01\ncollar = 0.03\n"
        "[strategies.mean_reversion]\nmode = 'auto'\n",
    )
    said = await asked(w, "/reload")
    safer, _, rest = said.partition("Makes riskier")
    assert "limits.drift 0.02 → 0.01" in safer
    assert "limits.collar 0.02 → 0.03" in rest
    assert "manual → auto" in rest
    assert "capital 50000 → 100000" in " ".join(rest.partition("Else")[2].split())
    assert "Nothing is changed yet" in said


async def test_a_bad_file_is_one_clear_line_and_changes_nothing(folder: Path):
    w = await begun()
    before = await asked(w, "/config limits")
    for text, line in (
        ("[limits]\ndrift = 7\n", "Setting 'limits.drift' = '7'"),
        ("[limits\n", "is no TOML"),
        ("nonsense = 1\n", "Unknown setting 'nonsense'"),
    ):
        write(folder, text)
        assert line.lower() in (said := await asked(w, "/reload")).lower()
        assert len(said.splitlines()) == 1
    assert await asked(w, "/config limits") == before


async def test_a_process_of_the_house_compares_with_its_parents_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
):
    from house import environment

    for name, value in environment(load()).items():
        monkeypatch.setenv(name, value)
    configured = Configured(load())
    assert list(configured.reread()) == []
    demo = Configured(load(mode="demo", phone_port=8799))  # as `quarterdeck demo` chooses
    assert list(demo.reread()) == []
    write(folder, "capital = 60000\n")
    changes = [(one.key, one.before, one.after) for one in configured.reread()]
    assert changes == [("capital", "50000", "60000"), ("limits.drift", "0.02", "0.01")]


def test_what_was_set_besides_the_file_is_named_for_the_processes():
    assert '"telegram_token"' in next(iter(origin().values()))


@pytest.mark.parametrize(
    ("key", "before", "after", "way"),
    [
        ("limits.drift", "0.01", "0.02", Way.LOOSENS),
        ("limits.drift", "0.02", "0.01", Way.TIGHTENS),
        ("people.two_above", "", "1000", Way.TIGHTENS),
        ("people.two_above", "1000", "", Way.LOOSENS),
        ("people.codes", "enrolled", "required", Way.TIGHTENS),
        ("strategies.x.mode", "auto", "manual", Way.TIGHTENS),
        ("strategies.x.mode", "manual", "auto", Way.LOOSENS),
        ("strategies.x.universe", "liquid", "", Way.LOOSENS),
        ("strategies.x.mode", "auto", "", Way.TIGHTENS),
        ("operators.7.name", "", "Bob", Way.LOOSENS),
        ("operators.7.name", "Bob", "", Way.TIGHTENS),
        ("theme", "dark", "light", Way.OTHER),
    ],
)
def test_which_way_a_change_goes(key: str, before: str, after: str, way: Way):
    assert way_of(key, before, after) is way
