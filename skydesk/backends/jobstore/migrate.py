"""Brings the tables up to date when a database is opened."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from ...errors import Conflict

__all__ = ["upgrade"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_POSTGRESQL_LOCK = 0x736B79
"""Any number that nobody else takes in this database: ``sky``."""


def upgrade(connection: sa.Connection) -> None:
    """Apply the migrations that are missing, inside the transaction that the connection is in.

    Two processes that start at once take turns: in SQLite the transaction has the write lock, in PostgreSQL an advisory
    lock is held until it ends.

    Raises
    ------
    Conflict
        The tables are newer than this program.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_POSTGRESQL_LOCK)))
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_revision()
    if present == scripts.get_current_head():
        return
    if present is not None and present not in {script.revision for script in scripts.walk_revisions()}:
        raise Conflict(
            f"the job store has tables of version {present}, and this program knows them up to {scripts.get_current_head()}; "
            "start the newer program that made them, or name another database"
        )
    command.upgrade(config, "head")
