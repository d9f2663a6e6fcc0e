"""No secret in any line, whatever way it takes there."""

import io
import json
import logging
import subprocess
import sys
import urllib.parse
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import logs

ROOT = Path(__file__).parents[2]
TOKEN = "8123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw_"


@pytest.fixture(autouse=True)
def quiet_afterwards(monkeypatch):
    monkeypatch.setattr(logs, "_plain", set())
    monkeypatch.setattr(logs, "_encoded", {})
    hooks = sys.excepthook, sys.unraisablehook, logs.threading.excepthook
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = before
    logging.captureWarnings(capture=False)
    sys.excepthook, sys.unraisablehook, logs.threading.excepthook = hooks
    structlog.reset_defaults()


def written(say, *, human: bool) -> str:
    return configured(say, level="DEBUG", human=human, process="fast")


def configured(say, **how) -> str:
    stream = io.StringIO()
    logging.getLogger().handlers.clear()  # pytest's own formats records too, raw
    logs.configure(stream=stream, **how)
    say()
    return stream.getvalue()


def in_message(s):
    logging.getLogger("x").warning(f"said {s} so")  # noqa: G004


def in_arguments(s):
    logging.getLogger("x").warning("said %s and %r of %s", s, s, {"k": [s]})


def in_extra(s):
    logging.getLogger("x").warning("said", extra={"field": {"deep": s}, "other": s.encode()})


def in_struct_fields(s):
    structlog.get_logger("x").warning("said", field=s, deep=[{"k": s}], raw=s.encode())


def in_context(s):
    with structlog.contextvars.bound_contextvars(account=s):
        structlog.get_logger("x").info("said %s", s)


class Odd:
    def __init__(self, s):
        self.s = s

    def __repr__(self):
        return f"<Odd {self.s}>"


def in_a_repr(s):
    structlog.get_logger("x").warning("said", odd=Odd(s))
    logging.getLogger("x").warning("said %s", Odd(s))


def fail(error, cause=None):
    raise error from cause


def in_an_exception(s):
    try:
        fail(ValueError(f"cannot open https://host/bot{s}/getMe", s))
    except ValueError:
        logging.getLogger("x").exception("failed")
        structlog.get_logger("x").exception("failed")


def in_a_chain(s):
    try:
        try:
            fail(KeyError(s))
        except KeyError as error:
            fail(RuntimeError("while asking"), error)
    except RuntimeError as error:
        error.add_note(f"noted {s}")
        logging.getLogger("x").warning("failed", exc_info=error)
        structlog.get_logger("x").warning("failed", exc_info=error)


def in_a_group(s):
    try:
        fail(ExceptionGroup("several", [ValueError(s), OSError(5, s, s)]))
    except ExceptionGroup:
        structlog.get_logger("x").exception("failed")


def in_a_url(s):
    encoded = urllib.parse.quote(s, safe="")
    form = urllib.parse.urlencode({"k": s})
    logging.getLogger("x").warning("GET /x?%s then %s", form, urllib.parse.quote(encoded, safe=""))


def in_json_within_json(s):
    logging.getLogger("x").warning("sent %s", json.dumps({"body": json.dumps({"k": s})}))


WAYS = [
    in_message,
    in_arguments,
    in_extra,
    in_struct_fields,
    in_context,
    in_a_repr,
    in_an_exception,
    in_a_chain,
    in_a_group,
    in_a_url,
    in_json_within_json,
]


def forms(secret: str) -> set[str]:
    """What a reader of the log could turn back into the secret."""
    quoted = urllib.parse.quote(secret, safe="")
    as_json = json.dumps(secret)[1:-1]
    return {
        secret,
        quoted,
        urllib.parse.quote_plus(secret),
        urllib.parse.quote(quoted, safe=""),
        as_json,
        json.dumps(as_json)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
        json.dumps(repr(secret))[1:-1],
        repr(secret.encode())[2:-1],
    }


secrets = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=6, max_size=24),
    st.text("abcXYZ019+/=:&%\"'\\ \n\té€😀", min_size=6, max_size=24),
    st.text("abcdefXYZ0189_-", min_size=8, max_size=40),
)


@pytest.mark.parametrize("human", [False, True], ids=["json", "human"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(secret=secrets)
def test_a_registered_secret_never_appears(way, human, secret):
    innocent = written(lambda: way("@@"), human=human) + (ROOT / "logs.py").read_text()
    assume(not any(form in innocent + Path(__file__).read_text() for form in forms(secret)))
    assume(len(set(secret)) > 2)
    logs._plain.clear()
    logs._encoded.clear()
    logs.register_secret(secret)
    out = written(lambda: way(secret), human=human)
    assert out
    assert not [form for form in forms(secret) if form in out]


@pytest.mark.parametrize("human", [False, True], ids=["json", "human"])
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_telegram_token_nobody_registered_never_appears(way, human):
    out = written(lambda: way(TOKEN), human=human)
    assert TOKEN.split(":")[1] not in out
    assert logs.HIDDEN in out


@given(before=st.text(), after=st.text(), secret=secrets)
def test_scrubbing_text_removes_the_secret_and_keeps_the_rest(before, after, secret):
    assume(not any(form in logs.HIDDEN + before + after for form in forms(secret)))
    logs._plain.clear()
    logs._encoded.clear()
    logs.register_secret(secret)
    out = logs.scrub(f"{before}{secret}{after}")
    assert secret not in out.replace(logs.HIDDEN, "\0")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot***/getMe"),
        (f"/file/bot{TOKEN.replace(':', '%3A')}/x.png", "/file/bot***/x.png"),
        ("Authorization: Bearer abc.DEF-123456", "Authorization: Bearer ***"),
        ("authorization=bearer%20abcdef123456", "authorization=bearer%20***"),
        ("postgres://desk:hunter22@db/x", "postgres://desk:***@db/x"),
        ("redis://:s3cr3t@127.0.0.1:6379/0", "redis://:***@127.0.0.1:6379/0"),
        ("GET /v1?api_key=abcdefgh1234&symbol=AAPL", "GET /v1?api_key=***&symbol=AAPL"),
        ('{"X-API-Key": "abcdefgh1234", "n": 1}', '{"X-API-Key": "***", "n": 1}'),
        ('{\\"apiSecret\\": \\"abcdefgh1234\\"}', '{\\"apiSecret\\": \\"***\\"}'),
    ],
)
def test_well_known_shapes_are_hidden(text, left):
    assert logs.scrub(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "AAPL bought 10 @ 187.25 at 09:35:00, order 20260203:AAPL:1",
        "see https://example.org:8443/a?b=c@d",
        "2026-02-03 14:30:00 mean_reversion: 3 signals, basic risk passed",
        "unix:///data/redis/redis.sock?db=0",
    ],
)
def test_ordinary_lines_pass_untouched(text):
    assert logs.scrub(text) == text


def test_each_line_of_a_key_file_is_hidden():
    lines = "MIIEvQIBADANBgkqhkiG9w0B", "AQEFAASCBKcwggSjAgEAAoIB"
    key = "\n".join(["-----BEGIN KEY-----", *lines, "-----END KEY-----"])
    logs.register_secret(key)
    assert "AQEFAASC" not in logs.scrub("only AQEFAASCBKcwggSjAgEAAoIB here")


def test_lines_are_json_with_time_level_logger_and_process():
    line = written(lambda: logging.getLogger("desk").info("filled %d", 10), human=False)
    said = json.loads(line)
    assert said["event"] == "filled 10"
    assert (said["level"], said["logger"], said["process"]) == ("info", "desk", "fast")
    assert said["timestamp"].endswith("Z")


def test_a_secret_in_a_line_leaves_it_valid_json():
    logs.register_secret('pass"word\\1')
    line = written(lambda: structlog.get_logger("x").info("in", as_='pass"word\\1'), human=False)
    assert json.loads(line)["as_"] == "***"


def test_a_record_that_cannot_be_formatted_leaks_nothing(capsys):
    out = written(lambda: logging.getLogger("x").info("%d", TOKEN), human=False)
    assert "was lost" in out
    assert TOKEN not in out + capsys.readouterr().err


def test_levels_hold_for_both_kinds_of_logger():
    def say():
        logging.getLogger("x").debug("quiet")
        structlog.get_logger("x").debug("quiet")
        logging.getLogger("x").info("loud")
        structlog.get_logger("x").info("loud")

    out = configured(say, level="INFO")
    assert out.count("loud") == 2
    assert "quiet" not in out


UNCAUGHT = """
import logs, threading, asyncio, sys
logs.configure()
s = sys.argv[1]
t = threading.Thread(target=lambda: 1 / len(s) + int(s)); t.start(); t.join()
class D:
    def __del__(self): raise ValueError(s)
D()
async def lost():
    asyncio.get_running_loop().call_soon(lambda: int(s)); await asyncio.sleep(0.01)
asyncio.run(lost())
raise RuntimeError(s)
"""


def test_what_nobody_catches_is_scrubbed_too():
    argv = [sys.executable, "-c", UNCAUGHT, TOKEN]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert TOKEN.split(":")[1] not in done.stderr + done.stdout
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) == 4
