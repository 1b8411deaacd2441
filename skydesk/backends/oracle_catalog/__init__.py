"""A survey's catalogue in an Oracle database, through python-oracledb in its thin mode."""

from .account import Account
from .catalog import OracleCatalog
from .credentials import CredentialStore

__all__ = ["Account", "CredentialStore", "OracleCatalog"]
