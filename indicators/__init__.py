"""Pure functions over arrays, shared by strategies and charts.

`window` forgets what lies before its window, so live and replay agree to the last bit; `series`
is TA-Lib for one instrument; `classic` is sixteen columns for a whole panel at once. Import the
module you need: `series` loads TA-Lib, which loads pandas.
"""
