"""Files of many tiles: which, how large, and in how many jobs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import Fault, InvalidRequest, LimitExceeded
from .model import BulkRequest, TileFile
from .ports import TileFiles

__all__ = ["MOST_BULK_TILES", "BulkPart", "BulkPlan", "parts_of", "wanted_files"]

MOST_BULK_TILES = 11_000
"""Tiles of one request: more than a release of the Dark Energy Survey has."""

_MOST_PARTS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPart:
    """What one job gathers."""

    tiles: tuple[str, ...]
    files: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPlan:
    """What a request comes to."""

    parts: tuple[BulkPart, ...]
    empty: tuple[str, ...]
    """Tiles of the request that have no such files."""

    @property
    def files(self) -> int:
        """Files of all parts."""
        return sum(part.files for part in self.parts)

    @property
    def size_bytes(self) -> int:
        """Size of all parts, bytes."""
        return sum(part.size_bytes for part in self.parts)


def wanted_files(files: Iterable[TileFile], request: BulkRequest) -> list[TileFile]:
    """Choose from the files of a tile those of the kinds and bands asked for."""
    kinds, bands = set(request.kinds), set(request.bands)
    return [file for file in files if file.kind in kinds and (not bands or not file.band or file.band in bands)]


def parts_of(request: BulkRequest, files: TileFiles, *, most_bytes: int, kinds: Sequence[str], bands: Sequence[str]) -> BulkPlan:
    """Look the files up and part them into jobs, none larger than so many bytes.

    Parameters
    ----------
    kinds, bands
        Those that the survey has.

    Raises
    ------
    InvalidRequest
        Tiles are missing, too many, or named twice; kinds or bands are not the survey's; every fault is named.
    LimitExceeded
        One tile's files alone pass the limit, or there are too many parts.
    """
    _require_sound(request, kinds, bands)
    parts: list[BulkPart] = []
    empty: list[str] = []
    tiles: list[str] = []
    count = size = 0
    for tile in request.tiles:
        found = wanted_files(files.files(tile, request.release), request)
        its_size = sum(file.size_bytes for file in found)
        if not found:
            empty.append(tile)
            continue
        if its_size > most_bytes:
            raise LimitExceeded(
                f"the files of {tile} take {its_size:,} bytes, and a job may make {most_bytes:,}; ask for fewer kinds or bands"
            )
        if tiles and size + its_size > most_bytes:
            parts.append(BulkPart(tiles=tuple(tiles), files=count, size_bytes=size))
            tiles, count, size = [], 0, 0
        tiles.append(tile)
        count, size = count + len(found), size + its_size
    if tiles:
        parts.append(BulkPart(tiles=tuple(tiles), files=count, size_bytes=size))
    if len(parts) > _MOST_PARTS:
        raise LimitExceeded(
            f"the files would need {len(parts)} jobs of {most_bytes:,} bytes, {_MOST_PARTS} are the most; ask for fewer tiles at a time"
        )
    return BulkPlan(parts=tuple(parts), empty=tuple(empty))


def _require_sound(request: BulkRequest, kinds: Sequence[str], bands: Sequence[str]) -> None:
    faults = []
    if not 1 <= len(request.tiles) <= MOST_BULK_TILES:
        faults.append(Fault(field="tiles", message=f"must be 1 to {MOST_BULK_TILES:,} tiles, got {len(request.tiles):,}"))
    if len(set(request.tiles)) < len(request.tiles):
        twice = next(name for name in request.tiles if request.tiles.count(name) > 1)
        faults.append(Fault(field="tiles", message=f"has {twice} more than once; name each tile once"))
    if not request.kinds:
        faults.append(Fault(field="kinds", message=f"is empty; choose some of {', '.join(kinds)}"))
    for field, given, known in (("kinds", request.kinds, kinds), ("bands", request.bands, bands)):
        unknown = [name for name in given if name not in known]
        if unknown:
            faults.append(Fault(field=field, message=f"{unknown[0]!r:.40} is none of {', '.join(known)}"))
    if faults:
        raise InvalidRequest(faults)
