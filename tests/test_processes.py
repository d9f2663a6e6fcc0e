"""What ends a process of the house by its own word is that word, not a group of traces."""

import asyncio

import pytest

from processes import until
from trading.errors import ConfigError


async def test_a_setting_that_is_wrong_ends_a_process_in_one_line() -> None:
    async def listen() -> None:
        raise ConfigError("the paper broker cannot listen there")

    with pytest.raises(ConfigError, match="cannot listen there"):
        await until(asyncio.Event(), listen(), asyncio.sleep(60))


async def test_an_error_of_ours_keeps_its_trace() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ExceptionGroup):
        await until(asyncio.Event(), fail(), asyncio.sleep(60))
