"""/help: every command on one screen, and by topic what one screen cannot hold."""

from collections.abc import Mapping

from analytics.definitions import DEFINITIONS
from desk import wording
from desk.console.asked import not_understood
from desk.console.labels import label
from desk.console.verb import Verb
from desk.rights import A
from trading.errors import BadCommand
from trading.messages import Button, Message, Span, bold, code, message
from trading.people import Role

#: Pages that are about no single command.
STATS, PERIODS = "stats", "periods"

BACK = [[Button("‹ All commands", "help", once=False)]]

_PERIODS = """
/pnl, /stats and others take a period, as one word:
today · week · month · quarter · ytd · all
90d · 6m · 1y: so far back from today
jan: the latest January
2026 · 2026-01 · 2026-01-15
2026-01-01..2026-03-31 · jan..mar · 2026-01..
Weeks begin on Monday; days are the exchange's."""


def answer(words: tuple[str, ...], verbs: Mapping[str, Verb]) -> Message:
    """Raises BadCommand for a topic there is none of."""
    if not words:
        return _all(verbs)
    word = words[0].lower().lstrip("/")
    topics = _topics(verbs)
    if word == STATS:
        return _statistics()
    if word == PERIODS:
        return message(bold("Periods"), _PERIODS, buttons=BACK)
    if word in topics:
        name = topics[word]
        return message(bold(name), "\n", *_listed(verbs, name), buttons=BACK)
    if word in verbs and verbs[word].help:
        return _one(word, verbs[word])
    there = [*topics, STATS, PERIODS]
    raise BadCommand(not_understood(words[0], there, "/help results", what="topic or command"))


def _topics(verbs: Mapping[str, Verb]) -> dict[str, str]:
    return {verb.topic.lower(): verb.topic for verb in verbs.values() if verb.help}


def _all(verbs: Mapping[str, Verb]) -> Message:
    topics = _topics(verbs)
    parts: list[str | Span] = []
    for topic in topics.values():
        parts += [bold(topic), "\n", *_listed(verbs, topic), "\n"]
    buttons = [Button(name, "help", (word,), once=False) for word, name in topics.items()]
    buttons += [Button(wording.capital(w), "help", (w,), once=False) for w in (STATS, PERIODS)]
    rows = [buttons[at : at + 3] for at in range(0, len(buttons), 3)]
    more = ", ".join([*topics, STATS, PERIODS])
    parts.append(f"/help TOPIC says more: {more}, or a command")
    return message(*parts, buttons=rows)


def _listed(verbs: Mapping[str, Verb], topic: str) -> list[str | Span]:
    return [
        f"/{name}{_arguments(verb)}\n   {verb.help}\n"
        for name, verb in verbs.items()
        if verb.topic == topic and verb.help
    ]


def _arguments(verb: Verb) -> str:
    return f" {verb.usage}" if verb.usage else ""


def _one(name: str, verb: Verb) -> Message:
    parts: list[str | Span] = [
        bold(f"/{name}"),
        f"{_arguments(verb)}\n{wording.capital(verb.help)}.",
    ]
    if verb.example:
        parts += ["\nFor example: ", code(f"/{name} {verb.example}")]
    if verb.needs is not Role.VIEWER or verb.private:
        where = ", in a private chat" if verb.private else ""
        parts.append(f"\nFor {A[verb.needs]}{where}")
    for role, words in _acting(verb).items():
        parts.append(f"\n{words}: for {A[role]}")
    if "FROM..TO" in verb.usage or "period" in verb.usage:
        parts.append("\n/help periods says how a period is written")
    return message(*parts, buttons=BACK)


def _acting(verb: Verb) -> dict[Role, str]:
    """The arguments that take a role of their own."""
    roles = dict.fromkeys(verb.acts.values())
    return {role: ", ".join(w for w, needs in verb.acts.items() if needs is role) for role in roles}


def _statistics() -> Message:
    """Every statistic in one line."""
    parts: list[str | Span] = [bold("What /stats says"), "\n"]
    for name, meaning in DEFINITIONS.items():
        parts += [bold(label(name)), f": {meaning}\n"]
    parts.append("docs/statistics.md has the formulas")
    return message(*parts, buttons=BACK)
