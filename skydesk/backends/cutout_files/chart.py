"""Finding charts."""

import io
import math
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from ...cutout.chart import offset_of
from ...cutout.ports import BandCut, ChartObject, ChartRequest
from ...cutout.projection import TanProjection
from .axes import SkyLine, declination_lines, ra_text, right_ascension_lines, sexagesimal
from .pictures import grey_levels

__all__ = ["finding_chart"]

_DOTS_PER_INCH, _SIDE_INCHES = 150, 6.2
_LEFT, _RIGHT, _TOP, _BOTTOM = 1.05, 0.35, 0.75, 1.45
"""Room about the image, inches."""

_TARGET, _HELPER, _LINES, _INK = "#1457c8", "#c2410c", "#5b6472", "#1b1f24"
_BOX_PART = 0.028
"""Half a box's side as a part of the image's smaller side."""

_SCALE_ARCSEC = (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 300)
_HALO: dict[str, Any] = {"facecolor": "white", "edgecolor": "none", "alpha": 0.78, "pad": 1.6}
_DARKEST = 0.92
_EDGE_PART = 0.06
"""Part of the image's height near the edge in which labels are put on the inner side of a line."""

_Point: TypeAlias = tuple[float, float]
_drawing = Lock()
"""Matplotlib's fonts are not safe from several threads."""


def finding_chart(cut: BandCut, request: ChartRequest) -> bytes:
    """Draw a finding chart as PNG: the image in inverse grey with its target, a helper star and the way from one to the other.

    Offsets are from the helper star to the target on the plane that touches the sky at the star: what one moves a telescope by.
    """
    with _drawing:
        return _Chart(cut, request).png()


class _Chart:
    """One drawing."""

    def __init__(self, cut: BandCut, request: ChartRequest) -> None:
        self.cut, self.request = cut, request
        self.height, self.width = cut.sci.shape
        self.projection = _own_projection(cut)
        self.box = max(4.0, _BOX_PART * min(self.width, self.height))
        side = _SIDE_INCHES / max(self.width, self.height)
        image = max(self.width * side, _SIDE_INCHES / 4), max(self.height * side, _SIDE_INCHES / 4)
        size = _LEFT + _SIDE_INCHES + _RIGHT, _BOTTOM + image[1] + _TOP
        left = _LEFT + (_SIDE_INCHES - image[0]) / 2
        self.figure = Figure(figsize=size, dpi=_DOTS_PER_INCH, facecolor="white")
        self.inches = size
        self.axes = self.figure.add_axes((left / size[0], _BOTTOM / size[1], image[0] / size[0], image[1] / size[1]))

    def png(self) -> bytes:
        self.image()
        self.grid()
        self.compass()
        self.scale_bar()
        target = self.place(self.request.target)
        if self.request.helper is not None:
            self.way(self.place(self.request.helper), target)
            self.boxed(self.place(self.request.helper), self.box * 0.85, _HELPER)
        self.boxed(target, self.box, _TARGET)
        self.words()
        content = io.BytesIO()
        FigureCanvasAgg(self.figure)
        self.figure.savefig(content, format="png", dpi=_DOTS_PER_INCH, metadata={"Software": None})
        return content.getvalue()

    def image(self) -> None:
        extent = (-0.5, self.width - 0.5, -0.5, self.height - 0.5)
        grey = _inverse_grey(self.cut.sci)
        self.axes.imshow(grey, cmap="gray", vmin=0, vmax=1, origin="lower", extent=extent, interpolation="nearest", aspect="auto")
        self.axes.set_xlim(-0.5, self.width - 0.5)
        self.axes.set_ylim(-0.5, self.height - 0.5)
        for spine in self.axes.spines.values():
            spine.set_color(_INK)

    def grid(self) -> None:
        across = right_ascension_lines(self.projection, self.width, self.height)
        up = declination_lines(self.projection, self.width, self.height)
        for line in (*across, *up):
            self.axes.plot(line.x, line.y, ls=(0, (1, 3)), lw=0.8, color=_LINES, alpha=0.85, zorder=2)
        bottom, left = _crossings(across, 1), _crossings(up, 0)
        self.axes.set_xticks([place for place, _ in bottom], [text for _, text in bottom])
        self.axes.set_yticks([place for place, _ in left], [text for _, text in left])
        self.axes.tick_params(direction="in", length=5, colors=_INK, labelsize=8.5, top=True, right=True)
        self.axes.set_xlabel("Right ascension (ICRS)", fontsize=9.5, color=_INK)
        self.axes.set_ylabel("Declination (ICRS)", fontsize=9.5, color=_INK)

    def compass(self) -> None:
        """Arrows to the north and to the east, as the header has them."""
        length = 0.1 * min(self.width, self.height)
        corner = self.width - 0.06 * min(self.width, self.height), self.height - 0.17 * min(self.width, self.height)
        ra, dec = self.projection.sky_of(corner[0] + 1, corner[1] + 1)
        step = self.projection.pixel_scale_arcsec * length / 3600
        for letter, to in (("N", (ra, dec + step)), ("E", (ra + step / math.cos(math.radians(float(dec))), dec))):
            x, y = (float(value) - 1 for value in self.projection.pixels_of(*to))
            self.axes.annotate(
                "",
                (x, y),
                corner,
                zorder=6,
                arrowprops={"arrowstyle": "-|>", "color": _INK, "lw": 1.3, "shrinkA": 0, "shrinkB": 0},
            )
            label = corner[0] + 1.28 * (x - corner[0]), corner[1] + 1.28 * (y - corner[1])
            self.axes.text(*label, letter, ha="center", va="center", fontsize=10, weight="bold", color=_INK, zorder=6, bbox=_HALO)

    def scale_bar(self) -> None:
        scale = self.projection.pixel_scale_arcsec
        arcsec = max((step for step in _SCALE_ARCSEC if step / scale <= 0.3 * self.width), default=_SCALE_ARCSEC[0])
        left, bottom, length = 0.05 * self.width, 0.05 * self.height, arcsec / scale
        self.axes.plot([left, left + length], [bottom, bottom], color=_INK, lw=2.2, solid_capstyle="butt", zorder=6)
        text = f"{arcsec}″" if arcsec < 60 else f"{arcsec // 60}′"
        middle = left + length / 2, bottom + 0.018 * self.height
        self.axes.text(*middle, text, ha="center", va="bottom", fontsize=9, color=_INK, zorder=6, bbox=_HALO)

    def place(self, star: ChartObject | None) -> tuple[float, float]:
        """Where an object is on the image, pixels from 0; the position that was asked for, for None."""
        at = (self.cut.ra_deg, self.cut.dec_deg) if star is None else (star.ra_deg, star.dec_deg)
        x, y = self.projection.pixel_of(*at)
        return x - 1, y - 1

    def boxed(self, at: tuple[float, float], half: float, colour: str) -> None:
        corner = at[0] - half, at[1] - half
        for width, ink, level in ((3.4, "white", 4), (1.6, colour, 5)):
            self.axes.add_patch(Rectangle(corner, 2 * half, 2 * half, fill=False, lw=width, ec=ink, zorder=level, alpha=0.95))

    def way(self, helper: tuple[float, float], target: tuple[float, float]) -> None:
        """Draw the legs from the helper: east or west first, then north or south; the straight way dotted."""
        star, at = self.request.helper, self.request.target
        if star is None:
            return
        end = (self.cut.ra_deg, self.cut.dec_deg) if at is None else (at.ra_deg, at.dec_deg)
        offset = offset_of(star.ra_deg, star.dec_deg, *end)
        turn_x, turn_y = self.projection.pixel_of(*_moved_east(star, offset.east_arcsec))
        turn = turn_x - 1, turn_y - 1
        right = 1 if turn[0] >= (helper[0] + target[0]) / 2 else -1
        below = -1 if target[1] > turn[1] else 1
        if not _EDGE_PART * self.height < turn[1] < (1 - _EDGE_PART) * self.height:
            below = -below
        self.leg(helper, turn, f"{abs(offset.east_arcsec):.2f}″ {'E' if offset.east_arcsec >= 0 else 'W'}", (0, below))
        self.leg(turn, target, f"{abs(offset.north_arcsec):.2f}″ {'N' if offset.north_arcsec >= 0 else 'S'}", (right, 0))
        begin, end_at = _shortened(helper, target, (1.2 * self.box, 1.2 * self.box))
        self.axes.plot([begin[0], end_at[0]], [begin[1], end_at[1]], ls=(0, (1, 2)), lw=1.2, color=_HELPER, zorder=3)
        self.label(helper, target, f"{offset.distance_arcsec:.2f}″", (-right, 0))

    def leg(self, begin: _Point, end: _Point, text: str, side: tuple[int, int]) -> None:
        """Draw one leg, across or up, as an arrow with its length beside it; too short a leg has neither."""
        if math.dist(begin, end) > 2.4 * self.box:
            tail, tip = _shortened(begin, end, (1.2 * self.box if side[1] else 0.0, 1.2 * self.box if side[0] else 0.0))
            style = {"arrowstyle": "-|>", "color": _HELPER, "lw": 1.2, "shrinkA": 0, "shrinkB": 0}
            self.axes.annotate("", tip, tail, arrowprops=style, zorder=4)
            self.label(tail, tip, text, side)

    def label(self, begin: _Point, end: _Point, text: str, side: tuple[int, int]) -> None:
        """Write a length beside the middle of a line, on the side that is given as steps to the right and up."""
        aligned: dict[str, Any] = {"ha": ("right", "center", "left")[side[0] + 1], "va": ("top", "center", "bottom")[side[1] + 1]}
        self.axes.annotate(
            text,
            ((begin[0] + end[0]) / 2, (begin[1] + end[1]) / 2),
            (6 * side[0], 6 * side[1]),
            textcoords="offset points",
            fontsize=8.5,
            color=_HELPER,
            zorder=6,
            bbox=_HALO,
            **aligned,
        )

    def words(self) -> None:
        request, cut = self.request, self.cut
        centre = self.inches[1] - 0.3, self.inches[1] - 0.55
        self.words_at(_LEFT, centre[0], request.title, fontsize=13, weight="bold")
        release = f"  ·  {cut.release}" if cut.release else ""
        about = f"{request.x_size_arcmin:g}′ × {request.y_size_arcmin:g}′  ·  band {cut.band}  ·  tile {cut.tile}{release}"
        self.words_at(_LEFT, centre[1], about, fontsize=9, color=_LINES)
        for line, (colour, name, text) in enumerate(self.rows()):
            self.words_at(_LEFT, 0.72 - 0.22 * line, name, fontsize=9, weight="bold", color=colour)
            self.words_at(_LEFT + 0.75, 0.72 - 0.22 * line, text, fontsize=9)

    def rows(self) -> list[tuple[str, str, str]]:
        """What stands below the image."""
        request, cut = self.request, self.cut
        if request.target is None:
            rows = [(_TARGET, "Target", f"{_position(cut.ra_deg, cut.dec_deg)}   no object of the catalogue here")]
        else:
            rows = [(_TARGET, "Target", _described(request.target, cut.band))]
        if request.helper is None:
            return [*rows, (_HELPER, "Helper", "no star of the field is bright enough")]
        rows.append((_HELPER, "Helper", _described(request.helper, cut.band)))
        end = (cut.ra_deg, cut.dec_deg) if request.target is None else (request.target.ra_deg, request.target.dec_deg)
        offset = offset_of(request.helper.ra_deg, request.helper.dec_deg, *end)
        east = f"{abs(offset.east_arcsec):.2f}″ {'east' if offset.east_arcsec >= 0 else 'west'}"
        north = f"{abs(offset.north_arcsec):.2f}″ {'north' if offset.north_arcsec >= 0 else 'south'}"
        return [*rows, (_INK, "Offset", f"helper to target: {east}, {north}; {offset.distance_arcsec:.2f}″ in all")]

    def words_at(self, x_inches: float, y_inches: float, text: str, **style: Any) -> None:
        full: dict[str, Any] = {"color": _INK, "ha": "left", "va": "center", "parse_math": False} | style
        self.figure.text(x_inches / self.inches[0], y_inches / self.inches[1], text, **full)


def _own_projection(cut: BandCut) -> TanProjection:
    """Give the projection of the cut itself, whose first pixel is (1, 1)."""
    tile = TanProjection.from_cards(cut.cards["SCI"])
    return TanProjection(crval_deg=tile.crval_deg, crpix=(tile.crpix[0] - cut.x, tile.crpix[1] - cut.y), cd_deg=tile.cd_deg)


def _inverse_grey(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Stretch an image to 0 (black, bright) to 1 (white, sky); blank pixels are white."""
    black, white, sigma = grey_levels(image)
    part = np.clip((np.nan_to_num(image, nan=black, posinf=white, neginf=black) - black) / (white - black), 0, 1)
    reach = (white - black) / (3 * sigma)
    return np.asarray(1 - _DARKEST * np.arcsinh(part * reach) / math.asinh(reach), np.float32)


def _crossings(lines: tuple[SkyLine, ...], axis: int) -> list[tuple[float, str]]:
    """Give where lines meet the lower or left side of the image, with their names.

    Parameters
    ----------
    axis
        1 for the lower side, where y is -0.5; 0 for the left one.
    """
    found = []
    for line in lines:
        level, place = (line.y, line.x) if axis else (line.x, line.y)
        order = np.argsort(level)
        if level[order[0]] <= -0.5 + 1e-6 or level[order[0]] < level[order[-1]]:
            found.append((float(np.interp(-0.5, level[order], place[order])), line.text))
    return found


def _shortened(begin: _Point, end: _Point, gaps: tuple[float, float]) -> tuple[_Point, _Point]:
    """Take a gap off each end of a line; a line that is too short keeps its middle."""
    length = math.dist(begin, end)
    first, last = (min(gap / length, 0.5) if length else 0.0 for gap in gaps)
    x, y = end[0] - begin[0], end[1] - begin[1]
    return (begin[0] + x * first, begin[1] + y * first), (end[0] - x * last, end[1] - y * last)


def _moved_east(star: ChartObject, east_arcsec: float) -> tuple[float, float]:
    """Give the position that lies so far east of a star on the plane that touches the sky there."""
    plane = TanProjection(crval_deg=(star.ra_deg, star.dec_deg), crpix=(0, 0), cd_deg=(1 / 3600, 0, 0, 1 / 3600))
    ra, dec = plane.sky_of(east_arcsec, 0.0)
    return float(ra), float(dec)


def _position(ra_deg: float, dec_deg: float) -> str:
    return f"{ra_text(ra_deg, 3)} {sexagesimal(dec_deg, '°′″', 2, signed=True)}"


def _described(star: ChartObject, band: str) -> str:
    mag = "no magnitude" if math.isnan(star.mag) else f"{band} = {star.mag:.2f} mag"
    return f"{_position(star.ra_deg, star.dec_deg)}   {mag}   {star.object_id}"
