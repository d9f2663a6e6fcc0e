"""Strategies: one file each, pure functions over bars.

`registry` finds them by name, `laws` says whether one may be trusted, `answers` reads them over a
panel: the newest bar for a scan, every bar for a replay.
"""
