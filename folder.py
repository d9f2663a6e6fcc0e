"""The data folder: where each thing lives in it, and whether it is ours to use."""

import json
import os
import secrets
import socket
import stat
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from brokers.paper_address import PaperAddress
from settings import Settings
from trading.errors import ConfigError

SHORTEST_KEY = 32  # characters of a master key
FORMAT = 1  # of the data folder; a higher one was written by a newer version


def prepare(settings: Settings) -> None:
    """Make the data folder ours, or say why it cannot be."""
    folder = settings.data.absolute()
    stamp = folder / "format.json"
    elsewhere = "set QUARTERDECK_DATA to another folder"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if not stamp.exists():
            fresh = folder / f".format-{os.getpid()}"
            try:
                fresh.write_text(json.dumps({"format": FORMAT, "mode": settings.mode}), "utf-8")
                fresh.replace(stamp)  # whole or not at all, whoever dies meanwhile
            finally:
                fresh.unlink(missing_ok=True)
        found = json.loads(stamp.read_text("utf-8"))
        written, mode = int(found["format"]), str(found["mode"])
    except OSError as error:
        raise ConfigError(
            f"the data folder {folder} cannot be used ({error.strerror}): {elsewhere}"
        ) from error
    except (ValueError, TypeError, KeyError, OverflowError) as error:
        raise ConfigError(
            f"{stamp} is damaged, so this may be no data folder of ours: {elsewhere}"
        ) from error
    if written > FORMAT:
        raise ConfigError(
            f"{folder} was written by a newer Quarterdeck (format {written}, "
            f"this one knows {FORMAT}): update, or {elsewhere}"
        )
    if mode != settings.mode:
        raise ConfigError(f"{folder} holds {mode} data, not {settings.mode}: {elsewhere}")


def lived_in(settings: Settings) -> None:
    """Raises ConfigError where no desk was ever kept: a misspelt data folder would look like an
    empty desk, flat and with nothing to lose."""
    if not settings.database and not (settings.data / "quarterdeck.sqlite3").exists():
        raise ConfigError(
            f"nothing has run in {settings.data.absolute()} yet: set QUARTERDECK_DATA to the "
            "folder you mean"
        )


def named(settings: Settings) -> Settings:
    """The settings with this machine's name, so that two that run the same part are told apart."""
    host = settings.host or socket.gethostname()[:12]
    return settings.model_copy(update={"host": host})


def part_of(settings: Settings) -> Settings:
    """The same for one part run by itself. Raises ConfigError without a Redis to share: only
    `quarterdeck up` starts one of its own."""
    if not settings.redis:
        raise ConfigError(
            "a part by itself needs the Redis all parts share: set QUARTERDECK_REDIS to "
            "redis://host:6379/0, or run `quarterdeck up`, which has its own"
        )
    return named(settings)


def paper_address(settings: Settings) -> PaperAddress:
    """Where the paper broker listens. Raises ConfigError for an address that is none."""
    if settings.paper:
        return PaperAddress.of(settings.paper)
    return PaperAddress(settings.data.absolute() / "paper.sock")


def check_addresses(settings: Settings) -> None:
    """Raises ConfigError for one that cannot be read; asks nobody."""
    from db.schema import store_for
    from lanes.wire import connect

    paper_address(settings)
    store_for(settings.database_url)
    if settings.redis:
        connect(settings.redis)


def paper_book(settings: Settings) -> Path:
    return settings.data.absolute() / "paper.sqlite3"


def bars_folder(settings: Settings) -> Path:
    """The root of the bar store."""
    return settings.data.absolute() / "market"


def instruments_file(settings: Settings) -> Path:
    return settings.data.absolute() / "instruments.json"


def master_key(settings: Settings) -> bytes:
    """The 32 bytes that seal secrets in the database: of QUARTERDECK_KEY, or of a file in the data
    folder that only its owner may read, made on first use. Raises ConfigError."""
    given = settings.key.get_secret_value()
    if not given:
        given = _kept_key(settings.data.absolute() / "master.key")
    if len(given) < SHORTEST_KEY:
        raise ConfigError(
            f"QUARTERDECK_KEY is shorter than {SHORTEST_KEY} characters: take a random one, such "
            "as `openssl rand -base64 32` makes"
        )
    return sha256(b"quarterdeck master key" + given.encode()).digest()


def _kept_key(file: Path) -> str:
    fresh = file.with_name(f".{file.name}-{os.getpid()}-{secrets.token_hex(4)}")
    try:
        if not file.exists():
            fresh.touch(mode=0o600, exist_ok=False)
            fresh.write_bytes(b64encode(secrets.token_bytes(32)))
            try:
                os.link(fresh, file)  # whole, and the first of two processes wins
            except FileExistsError:
                pass
            finally:
                fresh.unlink()
        if stat.S_IMODE(file.stat().st_mode) & 0o077:
            raise ConfigError(f"others may read {file}: run `chmod 600 {file}`")
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise ConfigError(f"the master key {file} cannot be used: {why}") from error


def cache_folder() -> Path:
    """What may be thrown away at any time, for commands that use no data folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quarterdeck"


def install_sample(settings: Settings) -> str:
    """The shipped bars and instruments in the data folder, unless they are there; what was done."""
    from market.sample import sample_instruments, unpack_sample

    prepare(settings)
    store = unpack_sample(bars_folder(settings))
    if not instruments_file(settings).exists():
        sample_instruments().save(instruments_file(settings))
    return f"daily bars to {store.known_through:%d %B %Y} in {bars_folder(settings)}"
