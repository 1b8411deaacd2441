"""Migrations of the job store, applied by alembic."""
