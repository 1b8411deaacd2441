"""Tables of positions on the wire."""

from collections import Counter
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ..cutout.drafts import Draft
from ..cutout.model import NO_OBJECT, CutoutOptions
from ..cutout.plan import duplicates_of
from ..cutout.position_text import PositionTable
from ..cutout.preparation import Placement
from .times import time_to_json

__all__ = ["cells_of", "draft_to_json"]

_PREVIEW_ROWS = 200
_MOST_TILES = 200
_MOST_NOTES = 1000


def draft_to_json(draft: Draft, placement: Placement) -> dict[str, Any]:
    """A table of positions with what was found in it, and where its rows are."""
    plan = placement.plan
    order = np.argsort(-plan.counts, kind="stable")[:_MOST_TILES].tolist()
    duplicates = duplicates_of(placement.positions, CutoutOptions())
    repeated = duplicates != np.arange(len(duplicates))
    known = np.isfinite(placement.positions.ra_deg)
    outside = known & ~placement.cut
    return {
        "id": draft.id,
        "release": placement.release,
        "rows": len(draft.positions),
        "columns": list(draft.table.columns),
        "preview": cells_of(draft.table.part(0, _PREVIEW_ROWS)),
        "faults": [asdict(fault) for fault in draft.faults],
        "fault_count": draft.fault_count,
        "notes": [
            *({"row": None, "field": None, "message": note} for note in draft.notes),
            *_notes(draft, placement, outside, repeated, duplicates),
        ],
        "tiles": [{"tile": plan.tile_names[place], "rows": int(plan.counts[place])} for place in order],
        "tile_count": len(plan.tile_names),
        "outside": int(outside.sum()),
        "near_edge": int((plan.near_edge & placement.cut).sum()),
        "duplicates": int(repeated.sum()),
        "unknown_ids": int(placement.unknown_ids.sum()),
        "overrides": dict(Counter(name for own in draft.positions.overrides.values() for name in own)),
        "created_at": time_to_json(draft.created_at),
    }


def cells_of(table: PositionTable) -> list[list[str]]:
    """The cells of a table as texts, row by row."""
    columns = [pc.fill_null(pc.cast(values, pa.string()), "").to_pylist() for values in table.values]
    return [list(row) for row in zip(*columns, strict=True)]


def _notes(draft: Draft, placement: Placement, outside: Any, repeated: Any, duplicates: Any) -> list[dict[str, Any]]:
    """What will happen to rows that are in order but will not be cut, in the order of rows."""
    found: list[dict[str, Any]] = []
    for row in np.flatnonzero(outside | repeated | placement.unknown_ids)[:_MOST_NOTES].tolist():
        object_id = int(draft.positions.object_id[row])
        if placement.unknown_ids[row]:
            message = f"the catalogue of {placement.release} has no object {object_id}; the row will be left out"
        elif outside[row]:
            tile = placement.plan.tile_of(row)
            where = f"lies on {tile}, which has no images in {placement.release}" if tile else "lies outside the survey's tiles"
            message = (
                f"{where}; the row will be left out unless a neighbouring tile covers it" if tile else f"{where}; the row will be left out"
            )
        else:
            message = f"is the same as row {int(duplicates[row]) + 1}; it will be cut once"
        field = "COADD_OBJECT_ID" if object_id != NO_OBJECT else None
        found.append({"row": row + 1, "field": field, "message": message})
    return found
