"""Drafts of cutout requests in a folder: one file a draft, in a folder a user."""

import contextlib
import json
import re
import secrets
import shutil
import threading
from collections import OrderedDict
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from ..cutout.drafts import Draft
from ..errors import Fault, InternalError, NotFound, ServiceUnavailable
from .position_files import given_from_parquet, positions_from_parquet, positions_to_parquet

__all__ = ["FolderDrafts"]

_ID = re.compile(r"[0-9a-f]{32}")
_TABLE, _WORDS = "positions.parquet", "draft.json"


class FolderDrafts:
    """Keeps drafts below a folder that only the service reads.

    Parameters
    ----------
    root
        Where users' folders are made.
    most
        Drafts of one user that are kept.
    lifetime_seconds
        How long one is kept.
    in_memory
        Drafts, of all users, that need not be read again.
    """

    def __init__(self, root: Path, *, most: int = 20, lifetime_seconds: float = 86_400, in_memory: int = 16) -> None:
        self._root, self._most, self._lifetime, self._in_memory = root, most, timedelta(seconds=lifetime_seconds), in_memory
        self._lock = threading.Lock()
        self._latest: OrderedDict[tuple[str, str], Draft] = OrderedDict()

    def keep(self, owner: str, draft: Draft) -> Draft:
        """Keep a draft; see `skydesk.cutout.drafts.DraftStore.keep`."""
        draft = replace(draft, id=secrets.token_hex(16))
        folder, half = self._folder(owner) / draft.id, self._folder(owner) / f".{draft.id}"
        try:
            half.mkdir(parents=True, mode=0o700)
            (half / _TABLE).write_bytes(positions_to_parquet(draft.positions, draft.table))
            (half / _WORDS).write_text(json.dumps(_words(draft)))
            half.rename(folder)
        except OSError as error:
            shutil.rmtree(half, ignore_errors=True)
            raise ServiceUnavailable(f"the positions cannot be kept: {error.strerror}; try again later") from error
        self._remember(owner, draft)
        self._tidy(owner)
        return draft

    def get(self, owner: str, draft_id: str) -> Draft:
        """Give a draft; see `skydesk.cutout.drafts.DraftStore.get`."""
        with self._lock:
            draft = self._latest.get((owner, draft_id))
        if draft is None or not (self._folder(owner) / draft.id).is_dir():
            draft = self._read(owner, draft_id)
        if datetime.now(UTC) - draft.created_at > self._lifetime:
            self.remove(owner, draft_id)
            raise _gone(draft_id)
        self._remember(owner, draft)
        return draft

    def remove(self, owner: str, draft_id: str) -> None:
        """Forget a draft; see `skydesk.cutout.drafts.DraftStore.remove`."""
        with self._lock:
            self._latest.pop((owner, draft_id), None)
        folder = self._folder(owner) / draft_id
        if not _ID.fullmatch(draft_id) or not folder.is_dir():
            raise _gone(draft_id)
        shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, owner: str) -> Path:
        return self._root / sha256(owner.encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def _read(self, owner: str, draft_id: str) -> Draft:
        folder = self._folder(owner) / draft_id
        if not _ID.fullmatch(draft_id):
            raise _gone(draft_id)
        try:
            content, words = (folder / _TABLE).read_bytes(), json.loads((folder / _WORDS).read_text())
            table = given_from_parquet(content)
            if table is None:
                raise _gone(draft_id)
            return Draft(
                table=table,
                positions=positions_from_parquet(content),
                both=bool(words["both"]),
                faults=tuple(Fault(**fault) for fault in words["faults"]),
                fault_count=int(words["fault_count"]),
                notes=tuple(words["notes"]),
                created_at=datetime.fromisoformat(words["created_at"]),
                id=draft_id,
            )
        except FileNotFoundError as error:
            raise _gone(draft_id) from error
        except OSError as error:
            raise ServiceUnavailable(f"the positions cannot be read: {error.strerror}; try again later") from error
        except (InternalError, ValueError, KeyError, TypeError) as error:
            raise _gone(draft_id) from error

    def _remember(self, owner: str, draft: Draft) -> None:
        with self._lock:
            self._latest[owner, draft.id] = draft
            self._latest.move_to_end((owner, draft.id))
            while len(self._latest) > self._in_memory:
                self._latest.popitem(last=False)

    def _tidy(self, owner: str) -> None:
        """Forget what is too old or too much; somebody else may do the same at the same time."""
        with contextlib.suppress(OSError):
            found = sorted(((entry.stat().st_mtime, entry) for entry in self._folder(owner).iterdir()), reverse=True)
            oldest = datetime.now(UTC).timestamp() - self._lifetime.total_seconds()
            for place, (changed, entry) in enumerate(found):
                if place >= self._most or changed < oldest:
                    shutil.rmtree(entry, ignore_errors=True)
            for folder in self._root.iterdir():
                if folder.stat().st_mtime < oldest:  # of somebody who has given nothing for a lifetime
                    shutil.rmtree(folder, ignore_errors=True)


def _words(draft: Draft) -> dict[str, Any]:
    return {
        "both": draft.both,
        "faults": [asdict(fault) for fault in draft.faults],
        "fault_count": draft.fault_count,
        "notes": list(draft.notes),
        "created_at": draft.created_at.isoformat(),
    }


def _gone(draft_id: str) -> NotFound:
    return NotFound(f"there are no positions {draft_id[:64]!r} of yours any more; give them again")
