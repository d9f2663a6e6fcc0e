"""The job `universe`: this week's members of the universes that hold the most traded."""

from desk import universes
from desk.desk import Desk
from market.universe import ranking_of
from trading.errors import ConfigError
from trading.facts import Run
from worker.research import Research


async def universe(desk: Desk, research: Research, claimed: Run) -> str:
    """Of every universe with a `top`, or of the one that `universe:NAME` names. A week that was
    computed already stays as it was."""
    name = claimed.job.partition(":")[2]
    chosen = [universes.universe_of(desk, name)] if name else list(desk.universes.values())
    liquid = [one for one in chosen if one.top]
    if name and not liquid:
        raise ConfigError(f"universe {name} has no `top`, so there is nothing to compute")
    ranking = ranking_of(research.store)
    done = [await universes.choose(desk, ranking, one) for one in liquid]
    return "; ".join(done) or "no universe has a `top`, so there was nothing to compute"
