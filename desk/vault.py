"""The vault: secrets at rest, sealed with a master key that is never in the database.

AES-GCM with what a secret belongs to as associated data, so that a row copied over another does
not open, and with the key's own id, so that another key is named as such.
"""

import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256

from trading.errors import DeskError

FORM = b"\x01"  # of what is sealed: form, key id (4 bytes), nonce (12), ciphertext
_ID, _NONCE = 4, 12


@dataclass(frozen=True, slots=True)
class Vault:
    """`key` gives the master key, 32 bytes, when it is first needed; ConfigError where it
    cannot."""

    key: Callable[[], bytes]

    def seal(self, secret: bytes, *belongs: str) -> str:
        """Text to be kept, worthless without the key and for anything but `belongs`."""
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key, nonce = self.key(), secrets.token_bytes(_NONCE)
        body = AESGCM(key).encrypt(nonce, secret, _about(belongs))
        return urlsafe_b64encode(FORM + _id(key) + nonce + body).decode()

    def open(self, sealed: str, *belongs: str) -> bytes:
        """The secret. Raises DeskError for one sealed with another key, for something else, or
        changed since."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self.key()
        try:
            raw = urlsafe_b64decode(sealed)
        except ValueError:
            raw = b""
        if raw[:1] != FORM or len(raw) <= 1 + _ID + _NONCE:
            raise DeskError("a secret of this desk is damaged; enrol it anew")
        if raw[1 : 1 + _ID] != _id(key):
            raise DeskError(
                "a secret of this desk was sealed with another key: set QUARTERDECK_KEY to that "
                "one, or enrol it anew"
            )
        nonce, body = raw[1 + _ID : 1 + _ID + _NONCE], raw[1 + _ID + _NONCE :]
        try:
            return AESGCM(key).decrypt(nonce, body, _about(belongs))
        except InvalidTag:
            raise DeskError("a secret of this desk is damaged; enrol it anew") from None


def _id(key: bytes) -> bytes:
    return sha256(b"quarterdeck key id" + key).digest()[:_ID]


def _about(belongs: tuple[str, ...]) -> bytes:
    return "\0".join(belongs).encode()
