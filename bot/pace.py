"""Telegram's pace: about one message a second in a chat and thirty overall, with short bursts."""

from collections.abc import Callable
from dataclasses import dataclass, field

AGAIN = 60.0  # seconds after a chat's wait in which a second one means more than bad luck


@dataclass(slots=True)
class Bucket:
    """A token bucket; `per_second` refills up to `burst`."""

    per_second: float
    burst: float
    tokens: float
    at: float

    def wait(self, now: float) -> float:
        """Seconds until one may go; takes nothing."""
        self.tokens = min(self.burst, self.tokens + (now - self.at) * self.per_second)
        self.at = now
        return max(0.0, (1 - self.tokens) / self.per_second)

    def spend(self, now: float) -> None:
        """One went, allowed or not; the debt is never deeper than a burst."""
        self.wait(now)
        self.tokens = max(self.tokens - 1, -self.burst)


@dataclass(slots=True)
class Pace:
    """`clock` is steady wall seconds. A chat that Telegram told to wait waits whatever the lane."""

    clock: Callable[[], float]
    chat_per_second: float = 1.0
    chat_burst: float = 20.0
    overall: Bucket = field(init=False)
    _chats: dict[int, Bucket] = field(default_factory=dict)
    _held: dict[int, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.overall = Bucket(30.0, 30.0, 30.0, self.clock())

    def hold(self, recipient: int, seconds: float) -> None:
        """Telegram said `retry_after`. Said twice within AGAIN, it has no patience for bursts: one
        may go when it ends, and then at a steady pace."""
        now = self.clock()
        if recipient in self._held and now - self._held[recipient] < AGAIN:
            chat = self._chat(recipient)
            chat.wait(now)
            chat.tokens = min(chat.tokens, max(1 - seconds * chat.per_second, -chat.burst))
        self._held[recipient] = now + seconds

    def wait(self, recipient: int, *, critical: bool) -> float:
        """Seconds until a message to `recipient` may go; takes nothing.

        A critical one is not slowed by our own pace, only by what Telegram asked for.
        """
        now = self.clock()
        held = self._held.get(recipient, 0.0) - now
        if held > 0:
            return held
        return 0.0 if critical else max(self._chat(recipient).wait(now), self.overall.wait(now))

    def spend(self, recipient: int) -> None:
        """A message went to `recipient`; a critical one slows those after it too."""
        now = self.clock()
        self._chat(recipient).spend(now)
        self.overall.spend(now)

    def _chat(self, recipient: int) -> Bucket:
        full = Bucket(self.chat_per_second, self.chat_burst, self.chat_burst, self.clock())
        return self._chats.setdefault(recipient, full)
