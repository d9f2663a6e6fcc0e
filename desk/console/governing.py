"""The verbs about who may do what, who did it, and under which settings."""

from collections.abc import Mapping

from desk.console import codes, people
from desk.console.audit import audit
from desk.console.config import config, reload
from desk.console.notify import notify
from desk.console.verb import Verb
from trading.people import Role

OWNER = Role.OWNER

GOVERNING: Mapping[str, Verb] = {
    "users": Verb(
        people.users, "who may use the desk, and as what", topic="People", needs=OWNER, private=True
    ),
    "invite": Verb(
        people.invite,
        "a code that lets one person in, once",
        "[owner|trader|viewer]",
        "People",
        "viewer",
        OWNER,
        private=True,
    ),
    "revoke": Verb(
        people.revoke, "shut somebody out, at once", "NAME", "People", "Bob", OWNER, private=True
    ),
    "role": Verb(
        people.role,
        "another role, or largest approval",
        "NAME [owner|trader|viewer] [AMOUNT|any]",
        "People",
        "Bob trader 10000",
        OWNER,
        private=True,
    ),
    "code": Verb(
        codes.code, "one-time codes: enrol an authenticator app", "[off]", "People", private=True
    ),
    "notify": Verb(
        notify,
        "how you are told, and your quiet hours",
        "[KIND loud|silent|off|digest] [quiet 22:00-07:00]",
        "People",
        "alerts silent",
    ),
    "audit": Verb(
        audit,
        "who did what, and what came of it",
        "[user|signal|day]",
        "People",
        "17",
        OWNER,
        private=True,
    ),
    "config": Verb(
        config, "the settings in force", "[GROUP]", "Console", "limits", OWNER, private=True
    ),
    "reload": Verb(
        reload,
        "what the settings file says otherwise",
        topic="Console",
        needs=OWNER,
        private=True,
    ),
}
