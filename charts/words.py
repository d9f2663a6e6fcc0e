"""One line of text, placed by us and drawn without matplotlib's layout, which took two thirds of a
picture's time: 1 ms a text, for 0.2."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np
from matplotlib import get_data_path
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg, get_hinting_flag
from matplotlib.colors import to_rgba
from matplotlib.font_manager import FontProperties, get_font
from matplotlib.text import Text
from matplotlib.transforms import Transform

from charts.theme import LABEL

Align = Literal["left", "center", "right"]

DPI = 72  # so that a point is a pixel
FONTS = Path(get_data_path(), "fonts", "ttf")  # matplotlib's own, never the system's
FACES = {False: FONTS / "DejaVuSans.ttf", True: FONTS / "DejaVuSans-Bold.ttf"}
SHARES = {"left": 0.0, "center": 0.5, "right": 1.0}  # of a text's width, left of where it stands


class Words(Text):
    """Text on its baseline at (x, y). Figures and letters only: no mathtext, no rotation."""

    def __init__(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float,
        bold: bool,
        colour: str,
        align: Align,
        place: Transform,
        z: float,
    ) -> None:
        """`place` turns (x, y) into the canvas's own units; `size` is in those already."""
        super().__init__(
            x,
            y,
            text,
            color=colour,
            fontproperties=_font(size, bold),
            horizontalalignment=align,
            verticalalignment="baseline",
            transform=place,
            parse_math=False,
            usetex=False,
            zorder=z,
        )
        self._face = (size, bold)

    def draw(self, renderer: RendererBase) -> None:
        text = self.get_text()
        if not text or not self.get_visible():
            return
        x, y = self.get_transform().transform(self.get_position())
        share = SHARES[str(self.get_horizontalalignment())]
        ink = renderer.new_gc()
        if isinstance(renderer, RendererAgg):
            alpha, width, left, below = _drawn(text, *self._face)
            painted = np.empty((*alpha.shape, 4), np.uint8)
            painted[..., :3] = [round(255 * part) for part in to_rgba(self.get_color())[:3]]
            painted[..., 3] = alpha
            x += left - share * width
            renderer.draw_image(ink, round(x), round(y - below) - 1, painted)
        else:  # on paper, where text stays text
            font = self.get_fontproperties()
            width, _, _ = renderer.get_text_width_height_descent(text, font, ismath=False)
            ink.set_foreground(self.get_color())
            renderer.draw_text(ink, x - share * width, y, text, font, 0.0, ismath=False, mtext=self)
        ink.restore()


@lru_cache(maxsize=64)
def _font(size: float, bold: bool) -> FontProperties:
    return FontProperties(fname=str(FACES[bold]), size=size)


@lru_cache(maxsize=2)
def _glyphs(bold: bool) -> frozenset[int]:
    return frozenset(get_font(str(FACES[bold])).get_charmap())


def _drawn(text: str, size: float, bold: bool) -> tuple[np.ndarray, float, float, float]:
    """How much ink lies on each pixel, rows from the lowest; the text's width, the pixels before
    its first ink and those under its line."""
    font = get_font(str(FACES[bold]))
    font.set_size(size, DPI)
    font.set_text(text, 0.0, flags=get_hinting_flag())  # type: ignore[no-untyped-call]
    font.draw_glyphs_to_bitmap(antialiased=True)
    alpha = np.asarray(font.get_image())[::-1]
    left, _ = font.get_bitmap_offset()
    return alpha, font.get_width_height()[0] / 64, left / 64, font.get_descent() / 64


@lru_cache(maxsize=4096)
def width_of(text: str, size: float = LABEL, bold: bool = False) -> float:
    """Pixels that `text` takes."""
    font = get_font(str(FACES[bold]))
    font.set_size(size, DPI)
    font.set_text(printable(text, bold), 0.0)
    return float(font.get_width_height()[0]) / 64


def printable(text: str, bold: bool = False) -> str:
    """One line of what the bundled font can show; anything else becomes "?"."""
    known = _glyphs(bold)
    return "".join(c if ord(c) in known else "?" for c in " ".join(text.split()))


def fitted(text: str, room: float, size: float = LABEL, bold: bool = False) -> str:
    """`text`, cut with an ellipsis where it is wider than `room` pixels."""
    text = printable(text, bold)
    if width_of(text, size, bold) <= room:
        return text
    while text and width_of(text + "…", size, bold) > room:
        text = text[:-1].rstrip()
    return text + "…"
