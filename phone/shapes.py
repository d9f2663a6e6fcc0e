"""The JSON shapes that travel between the rooms of the stand-in."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]
Entity: TypeAlias = dict[str, Any]  # one MessageEntity, offsets in UTF-16 code units
Keyboard: TypeAlias = list[list[Json]]  # rows of InlineKeyboardButton
