"""Make the tables of jobs, deletions and query history."""

import sqlalchemy as sa
from alembic import op

from skydesk.backends.jobstore.schema import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables and the one row of the counter."""
    counter = op.create_table(
        "counter", sa.Column("id", sa.Integer, primary_key=True), sa.Column("revision", sa.BigInteger, nullable=False)
    )
    op.bulk_insert(counter, [{"id": 1, "revision": 0}])
    _create_jobs()
    op.create_table(
        "deleted_jobs",
        sa.Column("revision", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("job_id", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
    )
    op.create_index("deleted_jobs_by_job", "deleted_jobs", ["job_id"])
    op.create_table(
        "query_history",
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


def _create_jobs() -> None:
    op.create_table(
        "jobs",
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
        sa.Column("revision", sa.BigInteger, nullable=False),
    )
    op.create_index("jobs_by_owner", "jobs", ["owner", "number"])
    op.create_index("jobs_by_phase", "jobs", ["phase", "owner", "number"])
    op.create_index("jobs_by_revision", "jobs", ["revision"])
