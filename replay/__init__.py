"""The same desk under a simulated clock on an in-memory journal: backtest and demo seeding."""
