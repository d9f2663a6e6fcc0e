"""How fast we speak, and how we wait when Telegram is not there."""

from bot.outage import LONGEST_PAUSE, Outage
from bot.pace import Pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def burst(pace: Pace, chat: int, most: int = 200) -> int:
    """How many normal messages go at once."""
    sent = 0
    while sent < most and pace.wait(chat, critical=False) == 0:
        pace.spend(chat)
        sent += 1
    return sent


def test_a_chat_takes_a_burst_and_then_one_a_second():
    clock = Clock()
    pace = Pace(clock)
    assert burst(pace, 1) == 20
    assert 0 < pace.wait(1, critical=False) <= 1.0
    clock.now += 3
    assert burst(pace, 1) == 3


def test_thirty_a_second_go_over_all_chats():
    clock = Clock()
    pace = Pace(clock)
    assert sum(burst(pace, chat) for chat in range(5)) == 30
    assert pace.wait(77, critical=False) > 0
    clock.now += 1
    assert burst(pace, 77) == 20
    assert burst(pace, 78) == 10


def test_asking_takes_nothing():
    pace = Pace(Clock())
    for _ in range(500):
        assert pace.wait(1, critical=False) == 0
    assert burst(pace, 1) == 20


def test_a_chat_denied_by_the_overall_pace_keeps_its_own_tokens():
    clock = Clock()
    pace = Pace(clock)
    for chat in range(2, 5):
        burst(pace, chat)
    for _ in range(50):
        assert pace.wait(1, critical=False) > 0
    clock.now += 1
    assert burst(pace, 1) == 20


def test_critical_is_not_slowed_but_slows_the_rest():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(30):
        assert pace.wait(1, critical=True) == 0
        pace.spend(1)
    clock.now += 5
    assert pace.wait(1, critical=False) > 0
    clock.now += 60
    assert burst(pace, 1) == 20, "a debt is never deeper than a burst"


def test_what_telegram_asked_for_binds_critical_too_and_only_that_chat():
    clock = Clock()
    pace = Pace(clock)
    pace.hold(1, 7)
    assert pace.wait(1, critical=True) == 7
    assert pace.wait(2, critical=False) == 0
    clock.now += 7
    assert pace.wait(1, critical=True) == 0


def test_an_outage_is_tried_less_and_less_and_ends_at_once():
    clock = Clock()
    outage = Outage(clock)
    waits = []
    for _ in range(9):
        outage.failed(1)
        waits.append(outage.wait())
        clock.now += outage.wait()
    assert waits[:4] == [0.25, 0.5, 1, 2]
    assert waits[-1] == LONGEST_PAUSE
    outage.failed(2)
    assert outage.passed(3)
    assert outage.wait() == 0
    assert not outage.passed(3)


def test_who_fails_alone_steps_aside_for_the_others():
    clock = Clock()
    outage = Outage(clock)
    alone = []
    for _ in range(5):
        alone.append(outage.failed(1))
        clock.now += outage.wait()
        outage.passed(2)
    assert alone == [1, 2, 3, 4, 5]
    outage.failed(1)
    assert outage.aside(1) > outage.wait()
    assert outage.aside(2) == 0


def test_an_outage_is_no_fault_of_the_message_that_met_it():
    outage = Outage(Clock())
    assert [outage.failed(1) for _ in range(50)] == [1] * 50


def test_a_chat_told_twice_to_wait_goes_at_a_steady_pace_after():
    clock = Clock()
    pace = Pace(clock)
    pace.hold(1, 3)
    clock.now += 3
    assert burst(pace, 1) == 20, "once is bad luck"
    clock.now += 20
    pace.hold(1, 3)
    clock.now += 3
    assert burst(pace, 1) == 1
    clock.now += 2
    assert burst(pace, 1) == 2


def test_a_poll_that_gets_through_ends_the_waiting():
    outage = Outage(Clock())
    for _ in range(8):
        outage.failed(1)
    assert outage.wait() > 10
    outage.hope()
    assert outage.wait() == 0
    assert outage.is_on, "nothing was sent yet"
