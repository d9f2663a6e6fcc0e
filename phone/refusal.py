"""What Telegram says when it will not do a thing."""

from __future__ import annotations

from phone.shapes import Json


class Refusal(Exception):
    """An answer with `ok: false`; carries Telegram's error_code, description and parameters."""

    def __init__(self, code: int, description: str, **parameters: int) -> None:
        super().__init__(f"{code} {description}")
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """The JSON Telegram would send."""
        answer: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            answer["parameters"] = dict(self.parameters)
        return answer


class Misuse(Exception):
    """The person holding the phone tried something no phone can do, such as pressing nothing."""


def bad_request(reason: str) -> Refusal:
    """400 with Telegram's prefix."""
    return Refusal(400, f"Bad Request: {reason}")


def cannot_parse(reason: str) -> Refusal:
    """400 for entities or markup that do not fit their text."""
    return bad_request(f"can't parse entities: {reason}")


def too_many_requests(seconds: int) -> Refusal:
    """429 with `retry_after` in seconds, in both places Telegram puts it."""
    return Refusal(429, f"Too Many Requests: retry after {seconds}", retry_after=seconds)
