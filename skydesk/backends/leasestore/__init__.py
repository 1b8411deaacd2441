"""Leases, messages and the audit log in the database of the jobs."""

from .store import SqlLeaseStore

__all__ = ["SqlLeaseStore"]
