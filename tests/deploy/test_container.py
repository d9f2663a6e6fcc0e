"""The compose file and the image, without an engine: valid, hardened, and of parts that exist."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
import typer
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from ruamel.yaml import YAML

from brokers.paper_address import PaperAddress
from cli import app
from folder import paper_address
from processes import PROCESSES
from settings import FILE, PREFIX, SECRET, Settings, load

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
COMPOSE: dict[str, Any] = YAML(typ="safe").load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PARTS = ("paper", "fast", "heavy", "draw", "bot")
TOKEN = "123456:a-token-for-nobody"


def tool(*words: str | Path) -> str:
    """What it says of what it was asked to check; "" is nothing wrong."""
    program = BIN / words[0]
    if not program.exists():
        pytest.skip(f"{words[0]} is not installed here")
    done = subprocess.run(
        [program, *words[1:]], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def test_the_compose_file_is_one():
    schema = ["--builtin-schema", "vendor.compose-spec"]
    assert tool("check-jsonschema", *schema, "docker-compose.yml") == ""


def test_the_dockerfile_has_no_fault_a_linter_knows():
    assert tool("hadolint", "Dockerfile") == ""


# What runs


def named_in(words: list[str]) -> str:
    """The process these words of the command line start, parsed by the command line itself."""
    group = typer.main.get_command(app)
    name, *rest = words
    context = group.commands[name].make_context(name, rest)  # type: ignore[attr-defined]
    lane = context.params.get("lane")
    return str(lane.value if lane is not None else name)


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_a_process_there_is_and_its_health_asks_for_that_one(part: str):
    service = SERVICES[part]
    assert named_in(service["command"]) == part
    assert part in PROCESSES
    mark, program, *words = service["healthcheck"]["test"]
    assert (mark, program) == ("CMD", "quarterdeck")
    assert words == ["check", part]
    assert named_in(words) == "check"


def test_every_service_is_a_part_a_store_or_the_place_kept_for_hooks():
    assert set(SERVICES) == {*PARTS, "redis", "postgres", "hooks"}
    hooks = SERVICES["hooks"]
    assert hooks["profiles"] == ["hooks"], "not started unless asked for"
    said = subprocess.run(hooks["entrypoint"], capture_output=True, text=True, check=True).stdout
    assert said == "There is no hooks process in this version; nothing listens here.\n"


@pytest.mark.parametrize("name", [n for n in SERVICES if n != "hooks"])
def test_a_service_is_confined_restarted_checked_and_its_logs_end(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"]
    assert service["stop_grace_period"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert "ports" not in service, "nothing is reachable from outside"
    assert set(service["secrets"]) <= set(COMPOSE["secrets"])
    for volume in service.get("volumes", ()):
        source = volume.split(":")[0]
        assert source in COMPOSE["volumes"] or source == "./config"


@pytest.mark.parametrize("part", PARTS)
def test_a_part_writes_to_data_and_tmp_alone(part: str):
    service = SERVICES[part]
    assert [v for v in service["volumes"] if not v.endswith(":ro")] == ["data:/data"]
    assert [t.split(":")[0] for t in service["tmpfs"]] == ["/tmp"]
    assert {"postgres", "redis"} <= set(service["depends_on"])


def test_only_the_bot_is_given_the_token():
    having = [name for name in SERVICES if "telegram_token" in SERVICES[name].get("secrets", ())]
    assert having == ["bot"]


def test_the_paper_brokers_socket_is_on_the_volume_all_parts_share_and_its_path_is_short():
    address = paper_address(Settings(data=Path("/data")))
    assert address == PaperAddress(Path("/data/paper.sock"))
    assert address.fits


# Settings and secrets


def variables() -> Iterator[str]:
    for name, service in SERVICES.items():
        if name not in ("redis", "postgres"):
            yield from service["environment"]
    for file in ("Dockerfile", ".env.example", *(ROOT / "deploy" / "systemd").iterdir()):
        yield from re.findall(rf"\b{PREFIX}\w+", (ROOT / file).read_text())


def test_every_variable_that_is_set_is_a_setting_there_is():
    for variable in set(variables()):
        key = variable.removeprefix(PREFIX).lower()
        known = key.removesuffix(FILE) in SECRET if key.endswith(FILE) else True
        assert known, variable
        assert key.removesuffix(FILE) in Settings.model_fields, variable


def test_the_settings_of_the_example_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = (ROOT / ".env.example").read_text()
    (tmp_path / ".env").write_text(re.sub(r"(?m)^#(?=QUARTERDECK_)", "", text))
    monkeypatch.chdir(tmp_path)
    assert [person.name for person in load().operators] == ["Ann"]


def test_the_script_makes_every_secret_once_and_the_parts_can_read_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")

    def make(answer: str) -> None:
        subprocess.run(
            ["sh", "deploy/secrets.sh"],
            input=answer,
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        )

    make(f"{TOKEN}\n")
    folder = tmp_path / "secrets"
    before = {file.name: file.read_text() for file in folder.iterdir()}
    make("")
    assert {file.name: file.read_text() for file in folder.iterdir()} == before
    assert folder.stat().st_mode & 0o077 == 0, "the folder is its owner's alone"
    wanted = {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert wanted <= before.keys()
    for name in ("database", "redis", "telegram_token"):
        monkeypatch.setenv(f"{PREFIX}{name.upper()}{FILE}", str(folder / name))
    settings = load()
    password = before["redis_password"]
    assert len(password) == 48
    assert settings.redis == f"redis://:{password}@redis:6379/0"
    assert before["redis_conf"] == f"requirepass {password}\n"
    assert settings.database.split(":")[2] == f"{before['postgres_password']}@postgres"
    assert settings.telegram_token.get_secret_value() == TOKEN


def test_the_image_is_given_the_code_and_nothing_secret():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "what is not named stays out"
    inside = {rule[1:] for rule in rules if rule.startswith("!")}
    packages = {p.name for p in ROOT.iterdir() if (p / "__init__.py").exists()}
    assert packages - {"tests", "benchmarks"} <= inside, "a new folder is named in .dockerignore"
    assert inside - packages - {"hooks"} == {
        "requirements-runtime.lock",
        "pyproject.toml",
        "README.md",
        "*.py",
        "sample",
    }
    assert not [rule for rule in inside if "secret" in rule or "env" in rule or "toml" in rule[:5]]
    assert "secrets" not in (ROOT / "Dockerfile").read_text()
    assert {"/secrets/", ".env"} <= set((ROOT / ".gitignore").read_text().splitlines())


# What is installed


def pins(file: str) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and hashes by package."""
    found: dict[str, tuple[str, frozenset[str]]] = {}
    for block in re.split(r"\n(?=[\w.\-]+(?:\[[^\]]*\])?==)", (ROOT / file).read_text()):
        head = re.match(r"([\w.\-]+)(?:\[[^\]]*\])?==([^\s;\\]+)", block)
        if head:
            hashes = frozenset(re.findall(r"--hash=(sha256:\w+)", block))
            assert hashes, f"{head[1]} has no hash"
            found[canonicalize_name(head[1])] = (head[2], hashes)
    return found


def test_the_images_lock_is_the_other_ones_without_what_only_developers_need():
    runtime, whole = pins("requirements-runtime.lock"), pins("requirements.lock")
    assert {name: whole.get(name) for name in runtime} == runtime
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    asked = {canonicalize_name(Requirement(r).name) for r in project["dependencies"]}
    asked |= {canonicalize_name(Requirement(r).name) for r in extras["image"]}
    needed, todo = set(), sorted(asked)
    while todo:
        name = todo.pop()
        if name in needed:
            continue
        needed.add(name)
        for text in requires(name) or ():
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({"extra": ""}):
                todo.append(canonicalize_name(wanted.name))
    assert needed - runtime.keys() == set(), "make requirements-runtime.lock anew: see its head"
    developers = {canonicalize_name(Requirement(r).name) for r in extras["dev"]} - needed
    assert developers & runtime.keys() == set()


def test_the_image_makes_the_fonts_list_where_a_new_volume_copies_it_from():
    text = (ROOT / "Dockerfile").read_text()
    assert "MPLCONFIGDIR=/data/matplotlib" in text
    warmed, volume = text.index("charts.warm()"), text.index("VOLUME /data")
    assert text.index("USER 10001") < warmed < volume, "by its user, before the volume"
    assert "--require-hashes" in text
    assert "requirements-runtime.lock" in text
    assert int(SERVICES["fast"]["user"].split(":")[0]) == 10001


# systemd

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICE_UNITS = [unit for unit in UNITS if unit.suffix == ".service"]
COMMAND = "/opt/quarterdeck/.venv/bin/quarterdeck"


def lines(unit: Path) -> list[str]:
    return [line for line in unit.read_text().splitlines() if line and line[0] != "#"]


def test_the_units_start_every_part_and_the_whole():
    started = {}
    for unit in SERVICE_UNITS:
        [start] = [line for line in lines(unit) if line.startswith("ExecStart=")]
        words = start.removeprefix("ExecStart=").split()
        assert words[0] == COMMAND
        started[unit.name] = named_in(words[1:])
    assert started == {
        "quarterdeck.service": "up",
        "quarterdeck-bot.service": "bot",
        "quarterdeck-draw.service": "draw",
        "quarterdeck-fast.service": "fast",
        "quarterdeck-heavy@.service": "heavy",
        "quarterdeck-paper.service": "paper",
    }


def test_every_unit_is_confined_in_the_same_way():
    def confined(unit: Path) -> list[str]:
        words = ("Protect", "Private", "Restrict", "System", "NoNew", "Capab", "Lock", "UMask")
        kept = ("User=", "StateD", "Restart=", "Environment=QUARTERDECK_DATA", *words)
        return [line for line in lines(unit) if line.startswith(kept)]

    first = confined(SERVICE_UNITS[0])
    assert {"NoNewPrivileges=yes", "ProtectSystem=strict", "Restart=on-failure"} <= set(first)
    assert len(first) > 20
    for unit in SERVICE_UNITS:
        assert confined(unit) == first, unit.name
        assert not [line for line in lines(unit) if "Watchdog" in line], "nothing would feed it"


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_finds_no_fault_in_the_units(tmp_path: Path):
    for unit in UNITS:
        text = unit.read_text().replace(COMMAND, "/bin/true")
        (tmp_path / unit.name).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", *(str(tmp_path / unit.name) for unit in UNITS)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    ours = [line for line in done.stderr.splitlines() if "quarterdeck" in line]
    assert ours == []
    assert done.returncode == 0, done.stderr
