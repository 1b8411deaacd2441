"""Make the tables of leases, GPU charges, messages and the audit log."""

import sqlalchemy as sa
from alembic import op

from skydesk.backends.jobstore.schema import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Make the tables."""
    _create_leases()
    op.create_table(
        "gpu_charges",
        sa.Column("lease_id", sa.Text, primary_key=True),
        sa.Column("from_at", UtcDateTime, primary_key=True),
        sa.Column("until_at", UtcDateTime, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("gpus", sa.Integer, nullable=False),
        sa.Column("gpu_seconds", sa.Double, nullable=False),
    )
    op.create_index("gpu_charges_by_end", "gpu_charges", ["until_at"])
    op.create_table("lease_owners", sa.Column("owner", sa.Text, primary_key=True), sa.Column("groups", sa.Text, nullable=False))
    op.create_table("lease_news", sa.Column("topic", sa.Text, primary_key=True), sa.Column("revision", sa.BigInteger, nullable=False))
    op.create_index("lease_news_by_revision", "lease_news", ["revision"])
    _create_messages()
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("on_whom", sa.Text, nullable=False),
        sa.Column("target", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("address", sa.Text, nullable=False),
    )
    op.create_index("audit_log_by_subject", "audit_log", ["on_whom", "number"])


def _create_leases() -> None:
    op.create_table(
        "leases",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("server", sa.Text, nullable=False),
        sa.Column("profile", sa.Text, nullable=False),
        sa.Column("gpus", sa.Integer, nullable=False),
        sa.Column("group", sa.Text, nullable=False),
        sa.Column("groups", sa.Text, nullable=False),
        sa.Column("phase", sa.Text, nullable=False),
        sa.Column("requested_at", UtcDateTime, nullable=False),
        sa.Column("offered_until", UtcDateTime),
        sa.Column("admitted_at", UtcDateTime),
        sa.Column("started_at", UtcDateTime),
        sa.Column("time_ends_at", UtcDateTime),
        sa.Column("ends_at", UtcDateTime),
        sa.Column("longest_end_at", UtcDateTime),
        sa.Column("used_seconds", sa.Double, nullable=False),
        sa.Column("added_seconds", sa.Double, nullable=False),
        sa.Column("extensions", sa.Integer, nullable=False),
        sa.Column("gpu_seconds", sa.Double, nullable=False),
        sa.Column("stop", sa.Text),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("end_reason", sa.Text),
        sa.Column("end_message", sa.Text),
        sa.Column("ending", sa.Text),
        sa.Column("node", sa.Text, nullable=False),
        sa.Column("last_activity_at", UtcDateTime),
    )
    op.create_index("leases_by_owner", "leases", ["owner", "number"])
    op.create_index("leases_by_phase", "leases", ["phase", "profile", "number"])
    op.create_index("leases_by_end", "leases", ["ended_at"])


def _create_messages() -> None:
    op.create_table(
        "messages",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("severity", sa.Text, nullable=False),
        sa.Column("sender", sa.Text, nullable=False),
        sa.Column("to_kind", sa.Text, nullable=False),
        sa.Column("to_name", sa.Text, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.Column("until", UtcDateTime),
    )
    op.create_table(
        "message_reads",
        sa.Column("owner", sa.Text, primary_key=True),
        sa.Column("message_id", sa.Text, primary_key=True),
        sa.Column("read_at", UtcDateTime, nullable=False),
    )
