"""What is written under [mail] is right, or one line that says what is wrong with it."""

from pathlib import Path
from typing import Any

import pytest

import mailing
from mail.route import Route
from settings import as_environment, load
from tests.test_settings import PASSWORD, clean, refusal
from trading.errors import ConfigError

__all__ = ["clean"]  # a fixture
WHOLE = {"host": "smtp.example.org", "sender": "desk@example.org", "to": ["ann@example.org"]}


def test_without_a_word_nobody_is_mailed(monkeypatch: pytest.MonkeyPatch):
    assert mailing.route(load()) is None
    for name, value in as_environment(load()).items():
        monkeypatch.setenv(name, value)
    assert mailing.route(load()) is None  # as a process of the house is given it


def test_the_least_that_is_needed():
    Path("quarterdeck.toml").write_text(
        '[mail]\nhost = "smtp.example.org"\nsender = "desk@example.org"\nto = "ann@example.org"\n'
    )
    found = mailing.route(load())
    assert found == Route("smtp.example.org", "starttls", "desk@example.org", ("ann@example.org",))
    assert found.gate == 587


def test_by_variables_with_several_addresses_and_the_password_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "word").write_text(f"{PASSWORD}\n")
    for name, value in {
        "MAIL__HOST": "smtp.example.org",
        "MAIL__SECURITY": "tls",
        "MAIL__USER": "desk",
        "MAIL__SENDER": "desk@example.org",
        "MAIL__TO": "ann@example.org, bob@example.net",
        "MAIL__DIGESTS": "true",
        "MAIL_PASSWORD_FILE": str(tmp_path / "word"),
    }.items():
        monkeypatch.setenv(f"QUARTERDECK_{name}", value)
    settings = load()
    found = mailing.route(settings)
    assert found is not None
    assert (found.to, found.gate) == (("ann@example.org", "bob@example.net"), 465)
    assert (found.password, found.digests) == (PASSWORD, True)
    assert PASSWORD not in repr(found) + repr(settings)
    for name, value in as_environment(settings).items():
        monkeypatch.setenv(name, value)
    assert mailing.route(load()) == found  # as a process of the house is given them


def test_the_demo_mails_nobody():
    assert mailing.route(load(mode="demo", mail=WHOLE)) is None


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"to": []}, "`host` needs `sender` and `to` beside it"),
        ({"sender": ""}, "`host` needs `sender` and `to` beside it"),
        ({"host": ""}, "`to` needs the `host` that takes the mail"),
        ({"to": ["ann@example.org", "ann@example.org"]}, "an address is in `to` twice"),
        ({"to": ["Ann <ann@x.org>"]}, "setting 'mail.to.0' = 'Ann <ann@x.org>': an address is"),
        ({"to": "ann"}, "setting 'mail.to.0' = 'ann': an address is written like ann@example.org"),
        ({"sender": "a@b\nBcc: c@d"}, "setting 'mail.sender' = 'a@b\\nBcc: c@d': an address"),
        ({"host": "smtp://x"}, "setting 'mail.host' = 'smtp://x': string should match pattern"),
        ({"port": 65_536}, "setting 'mail.port' = '65536': input should be less than or equal"),
        ({"security": "ssl"}, "setting 'mail.security' = 'ssl': input should be 'starttls', 'tls'"),
        ({"password": PASSWORD}, "unknown setting 'mail.password'; known are: digests, host"),
    ],
)
def test_a_bad_value_is_one_line(changed: dict[str, Any], said: str):
    assert said in refusal(lambda: load(mail={**WHOLE, **changed}))


@pytest.mark.parametrize(
    ("mail", "password", "said"),
    [
        ({"user": "desk"}, "", "mail has a user but no password: set QUARTERDECK_MAIL_PASSWORD"),
        ({}, PASSWORD, "mail has a password but no user: set [mail] user, or leave both out"),
        ({"user": "d", "security": "none"}, PASSWORD, "the password would go in the clear to smtp"),
    ],
)
def test_what_does_not_go_together_is_one_line(mail: dict[str, Any], password: str, said: str):
    settings = load(mail={**WHOLE, **mail}, mail_password=password)
    assert said in refusal(lambda: mailing.route(settings))


def test_on_this_machine_a_password_may_go_in_the_clear():
    here = {**WHOLE, "host": "127.0.0.1", "user": "desk", "security": "none"}
    assert mailing.route(load(mail=here, mail_password=PASSWORD)) is not None


async def test_up_refuses_bad_mail_before_anything_starts(tmp_path: Path):
    from house import run_house

    settings = load(data=tmp_path / "data", telegram_token="1234:x", mail={**WHOLE, "user": "desk"})
    with pytest.raises(ConfigError, match="mail has a user but no password"):
        await run_house(settings)
    assert not (tmp_path / "data").exists()
