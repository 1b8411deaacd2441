"""What every lease store does: inherit `LeaseStoreContract` and give the fixture ``store``."""

from datetime import UTC, datetime
from typing import Any

from skydesk.leases.model import Lease, LeasePhase
from skydesk.leases.ports import LeaseStore

NOW = datetime(2026, 3, 14, 15, 9, 26, 535897, tzinfo=UTC)


def make_lease(lease_id: str, **fields: Any) -> Lease:
    values: dict[str, Any] = {"owner": "ada", "profile": "small", "phase": LeasePhase.QUEUED, "requested_at": NOW}
    return Lease(id=lease_id, **{**values, **fields})


class LeaseStoreContract:
    """Tests that hold for every `LeaseStore`."""

    def test_a_lease_comes_back_as_it_went_in(self, store: LeaseStore) -> None:
        added = store.write(lambda book: book.add(make_lease("a")))
        assert store.read(lambda book: book.lease("a")) == added
