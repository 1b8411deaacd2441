"""The tables of leases, beside those of jobs. What is written here and what the migrations make is compared by a test."""

import sqlalchemy as sa

from ..jobstore.schema import METADATA, UtcDateTime, counter

__all__ = ["METADATA", "audit_log", "counter", "gpu_charges", "lease_news", "lease_owners", "leases", "message_reads", "messages"]

leases = sa.Table(
    "leases",
    METADATA,
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
    sa.Column("deadline_at", UtcDateTime),
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
    sa.Index("leases_by_owner", "owner", "number"),
    sa.Index("leases_by_phase", "phase", "profile", "number"),
    sa.Index("leases_by_end", "ended_at"),
)
"""One row a lease. ``number`` is the revision at which it was added: the order of the queue."""

gpu_charges = sa.Table(
    "gpu_charges",
    METADATA,
    sa.Column("lease_id", sa.Text, primary_key=True),
    sa.Column("from_at", UtcDateTime, primary_key=True),
    sa.Column("until_at", UtcDateTime, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("group", sa.Text, nullable=False),
    sa.Column("gpus", sa.Integer, nullable=False),
    sa.Column("gpu_seconds", sa.Double, nullable=False),
    sa.Index("gpu_charges_by_end", "until_at"),
)
"""One row a span in which a lab used GPUs at one group's expense."""

lease_owners = sa.Table(
    "lease_owners",
    METADATA,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("groups", sa.Text, nullable=False),
)
"""The groups that each user was last known to be in."""

lease_news = sa.Table(
    "lease_news",
    METADATA,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Index("lease_news_by_revision", "revision"),
)
"""When each topic that may be followed last changed."""

messages = sa.Table(
    "messages",
    METADATA,
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

message_reads = sa.Table(
    "message_reads",
    METADATA,
    sa.Column("owner", sa.Text, primary_key=True),
    sa.Column("message_id", sa.Text, primary_key=True),
    sa.Column("read_at", UtcDateTime, nullable=False),
)

audit_log = sa.Table(
    "audit_log",
    METADATA,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("at", UtcDateTime, nullable=False),
    sa.Column("who", sa.Text, nullable=False),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("on_whom", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("detail", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Index("audit_log_by_subject", "on_whom", "number"),
)
"""One row an act of an administrator, also of one that was refused."""
