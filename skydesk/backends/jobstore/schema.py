"""The tables. What is written here and what the migrations make is compared by a test."""

from datetime import UTC, datetime

import sqlalchemy as sa
from sqlalchemy.engine import Dialect

__all__ = ["METADATA", "UtcDateTime", "counter", "deleted_jobs", "jobs", "query_history"]


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware time, kept in UTC to the microsecond; SQLite has no time zones, so that they are put back here."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Turn an aware time into UTC; a naive one is a mistake of the caller's."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"times of jobs are aware, got {value!r} without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Give an aware time, UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


METADATA = sa.MetaData()

counter = sa.Table(
    "counter",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("revision", sa.BigInteger, nullable=False),
)
"""One row. Whoever writes locks it first, so that revisions are committed in their order and limits are exact."""

jobs = sa.Table(
    "jobs",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("search", sa.Text, nullable=False),
    sa.Column("phase", sa.Text, nullable=False),
    sa.Column("request", sa.Text, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("destruction_at", UtcDateTime, nullable=False),
    sa.Column("limit_seconds", sa.Double, nullable=False),
    sa.Column("memory_bytes", sa.BigInteger, nullable=False),
    sa.Column("concurrent", sa.Integer, nullable=False),
    sa.Column("warning_at", UtcDateTime, nullable=False),
    sa.Column("lifetime_seconds", sa.Double, nullable=False),
    sa.Column("max_renewals", sa.Integer, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("progress", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("rows", sa.BigInteger),
    sa.Column("files_count", sa.Integer, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("email", sa.Text),
    sa.Column("run_id", sa.Text),
    sa.Column("renewals", sa.Integer, nullable=False),
    sa.Column("warned_at", UtcDateTime),
    sa.Column("attempt", sa.Integer, nullable=False),
    sa.Column("runner", sa.Text),
    sa.Column("cancel_requested", sa.Boolean, nullable=False),
    sa.Column("delete_requested", sa.Boolean, nullable=False),
    sa.Column("mailed_at", UtcDateTime),
    sa.Column("note", sa.Text),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Index("jobs_by_owner", "owner", "number"),
    sa.Index("jobs_by_phase", "phase", "owner", "number"),
    sa.Index("jobs_by_revision", "revision"),
)
"""One row a job. ``number`` is the revision at which it was added: their order; ``search`` is name and id, case folded."""

deleted_jobs = sa.Table(
    "deleted_jobs",
    METADATA,
    sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("job_id", sa.Text, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Index("deleted_jobs_by_job", "job_id"),
)
"""The latest deletions, for those who follow the store."""

query_history = sa.Table(
    "query_history",
    METADATA,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("sql_sha256", sa.Text, nullable=False),
    sa.Column("sql", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("ran_at", UtcDateTime, nullable=False),
    sa.Column("elapsed_seconds", sa.Double, nullable=False),
    sa.Column("rows", sa.BigInteger),
    sa.UniqueConstraint("owner", "sql_sha256", name="query_history_text"),
    sqlite_autoincrement=True,
)
"""One row for each text that a user ran, with its latest run; ids grow, so that the latest run has the largest."""
