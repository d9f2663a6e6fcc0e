"""The jobs, the schedule, the sweeper: loops over due rows, woken by lanes."""
