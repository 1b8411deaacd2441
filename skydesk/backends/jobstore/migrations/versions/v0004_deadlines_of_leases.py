"""Give leases a deadline: when the cluster ends the pod by itself."""

import sqlalchemy as sa
from alembic import op

from skydesk.backends.jobstore.schema import UtcDateTime

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the column; of labs that run it is not known, and nothing is bounded by it."""
    op.add_column("leases", sa.Column("deadline_at", UtcDateTime))
