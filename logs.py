"""Logging: JSON lines from processes, readable lines for people, and no secret in either.

Secrets are taken out of the final text of each record, tracebacks included: scrubbing templates or
arguments misses what an exception, a repr or a URL carries.
"""

import logging
import re
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

HIDDEN = "***"
SHORTEST = 4  # characters; anything shorter would blacken half of every line

_PLAIN = re.compile(r"[A-Za-z0-9_.~-]+")  # what no encoding changes
_COLON = r"(?::|%(?:25)*3[Aa])"
_SHAPES: tuple[tuple[re.Pattern[str], str], ...] = (
    # a Telegram token, also inside a URL
    (re.compile(rf"\d{{6,12}}{_COLON}[A-Za-z0-9_-]{{30,}}"), HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)((?:\s|%20|\+)+)[A-Za-z0-9._~+/=%-]{8,}"), rf"\1\2{HIDDEN}"),
    # ://user:password@
    (re.compile(rf"(://[^/\s:@\"']*{_COLON})[^/\s@\"']+@"), rf"\1{HIDDEN}@"),
    # api_key=…, "X-API-Key": "…", secret: …
    (
        re.compile(
            r"(?i)((?:api[-_]?key|api[-_]?secret|secret[-_]?key|access[-_]?token|signature"
            r"|passw(?:or)?d|passphrase)[\\\"']*\s*[=:]\s*[\\\"']*)[^\s\\\"'&,;}]{8,}"
        ),
        rf"\1{HIDDEN}",
    ),
)
_SLASHES = r"(?:\\{1,16})"  # escaped up to four times over; bounded, so that no line takes long
_NAMED_ESCAPES = {
    "\n": "n",
    "\r": "r",
    "\t": "t",
    "\b": "b",
    "\f": "f",
    "\v": "v",
    "\a": "a",
    "\0": "0",
}

_plain: set[str] = set()
_encoded: dict[str, re.Pattern[str]] = {}


def register_secret(value: str) -> None:
    """From now on `value` is hidden by `scrub`, raw, percent-encoded, JSON- or repr-escaped.

    The long lines of a secret with several (a PEM key) are hidden singly too. Values under 4
    characters are not.
    """
    for part in {value, *(line for line in value.splitlines() if len(line) >= 16)}:
        if len(part) < SHORTEST:
            continue
        if _PLAIN.fullmatch(part):
            _plain.add(part)
        else:
            _encoded[part] = re.compile("".join(map(_any_form, part)))


def scrub(text: str) -> str:
    """`text` without registered secrets, Telegram tokens, bearer tokens and passwords."""
    for secret in sorted(_encoded, key=len, reverse=True):
        text = _encoded[secret].sub(HIDDEN, text)
    for secret in sorted(_plain, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    for shape, instead in _SHAPES:
        text = shape.sub(instead, text)
    return text


def _any_form(char: str) -> str:
    """A pattern for one character however often it was escaped or encoded on its way."""
    if _PLAIN.fullmatch(char):
        return re.escape(char)
    if char == "\\":
        return rf"(?:{_SLASHES}|%(?:25)*5[Cc])"
    code = ord(char)
    raw = char.encode("utf-8", "surrogatepass")
    forms = [
        rf"{_SLASHES}?" + re.escape(char),
        "".join(rf"%(?:25)*(?i:{byte:02x})" for byte in raw),
        "".join(rf"{_SLASHES}x(?i:{byte:02x})" for byte in raw),  # the repr of bytes
        rf"{_SLASHES}U(?i:{code:08x})",
    ]
    if code < 0x100:
        forms.append(rf"{_SLASHES}x(?i:{code:02x})")
    utf16 = char.encode("utf-16-be", "surrogatepass").hex()
    units = (utf16[i : i + 4] for i in range(0, len(utf16), 4))
    forms.append("".join(rf"{_SLASHES}u(?i:{unit})" for unit in units))
    if name := _NAMED_ESCAPES.get(char):
        forms.append(_SLASHES + name)
    if char == " ":
        forms.append(r"\+")
    return f"(?:{'|'.join(forms)})"


class _ScrubbingFormatter(structlog.stdlib.ProcessorFormatter):
    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's own name
        """logging would print the arguments and a traceback of a record it cannot format, raw."""
        kind = sys.exc_info()[0]
        if kind is not None and issubclass(kind, BrokenPipeError):
            return
        why = kind.__name__ if kind else "error"
        self.stream.write(f"a log record from {record.module}:{record.lineno} was lost ({why})\n")


def configure(
    *,
    level: str | int = "INFO",
    human: bool = False,
    process: str = "",
    stream: TextIO | None = None,
) -> None:
    """Send every log record, ours and libraries', to `stream` (stderr), one JSON line each, or
    readable lines if `human`; `process` is added to each. Uncaught errors and warnings go there
    too. May be called again."""
    stream = sys.stderr if stream is None else stream
    label: list[Processor] = [_label(process)] if process else []
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        *label,
    ]
    last: list[Processor] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if human:
        plain = structlog.dev.plain_traceback  # rich would wrap lines, and show locals
        console = structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)
        last.append(console)
    else:
        last += [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    handler = _Handler(stream)
    handler.setFormatter(_ScrubbingFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    for old in [h for h in root.handlers if isinstance(h, _Handler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.getLogger("arq").setLevel(logging.WARNING)  # two lines a job otherwise
    logging.captureWarnings(capture=True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


def _label(process: str) -> Processor:
    def add(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logging.getLogger("uncaught").critical("uncaught", exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _uncaught(args.exc_type, args.exc_value, args.exc_traceback)


def _unraisable(args: "UnraisableHookArgs") -> None:
    where = args.err_msg or "ignored error"
    logging.getLogger("uncaught").error(
        "%s in %r", where, args.object, exc_info=args.exc_value or True
    )
