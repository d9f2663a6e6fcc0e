"""Sizing and pre-trade checks; pure functions that answer with a figure."""
