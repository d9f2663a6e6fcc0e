"""The job `candles`: what is new at the exchanges, into the bar store."""

from desk.desk import Desk
from trading.errors import ConfigError, DataError
from trading.facts import Run
from worker.research import Research


async def candles(desk: Desk, research: Research, claimed: Run) -> str:
    """Of every feed of the settings, or of the one that `candles:NAME` names. Raises DataError
    after the last, if one of them had trouble: what came is stored and named."""
    name = claimed.job.partition(":")[2]
    if name and name not in research.candles:
        known = ", ".join(research.candles) or "none"
        raise ConfigError(f"no candle feed is called {name!r}; the settings have: {known}")
    said, trouble = [], False
    for feed in [research.candles[name]] if name else list(research.candles.values()):
        try:
            fetched = await feed.fetch(desk.wall.now())
        except DataError as error:
            said.append(str(error))
            trouble = True
            continue
        said.append(fetched.summary())
        trouble = trouble or bool(fetched.troubled)
    text = "; ".join(said) or "no candles are fetched; [candles.NAME] names a feed"
    if trouble:
        raise DataError(text)
    return text
