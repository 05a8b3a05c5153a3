"""Marks read back from a Matplotlib figure, to be compared with the numbers beside the picture.

A mark is what shows a number: a curve, a whisker, a dot, a bar, a filled band or ribbon. Lines across a whole panel,
shaded spans, texts and legends are none: they are placed in shares of the panel, not in its numbers.

`assert_drawn` asks for exactly the marks that are expected, each in its place and its colour: one that is missing,
moved, too long, too short or too many fails.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

#: Farther apart than this part of the range of a mark's numbers, and two marks are not the same.
TOLERANCE = 1e-7


@dataclass(frozen=True)
class Mark:
    """What shows one or more numbers.

    Attributes:
        kind: ``line`` (rows of x, y; a whisker is a line of two points), ``dot`` (one row of x, y), ``bar`` (one row of
            left, bottom, right, top) or ``band`` (rows of x, lower end, upper end).
        colour: As ``#rrggbb``; of a bar or band the fill, of a dot its edge.
        points: The numbers in data coordinates, float, shape (rows, 2 to 4). Rows with a missing number are left out.
    """

    kind: str
    colour: str
    points: npt.NDArray[np.float64]

    def is_like(self, other: Mark) -> bool:
        """Whether both show the same numbers."""
        if (self.kind, self.colour, self.points.shape) != (other.kind, other.colour, other.points.shape):
            return False
        size = max(1.0, float(np.abs(self.points).max(initial=0.0)))
        return bool(np.allclose(self.points, other.points, rtol=0.0, atol=TOLERANCE * size))

    def __str__(self) -> str:
        rows = ["(" + ", ".join(f"{number:.6g}" for number in row) + ")" for row in self.points]
        return f"{self.kind} {self.colour} " + (" ".join(rows) if len(rows) < 5 else f"{rows[0]} … {rows[-1]}")


Numbers = npt.ArrayLike


def line(colour: str, x: Numbers, y: Numbers) -> Mark:
    """A curve; of two points a whisker, whichever end is drawn first."""
    rows = _rows(x, y)
    return Mark("line", to_hex(colour), rows[np.lexsort(rows.T[::-1])] if len(rows) == 2 else rows)


def dot(colour: str, x: float, y: float) -> Mark:
    """A point."""
    return Mark("dot", to_hex(colour), _rows([x], [y]))


def dots(colour: str, x: Numbers, y: Numbers) -> list[Mark]:
    """A mark for each point."""
    return [dot(colour, *row) for row in _rows(x, y).tolist()]


def band(colour: str, x: Numbers, low: Numbers, high: Numbers) -> Mark:
    """The area between two curves; also a ribbon."""
    rows = _rows(x, low, high)
    return Mark("band", to_hex(colour), np.column_stack([rows[:, 0], np.sort(rows[:, 1:], axis=1)]))


def bar(colour: str, left: float, bottom: float, right: float, top: float) -> Mark:
    """A rectangle."""
    ends = [*sorted((left, right)), *sorted((bottom, top))]
    return Mark("bar", to_hex(colour), np.array([[ends[0], ends[2], ends[1], ends[3]]], dtype=float))


def marks_of(axes: Axes, *, steps: bool = False, but: Iterable[str] = ()) -> list[Mark]:
    """Every mark of a panel.

    Args:
        axes: The panel.
        steps: Whether its bands are drawn in steps (each value holds until the next).
        but: Colours of what helps the eye and shows no number, such as the line from a name to its dot.
    """
    out: list[Mark] = []
    for one in axes.lines:
        if one.get_transform() != axes.transData:
            continue
        x, y = np.asarray(one.get_xdata(), dtype=float), np.asarray(one.get_ydata(), dtype=float)
        colour = to_hex(one.get_color())
        if one.get_linestyle() in ("None", "none", "", " "):
            out += dots(colour, x, y)
        else:
            out.append(line(colour, x, y))
    for patch in axes.patches:
        if isinstance(patch, Rectangle) and patch.get_data_transform() == axes.transData:
            (left, bottom), wide, high = patch.get_xy(), patch.get_width(), patch.get_height()
            out.append(bar(_hex(patch.get_facecolor()), left, bottom, left + wide, bottom + high))
    for drawn in axes.collections:
        if isinstance(drawn, LineCollection):  # the lines of error bars, and vertical or horizontal lines
            out += [line(_hex(drawn.get_color()[0]), *np.asarray(part).T) for part in drawn.get_segments()]
        elif isinstance(drawn, PathCollection):
            out += dots(_hex(drawn.get_facecolor()[0]), *np.asarray(drawn.get_offsets()).T)
        elif isinstance(drawn, PolyCollection):
            parts = [_between(path.vertices, steps=steps) for path in drawn.get_paths()]
            if parts:
                out.append(band(_hex(drawn.get_facecolor()[0]), *np.concatenate(parts).T))
        else:
            raise AssertionError(f"no numbers can be read from {drawn}")
    left_out = {to_hex(colour) for colour in but}
    return [mark for mark in out if len(mark.points) and mark.colour not in left_out]


def assert_drawn(
    axes: Axes, expected: Iterable[Mark], *, name: str = "", steps: bool = False, but: Iterable[str] = ()
) -> None:
    """Fail unless a panel shows exactly the expected marks.

    Args:
        axes: The panel.
        expected: Made of `line`, `dot`, `dots`, `band` and `bar`, from the numbers beside the picture.
        name: Which panel it is, for the message.
        steps: See `marks_of`.
        but: See `marks_of`.
    """
    wanted = [mark for mark in expected if len(mark.points)]
    assert wanted, f"{name}: no mark is expected, so nothing would be compared"
    left: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for mark in marks_of(axes, steps=steps, but=but):
        left[mark.kind, mark.colour].append(mark)
    missing = []
    for mark in wanted:
        here = left[mark.kind, mark.colour]
        found = next((i for i, other in enumerate(here) if mark.is_like(other)), None)
        if found is None:
            missing.append(mark)
        else:
            here.pop(found)
    more = [mark for marks in left.values() for mark in marks]
    told = [f"  not drawn: {mark}" for mark in missing[:6]] + [f"  drawn, but no number: {mark}" for mark in more[:6]]
    count = f"{len(missing)} of {len(wanted)} marks not drawn, {len(more)} without a number"
    assert not told, "\n".join([f"{name}: {count}", *told])


def flat(text: str) -> str:
    """A text in small letters without the breaks between its words and lines."""
    return "".join(text.lower().split())


def panels_of(figure: Figure) -> dict[str, Axes]:
    """Panels that show something, by their titles as `flat` leaves them."""
    found: dict[str, Axes] = {}
    for axes in figure.axes:
        title = flat(axes.get_title(loc="left"))
        if axes.axison and title:
            assert title not in found, f"two panels are called {title}"
            found[title] = axes
    return found


def when(period: str) -> float:
    """Place of a period on an axis of years: the middle of a year or a span of years, the end of a month.

    Worked out here and not asked of the package, so that a place that is wrong there is seen.
    """
    parts = [int(part) for part in period.split("-")]
    if len(parts) == 1:
        return parts[0] + 0.5
    year, other = parts
    return year + other / 12 if other <= 12 else (year + other + 1) / 2


def begins(month: str) -> float:
    """Place of a month's first day on an axis of years."""
    year, number = (int(part) for part in month.split("-"))
    return year + (number - 1) / 12


def columns(rows: Mapping[str, npt.ArrayLike], *names: str) -> list[npt.NDArray[np.float64]]:
    """Columns of a table as floats."""
    return [np.asarray(rows[name], dtype=float) for name in names]


def over_time(rows: pd.DataFrame, colour: str, *, x: list[float] | None = None, ends: str = "lo hi") -> list[Mark]:
    """A curve of means over months, and the bands between its ends, in pairs of column names."""
    x = [when(month) for month in rows["month"]] if x is None else x
    names = ends.split()
    bands = [band(colour, x, *columns(rows, low, high)) for low, high in zip(names[::2], names[1::2], strict=True)]
    return [*bands, line(colour, x, rows["mean"])]


def _rows(*columns: Numbers) -> npt.NDArray[np.float64]:
    rows = np.column_stack([np.atleast_1d(np.asarray(column, dtype=float)) for column in columns])
    return rows[np.isfinite(rows).all(axis=1)]


def _hex(colour: object) -> str:
    """A colour without how strong it is drawn."""
    return to_hex(np.asarray(colour, dtype=float).ravel()[:3])  # type: ignore[arg-type]


def _between(vertices: npt.ArrayLike, *, steps: bool) -> npt.NDArray[np.float64]:
    """Rows of x and both curves from the outline of a filled area: there along the first, back along the second."""
    corners = np.asarray(vertices, dtype=float)
    points = (len(corners) - 3) // 2
    assert len(corners) == 2 * points + 3 and np.array_equal(corners[0], corners[-1]), "an outline of another make"
    there, back = corners[1 : points + 1], corners[points + 2 : -1][::-1]
    assert np.allclose(there[:, 0], back[:, 0]), "an outline of another make"
    rows = np.column_stack([there, back[:, 1]])
    if steps:
        assert np.array_equal(rows[1::2, 1:], rows[:-1:2, 1:]), "each value holds until the next"
        rows = rows[::2]
    return rows
