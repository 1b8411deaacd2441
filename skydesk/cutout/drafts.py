"""Tables of positions that users have given and not yet submitted."""

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from ..errors import Fault
from .model import Positions
from .position_text import PositionTable

__all__ = ["Draft", "DraftStore", "PositionFiles"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Draft:
    """A table of positions with what was found in it."""

    table: PositionTable
    """As it was given."""

    positions: Positions
    """What it says."""

    both: bool = False
    """True where a row may have id and position, as results of queries have."""

    faults: tuple[Fault, ...] = ()
    """The first of what is wrong."""

    fault_count: int = 0
    notes: tuple[str, ...] = ()
    created_at: datetime
    id: str = field(default="")
    """Given by the store."""


class DraftStore(Protocol):
    """Keeps each user's latest drafts for a while, also over a restart. Safe from several threads."""

    def keep(self, owner: str, draft: Draft) -> Draft:
        """Keep a draft and give it an id that nobody can guess; the owner's oldest are forgotten.

        Raises
        ------
        ServiceUnavailable
            The disk is full or cannot be written.
        """

    def get(self, owner: str, draft_id: str) -> Draft:
        """Give a draft.

        Raises
        ------
        NotFound
            The owner has none of this id, or no longer.
        """

    def remove(self, owner: str, draft_id: str) -> None:
        """Forget a draft; NotFound as in `get`."""


class PositionFiles(Protocol):
    """Tables of positions as files."""

    def read(self, content: bytes, file_name: str = "") -> PositionTable:
        """Read a file of any known format; its first bytes say which.

        Raises
        ------
        InvalidRequest
            It is none that is known, broken or too large.
        """

    def read_result(self, path: Path) -> PositionTable:
        """Read a result file of a job, which its owner's lab may have tampered with; errors as `read`, and NotFound."""

    def pack(self, positions: Positions, table: PositionTable | None = None) -> bytes:
        """Write positions, and the table that they were read from, as a job is given them."""
