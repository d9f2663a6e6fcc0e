"""Callback data: an opaque nonce. What the button means stays in our database."""

import secrets

from aiogram.filters.callback_data import CallbackData


class Press(CallbackData, prefix="p"):
    """At most 64 bytes on the wire; never a list position, never an id to guess."""

    nonce: str


def new_nonce() -> str:
    """96 random bits, 16 characters."""
    return secrets.token_urlsafe(12)
