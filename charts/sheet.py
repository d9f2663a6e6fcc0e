"""A blank picture to draw on in pixels: a matplotlib Figure without axes, saved as a palette PNG.

Axes and their ticks are 80 % of a figure's time; here every mark is placed by us, once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import NamedTuple

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.transforms import Affine2D, Bbox, IdentityTransform, Transform
from numpy.typing import ArrayLike
from PIL import Image

from charts.scale import Floats, Frame
from charts.theme import HEIGHT, LABEL, WIDTH, Theme
from charts.words import DPI, SHARES, Align, Words, fitted, printable, width_of

__all__ = [
    "DASHED",
    "DOTTED",
    "FEWER",
    "SOLID",
    "Align",
    "Dash",
    "Paper",
    "Rect",
    "Sheet",
    "Words",
    "boxes",
    "fitted",
    "printable",
    "width_of",
]

COLOURS = 256  # of the palette; fewer save little and fray the edges of text
FEWER = 64  # of a picture that would weigh too much, saving a quarter
HEAVY = 116_000  # bytes
CAP = 0.73  # cap height of DejaVu Sans, in ems

Dash = tuple[float, tuple[float, ...]]
SOLID: Dash = (0, ())
DASHED: Dash = (0, (6.0, 4.0))  # in line widths
DOTTED: Dash = (0, (1.5, 2.5))


class Rect(NamedTuple):
    left: float
    bottom: float
    right: float
    top: float

    def touches(self, other: "Rect") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.bottom < other.top
            and other.bottom < self.top
        )


@dataclass(frozen=True, slots=True)
class Paper:
    """A page to print on, in points; the sheet lies within its margins."""

    width: float
    height: float
    margin: float

    def as_wide(self, width: int) -> "Paper":
        """The same page, so many points (of a picture: pixels) wide."""
        times = width / self.width
        return Paper(width, self.height * times, self.margin * times)


class Sheet:
    """One picture. Coordinates are pixels from the bottom left; a larger `z` lies on top.

    On `paper` the same coordinates are laid, smaller or larger, between its side margins and from
    its lower margin up.
    """

    def __init__(
        self, theme: Theme, width: int = WIDTH, height: int = HEIGHT, paper: Paper | None = None
    ) -> None:
        self.theme = theme
        self.width, self.height = width, height
        self.unit = 1.0  # points a pixel
        self.place: Transform = IdentityTransform()
        size = (width / DPI, height / DPI)
        if paper is not None:
            self.unit = (paper.width - 2 * paper.margin) / width
            self.place = Affine2D().scale(self.unit).translate(paper.margin, paper.margin)
            size = (paper.width / DPI, paper.height / DPI)
        self.figure = Figure(size, dpi=DPI, facecolor=theme.paper)
        self.canvas = FigureCanvasAgg(self.figure)
        self.colours = COLOURS
        self.texts: list[Words] = []
        self.taken: list[Rect] = []  # where text already is

    def write(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = LABEL,
        bold: bool = False,
        colour: str = "",
        align: Align = "left",
        z: float = 10,
    ) -> Words:
        """Text whose capitals are centred on `y`. Says exactly what it is given: no mathtext."""
        text = printable(text, bold)
        label = Words(
            x,
            y - CAP / 2 * size,
            text,
            size=size * self.unit,
            bold=bold,
            colour=colour or self.theme.ink,
            align=align,
            place=self.place,
            z=z,
        )
        self.figure.add_artist(label)
        self.texts.append(label)
        self.taken.append(self.room_for(x, y, text, size=size, bold=bold, align=align))
        return label

    def room_for(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = LABEL,
        bold: bool = False,
        align: Align = "left",
    ) -> Rect:
        """What `write` would cover: letters reach under the line, figures do not."""
        width = width_of(text, size, bold)
        left = x - width * SHARES[align]
        half = (0.62 if any(c.isalpha() for c in text) else 0.5) * size
        return Rect(left, y - half, left + width, y + half)

    def is_free(self, rect: Rect) -> bool:
        return not any(rect.touches(other) for other in self.taken)

    def line(
        self,
        x: ArrayLike,
        y: ArrayLike,
        colour: str,
        *,
        width: float = 3,
        dash: Dash = SOLID,
        inside: Frame | None = None,
        z: float = 3,
    ) -> None:
        """A polyline, broken where a value is NaN, cut at the edges of `inside`."""
        line = Line2D(
            np.asarray(x, np.float64),
            np.asarray(y, np.float64),
            color=colour,
            linewidth=width * self.unit,
            linestyle=dash if dash[1] else "solid",
            solid_joinstyle="round",
            solid_capstyle="butt",
            dash_capstyle="butt",
            transform=self.place,
            zorder=z,
        )
        self.figure.add_artist(line)
        if inside is not None:
            line.set_clip_box(self._clip(inside))

    def segments(
        self, ends: Floats, colour: str | Sequence[str], *, width: float = 2, z: float = 3
    ) -> None:
        """Separate straight lines; `ends` has shape (n, 2, 2)."""
        if len(ends):
            lines = LineCollection(
                list(ends), colors=colour, linewidths=width * self.unit, capstyle="butt"
            )
            lines.set_transform(self.place)
            lines.set_zorder(z)
            self.figure.add_artist(lines)

    def shapes(
        self,
        corners: Floats | Sequence[Floats],
        fill: str | Sequence[str],
        *,
        edge: str = "none",
        width: float = 0,
        inside: Frame | None = None,
        z: float = 3,
    ) -> None:
        """Polygons, in one colour or one each; `corners` has shape (n, k, 2)."""
        if len(corners):
            shapes = PolyCollection(
                list(corners), facecolors=fill, edgecolors=edge, linewidths=width * self.unit
            )
            shapes.set_transform(self.place)
            shapes.set_zorder(z)
            self.figure.add_artist(shapes)
            if inside is not None:
                shapes.set_clip_box(self._clip(inside))

    def area(
        self, x: Floats, low: Floats, high: Floats, fill: str, *, inside: Frame, z: float = 1
    ) -> None:
        """What lies between two lines, wherever both are known."""
        known = np.isfinite(low) & np.isfinite(high)
        edges = np.flatnonzero(np.diff(known.astype(np.int8))) + 1
        runs = [r for r in np.split(np.arange(len(x)), edges) if len(r) > 1 and known[r[0]]]
        self.shapes(
            [
                np.column_stack(
                    (np.concatenate((x[r], x[r][::-1])), np.concatenate((low[r], high[r][::-1])))
                )
                for r in runs
            ],
            fill,
            inside=inside,
            z=z,
        )

    def box(self, rect: Rect, fill: str, *, z: float = 8) -> None:
        self.shapes(boxes([rect.left], [rect.bottom], [rect.right], [rect.top]), fill, z=z)

    def tiles(self, tiles: Sequence[tuple[Rect, str]], *, z: float = 2) -> None:
        """Many boxes, each with its fill, as one shape: 365 of them take as long as three."""
        if tiles:
            sides = np.array([rect for rect, _ in tiles])
            self.shapes(boxes(*sides.T), [fill for _, fill in tiles], z=z)

    def dot(self, x: float, y: float, colour: str, *, radius: float = 7, z: float = 6) -> None:
        turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
        circle = np.column_stack((x + radius * np.cos(turns), y + radius * np.sin(turns)))
        self.shapes([circle], colour, z=z)

    def _clip(self, frame: Frame) -> Bbox:
        box = Bbox.from_extents(frame.left, frame.bottom, frame.right, frame.top)
        return Bbox(self.place.transform(box))

    def png(self) -> bytes:
        """The picture as a palette PNG: level 3 saves 6 ms on level 6 and costs 8 KB."""
        self.canvas.draw()  # type: ignore[no-untyped-call]
        drawn = np.asarray(self.canvas.buffer_rgba())  # type: ignore[no-untyped-call]
        pixels = Image.fromarray(drawn).convert("RGB")
        few = _few(pixels, self.colours)
        saved = _saved(few, 3)
        if len(saved) <= HEAVY:
            return saved
        return _saved(few if self.colours <= FEWER else _few(pixels, FEWER), 6)


def _few(pixels: Image.Image, colours: int) -> Image.Image:
    return pixels.quantize(colours, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def _saved(few: Image.Image, level: int) -> bytes:
    file = BytesIO()
    few.save(file, "PNG", compress_level=level)
    return file.getvalue()


def boxes(left: ArrayLike, bottom: ArrayLike, right: ArrayLike, top: ArrayLike) -> Floats:
    """Corners of upright rectangles, shape (n, 4, 2)."""
    left_, bottom_, right_, top_ = np.broadcast_arrays(
        *(np.asarray(edge, np.float64) for edge in (left, bottom, right, top))
    )
    xs = np.stack((left_, right_, right_, left_), axis=-1)
    ys = np.stack((bottom_, bottom_, top_, top_), axis=-1)
    return np.stack((xs, ys), axis=-1)
