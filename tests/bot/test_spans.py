"""How long something was away, in words."""

from datetime import timedelta

from bot.backlog import span


def test_a_span_reads_as_a_person_says_it():
    assert span(timedelta(seconds=20)) == "less than a minute"
    assert span(timedelta(hours=3, minutes=12)) == "3 h 12 min"
    assert span(timedelta(days=2, hours=4, minutes=9)) == "2 d 4 h"
