"""Cut a few rows for somebody who waits for them."""

from collections.abc import Iterator
from dataclasses import dataclass
from queue import Empty, Full, Queue
from threading import Event, Thread

import numpy as np

from ..errors import Cancelled, InvalidRequest, NotFound
from ..query.model import Cancellation
from ..survey import Survey
from .chart import ChartObjects
from .cutting import Box, Cutter, pixel_count
from .engine import cut_all
from .model import CutoutRequest, Positions, RowOutcome
from .options import effective_options
from .ports import CutoutRenderer, TileStore

__all__ = ["Piece", "cut_now", "preview_of"]

_WAITING_PIECES = 8
_LOOK_SECONDS = 0.2
_PREVIEW_ARCMIN = 3.0
"""Largest side of a preview: a larger one is drawn slowly and seen no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A file of a row, or what became of a row."""

    folder: str = ""
    name: str = ""
    content: bytes = b""
    outcome: RowOutcome | None = None
    """Set for what became of a row; its files came before."""


def cut_now(
    request: CutoutRequest,
    positions: Positions,
    *,
    survey: Survey,
    tiles: TileStore,
    renderer: CutoutRenderer,
    chart_objects: ChartObjects | None,
    threads: int,
    cancellation: Cancellation,
) -> Iterator[Piece]:
    """Cut positions and give the files as they are made; a few at the most wait to be taken.

    Raises
    ------
    Cancelled
        Somebody asked for it.
    """
    pieces: Queue[Piece | BaseException | None] = Queue(_WAITING_PIECES)
    gone = Event()
    sink = _QueueSink(pieces, gone)

    def work() -> None:
        try:
            cut_all(
                request,
                positions,
                survey=survey,
                tiles=tiles,
                renderer=renderer,
                chart_objects=chart_objects,
                sink=sink,
                threads=threads,
                cancellation=cancellation,
                on_outcome=lambda outcome: sink.put(Piece(outcome=outcome)),
            )
            sink.put(None)
        except BaseException as error:
            if not gone.is_set():
                sink.put(error)

    worker = Thread(target=work, name="cutouts-now", daemon=True)
    worker.start()
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
    finally:
        gone.set()
        cancellation.cancel("whoever wanted the images has gone")
        while worker.is_alive():
            _empty(pieces)
            worker.join(_LOOK_SECONDS)


def preview_of(
    request: CutoutRequest, positions: Positions, row: int, kind: str, *, survey: Survey, tiles: TileStore, renderer: CutoutRenderer
) -> bytes:
    """Draw one row as a PNG, in the size and with the stretch that its own columns ask for.

    Parameters
    ----------
    kind
        ``lupton`` or ``stiff``, of the first of `CutoutOptions.lupton_bands`; ``grey``, of the first of `CutoutOptions.fits_bands`.

    Raises
    ------
    InvalidRequest
        The row has no position.
    NotFound
        No tile has images there, or not in these bands.
    """
    own = effective_options(request.options, positions.overrides.get(row, {}))
    width, height = (pixel_count(min(side, _PREVIEW_ARCMIN), survey.pixel_scale_arcsec) for side in (own.x_size_arcmin, own.y_size_arcmin))
    options = request.options
    ra, dec = float(positions.ra_deg[row]), float(positions.dec_deg[row])
    if not (np.isfinite(ra) and np.isfinite(dec)):
        raise InvalidRequest(f"row {row + 1} has no position that is known; choose another one")
    cutter = Cutter(survey.grid, tiles, request.release)
    box = Box(ra_deg=ra, dec_deg=dec, width=width, height=height)
    home = cutter.home(survey.grid.tile_at(ra, dec), box)
    if home is None:
        raise NotFound(f"no tile with images covers row {row + 1}; choose another one")
    bands = options.fits_bands[:1] if kind == "grey" else options.lupton_bands[0]
    images = []
    for band in bands:
        cut = cutter.cut(home, band, box, ("SCI",))
        if cut is None:
            raise NotFound(f"{home.name} has no image in {band}; choose other bands")
        images.append(cut.sci)
    if kind == "grey":
        return renderer.grey(images[0])
    red, green, blue = images
    return renderer.stiff(red, green, blue) if kind == "stiff" else renderer.lupton(red, green, blue, own.lupton)


class _QueueSink:
    """Hands files to whoever takes them; waits while too many wait, but not for somebody who has gone."""

    def __init__(self, pieces: "Queue[Piece | BaseException | None]", gone: Event) -> None:
        self._pieces, self._gone = pieces, gone

    def write(self, folder: str, name: str, content: bytes) -> None:
        """Hand one file over."""
        self.put(Piece(folder=folder, name=name, content=content))

    def put(self, piece: "Piece | BaseException | None") -> None:
        """Hand something over; raises `Cancelled` where nobody takes it any more."""
        while not self._gone.is_set():
            try:
                self._pieces.put(piece, timeout=_LOOK_SECONDS)
            except Full:
                continue
            return
        raise Cancelled("whoever wanted the images has gone")


def _empty(pieces: "Queue[Piece | BaseException | None]") -> None:
    try:
        while True:
            pieces.get_nowait()
    except Empty:
        return
