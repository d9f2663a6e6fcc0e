"""One theme, dark and light: colours safe for colour-blind eyes, sizes for a phone.

Pictures are 1200 px wide and shown about 360 px wide, so 34 px here is 10 px there.

Contrast (WCAG 2.2 ratio against `paper`, tested): `ink` at least 12, `muted` at least 6, every
line, candle and tag colour at least 3.5, text on a tag at least 4.5. Rising and falling are blue
and orange (apart for protanopes, deuteranopes and tritanopes), and rising bodies are hollow.
"""

from collections.abc import Mapping
from dataclasses import dataclass

WIDTH, HEIGHT = 1200, 1000  # px; 6:5 fills a phone's message bubble

TITLE = 54  # px, as all sizes here
SUBTITLE = 38
LABEL = 34  # the smallest text there is


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours as "#rrggbb". Meaning is never carried by colour alone."""

    name: str
    paper: str
    ink: str
    muted: str
    grid: str
    zero: str  # the zero line, and where an axis ends
    up: str  # rising bars (hollow), buys, profit
    down: str  # falling bars (filled), sells, loss
    band: str  # the first band; its inside is a thin wash of the same
    overlays: tuple[str, ...]  # lines, in order of appearance
    panel: str  # an indicator under the price
    signal: str
    stop: str
    target: str
    plain: str  # any other level

    def tone(self, name: str) -> str:
        """The colour of a level's tone: signal, stop, target, else plain."""
        tones = {"signal": self.signal, "stop": self.stop, "target": self.target}
        return tones.get(name, self.plain)

    def on(self, colour: str) -> str:
        """The text colour that reads best on `colour`."""
        return max((self.paper, self.ink), key=lambda text: contrast(text, colour))

    def wash(self, colour: str, strength: float) -> str:
        """`colour` laid thinly over the paper; opaque, so that it quantises cleanly."""
        pairs = zip(_rgb(self.paper), _rgb(colour), strict=True)
        return "#" + "".join(f"{round(p + (c - p) * strength):02x}" for p, c in pairs)


DARK = Theme(
    name="dark",
    paper="#10151d",
    ink="#f3f6fa",
    muted="#aab6c5",
    grid="#252e3a",
    zero="#5b6878",
    up="#4aa8ff",
    down="#ff9233",
    band="#8397b4",
    overlays=("#c49bff", "#43d6c0", "#f2d64b", "#ff9ecb"),
    panel="#43d6c0",
    signal="#f7dc5a",
    stop="#ff7d9d",
    target="#4fdcae",
    plain="#aab6c5",
)

LIGHT = Theme(
    name="light",
    paper="#ffffff",
    ink="#141a22",
    muted="#515c6b",
    grid="#e4e8ed",
    zero="#8b96a5",
    up="#0a66c8",
    down="#c75000",
    band="#66788f",
    overlays=("#7a3fd1", "#00796b", "#8a6100", "#b8327a"),
    panel="#00796b",
    signal="#7d5c00",
    stop="#c2184b",
    target="#00795a",
    plain="#515c6b",
)

THEMES: Mapping[str, Theme] = {theme.name: theme for theme in (DARK, LIGHT)}


def contrast(one: str, other: str) -> float:
    """WCAG 2.2 contrast ratio of two "#rrggbb" colours, 1 to 21."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _luminance(colour: str) -> float:
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (channel / 255 for channel in _rgb(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
