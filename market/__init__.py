"""Where prices come from: the bar store, panels, calendars, instruments and the history feed."""
