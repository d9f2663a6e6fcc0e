"""Searching for parameters without fooling oneself: walk-forward windows, deflated ratios."""
