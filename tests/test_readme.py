"""What the README promises is there."""

import re
from pathlib import Path

from desk.console.verbs import VERBS
from settings import Settings

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_every_command_stands_in_the_readme_with_its_arguments():
    listed = dict(re.findall(r"^\| `/(\w+)([^`]*)` \|", README, re.MULTILINE))
    told = {name: f" {verb.usage}".rstrip() for name, verb in VERBS.items() if verb.help}
    assert {name: args.replace("\\|", "|") for name, args in listed.items()} == told


def test_every_setting_stands_in_the_readme():
    for name in Settings.model_fields:
        assert f"`{name}`" in README or f"[{name}" in README, name


def test_every_folder_and_file_of_the_map_exists_and_none_is_missing():
    named = set(re.findall(r"`(\w+)/`", README))
    there = {p.name for p in ROOT.iterdir() if p.is_dir() and (p / "__init__.py").exists()}
    assert there <= named
    assert {name for name in named if not (ROOT / name).is_dir()} == set()


def test_every_link_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


def test_the_glossary_is_in_order():
    words = re.findall(r"^\| ([^|]+) \|", (ROOT / "GLOSSARY.md").read_text("utf-8"), re.MULTILINE)[
        2:
    ]
    assert words == sorted(words, key=str.lower)


def test_no_file_is_longer_than_a_sitting():
    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in ROOT.rglob("*.py")
        if ".venv" not in path.parts and "migrations" not in path.parts
        if (lines := len(path.read_text("utf-8").splitlines())) > 400
    ]
    assert long == []
