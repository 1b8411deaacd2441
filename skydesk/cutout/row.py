"""Make the files of one row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ..errors import InvalidImage, ServiceUnavailable, SkydeskError
from ..grid import Tile
from ..query.model import Cancellation
from ..survey import Survey
from .chart import ChartObjects, chart_request, objects_csv
from .cutting import Box, Cutter, pixel_count
from .model import CutoutOptions, Outcome, Product, RowOutcome
from .naming import file_name, objects_file_name
from .ports import BandCut, CutoutRenderer, CutoutSink

__all__ = ["Row", "RowCutter"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table of positions, with what the plan says of it."""

    number: int
    tile: Tile
    """The tile in whose unique area the position lies."""

    ra_deg: float
    dec_deg: float
    options: CutoutOptions
    name: str
    folder: str


class RowCutter:
    """Cuts a row in every band that it needs, makes its files and says what became of it. Safe from several threads."""

    def __init__(
        self,
        cutter: Cutter,
        renderer: CutoutRenderer,
        sink: CutoutSink,
        chart_objects: ChartObjects | None,
        survey: Survey,
        cancellation: Cancellation,
    ) -> None:
        self._cutter, self._renderer, self._sink, self._chart_objects = cutter, renderer, sink, chart_objects
        self._scale_arcsec, self._cancellation = survey.pixel_scale_arcsec, cancellation

    def outcome(self, row: Row) -> RowOutcome:
        """Make a row's files.

        Raises
        ------
        Cancelled
            Somebody asked for it.
        ServiceUnavailable
            The sink cannot take a file.
        """
        self._cancellation.check()
        box = Box(
            ra_deg=row.ra_deg,
            dec_deg=row.dec_deg,
            width=pixel_count(row.options.x_size_arcmin, self._scale_arcsec),
            height=pixel_count(row.options.y_size_arcmin, self._scale_arcsec),
        )
        try:
            home = self._cutter.home(row.tile, box)
        except (InvalidImage, ServiceUnavailable) as error:
            return RowOutcome(row=row.number, outcome=Outcome.FAILED, message=str(error), tile=row.tile.name, name=row.name)
        if home is None:
            message = f"no tile with images covers the position; it lies on {row.tile.name}"
            return RowOutcome(row=row.number, outcome=Outcome.OUTSIDE, message=message, tile=row.tile.name, name=row.name)
        made = _Made(row=row, tile=home.name)
        cuts = self._cut_bands(row, home, box, made)
        for name, content in self._pictures(row, cuts, made):
            self._keep(made, name, content)
        return made.outcome()

    def _cut_bands(self, row: Row, home: Tile, box: Box, made: "_Made") -> dict[str, BandCut]:
        """Cut each band, write its FITS file, and give the cuts that pictures are made of."""
        fits_bands, picture_bands = _fits_bands(row.options), _picture_bands(row.options)
        kept: dict[str, BandCut] = {}
        for band in dict.fromkeys((*fits_bands, *picture_bands)):
            self._cancellation.check()
            planes = row.options.planes if band in fits_bands else ("SCI",)
            try:
                cut = self._cutter.cut(home, band, box, planes, resample=row.options.resample)
                if cut is None:
                    made.lacking.append(band)
                    continue
                content = self._renderer.fits(cut, _ordered(planes, cut)) if band in fits_bands else None
            except (InvalidImage, ServiceUnavailable) as error:
                made.failures.append(f"{band}: {error}")
                continue
            made.note(cut)
            if content is not None:
                self._keep(made, file_name(row.name, Product.FITS, band), content)
            if band in picture_bands:
                kept[band] = cut
        return kept

    def _pictures(self, row: Row, cuts: dict[str, BandCut], made: "_Made") -> Iterator[tuple[str, bytes]]:
        options, renderer = row.options, self._renderer
        if Product.LUPTON in options.products:
            for triplet in _whole(options.lupton_bands, cuts):
                red, green, blue = (cuts[band].sci for band in triplet)
                yield file_name(row.name, Product.LUPTON, triplet), renderer.lupton(red, green, blue, options.lupton)
        if Product.STIFF in options.products:
            for triplet in _whole(options.stiff_bands, cuts):
                red, green, blue = (cuts[band].sci for band in triplet)
                yield file_name(row.name, Product.STIFF, triplet), renderer.stiff(red, green, blue)
        if Product.CHART in options.products:
            for band in options.chart.bands:
                if band in cuts:
                    yield from self._chart(row, cuts[band], made)

    def _chart(self, row: Row, cut: BandCut, made: "_Made") -> Iterator[tuple[str, bytes]]:
        self._cancellation.check()
        options = row.options
        size = options.x_size_arcmin, options.y_size_arcmin
        try:
            objects = [] if self._chart_objects is None else self._chart_objects(row.ra_deg, row.dec_deg, *size, cut.band, cut.release)
        except SkydeskError as error:
            made.failures.append(f"finding chart in {cut.band}: the catalogue could not be asked: {error}")
            return
        chart, warnings = chart_request(row.name, row.ra_deg, row.dec_deg, size, objects, options.chart.faintest_helper_mag)
        made.warnings += [f"finding chart in {cut.band}: {warning}" for warning in warnings]
        yield file_name(row.name, Product.CHART, cut.band), self._renderer.chart(cut, chart)
        yield objects_file_name(row.name, cut.band), objects_csv(chart, row.ra_deg, row.dec_deg, cut.band)

    def _keep(self, made: "_Made", name: str, content: bytes) -> None:
        self._cancellation.check()
        self._sink.write(made.row.folder, name, content)
        made.files.append(name)
        made.size_bytes += len(content)


@dataclass(slots=True)
class _Made:
    """What was made of a row, and what was not."""

    row: Row
    tile: str
    files: list[str] = field(default_factory=list)
    size_bytes: int = 0
    lacking: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    blank_pixels: int = 0
    stitched: dict[str, int] = field(default_factory=dict)
    offset_pixels: float = 0.0
    resampled: bool = False

    def note(self, cut: BandCut) -> None:
        self.blank_pixels = max(self.blank_pixels, cut.blank_pixels)
        for tile, count in cut.stitched.items():
            self.stitched[tile] = max(self.stitched.get(tile, 0), count)
        self.offset_pixels = max(self.offset_pixels, cut.offset_pixels)
        self.resampled |= cut.resampled

    def outcome(self) -> RowOutcome:
        return RowOutcome(
            row=self.row.number,
            outcome=self._kind(),
            message="; ".join(self._messages()),
            tile=self.tile,
            name=self.row.name,
            folder=self.row.folder if self.files else "",
            files=tuple(self.files),
            size_bytes=self.size_bytes,
            blank_pixels=self.blank_pixels,
            stitched=self.stitched,
        )

    def _kind(self) -> Outcome:
        if self.failures or (self.lacking and not self.files):
            return Outcome.FAILED
        return Outcome.PARTLY if self.blank_pixels or self.lacking else Outcome.DONE

    def _messages(self) -> Iterator[str]:
        yield from dict.fromkeys(self.failures)
        if self.lacking:
            yield f"{self.tile} has no image in {', '.join(self.lacking)}"
        if self.blank_pixels:
            yield f"no tile covers {self.blank_pixels} pixels; they are blank"
        if self.tile != self.row.tile.name:
            yield f"{self.row.tile.name} has no images; the cutout lies on the pixels of {self.tile}"
        if self.stitched:
            yield f"pixels of {', '.join(f'{tile} ({count})' for tile, count in self.stitched.items())}{self._how()}"
        yield from dict.fromkeys(self.warnings)

    def _how(self) -> str:
        if self.resampled:
            return ": interpolated (Lanczos, 3 lobes)"
        if self.offset_pixels > _EXACT_PIXELS:
            return f": the nearest of each, at most {self.offset_pixels:.2f} px off; nothing is interpolated"
        return ": on the same pixel grid, exact"


_EXACT_PIXELS = 1e-6


def _fits_bands(options: CutoutOptions) -> tuple[str, ...]:
    """Give the bands of which FITS files are kept; those that only pictures need are never written."""
    if Product.FITS not in options.products or (options.discard_fits and options.products != {Product.FITS}):
        return ()
    return options.fits_bands


def _picture_bands(options: CutoutOptions) -> tuple[str, ...]:
    triplets: Iterable[tuple[str, ...]] = ()
    if Product.LUPTON in options.products:
        triplets = (*triplets, *options.lupton_bands)
    if Product.STIFF in options.products:
        triplets = (*triplets, *options.stiff_bands)
    if Product.CHART in options.products:
        triplets = (*triplets, options.chart.bands)
    return tuple(dict.fromkeys(band for triplet in triplets for band in triplet))


def _whole(triplets: Iterable[tuple[str, str, str]], cuts: dict[str, BandCut]) -> Iterator[tuple[str, str, str]]:
    return (triplet for triplet in triplets if all(band in cuts for band in triplet))


def _ordered(planes: Iterable[str], cut: BandCut) -> tuple[str, ...]:
    """Give the planes of a file: SCI first, then the others as the tile has them."""
    return ("SCI", *(name for name in cut.planes if name != "SCI" and name in planes))
