"""Jobs and query history in a database: SQLite, or PostgreSQL by its URL."""

from .database import Database
from .history import SqlQueryHistory
from .store import SqlJobStore

__all__ = ["Database", "SqlJobStore", "SqlQueryHistory"]
