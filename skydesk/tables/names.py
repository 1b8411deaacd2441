"""Names of tables and columns, as Oracle takes them."""

import re
from collections.abc import Collection, Iterable

__all__ = ["RESERVED", "name_fault", "proposed_names", "table_name_fault"]

MAX_NAME_CHARS = 128
_NAME = re.compile(r"[A-Z][A-Z0-9_$#]{0,127}")
_DICTIONARY = re.compile(r"(ALL_|USER_|DBA_|V\$|GV\$).*")

_WORDS = (
    "ACCESS ADD ALL ALTER AND ANY AS ASC AUDIT BETWEEN BY CHAR CHECK CLUSTER COLUMN COLUMN_VALUE COMMENT COMPRESS CONNECT CREATE "
    "CURRENT DATE DECIMAL DEFAULT DELETE DESC DISTINCT DROP DUAL ELSE EXCLUSIVE EXISTS FILE FLOAT FOR FROM GRANT GROUP HAVING "
    "IDENTIFIED IMMEDIATE IN INCREMENT INDEX INITIAL INSERT INTEGER INTERSECT INTO IS LEVEL LIKE LOCK LONG MAXEXTENTS MINUS "
    "MLSLABEL MODE MODIFY NESTED_TABLE_ID NOAUDIT NOCOMPRESS NOT NOWAIT NULL NUMBER OF OFFLINE ON ONLINE OPTION OR ORDER PCTFREE "
    "PRIOR PUBLIC RAW RENAME RESOURCE REVOKE ROW ROWID ROWNUM ROWS SELECT SESSION SET SHARE SIZE SMALLINT START SUCCESSFUL "
    "SYNONYM SYSDATE TABLE THEN TO TRIGGER UID UNION UNIQUE UPDATE USER VALIDATE VALUES VARCHAR VARCHAR2 VIEW WHENEVER WHERE WITH"
)
RESERVED = frozenset(_WORDS.split())
"""Oracle's reserved words (SQL Language Reference, "Oracle SQL Reserved Words"), and DUAL."""


def name_fault(name: str) -> str | None:
    """Say what is wrong with the name of a table or a column, letter case ignored; None where it will do."""
    upper = name.upper()
    if not _NAME.fullmatch(upper):
        return f"{name[:140]!r} must be at most {MAX_NAME_CHARS} of A-Z, 0-9, _, $ and #, a letter first"
    if upper in RESERVED:
        return f"{upper} is a word of SQL's own; {upper}_ would do"
    return None


def table_name_fault(name: str, taken: Collection[str]) -> str | None:
    """Say what is wrong with the name of a table; `taken` are the catalogue's."""
    upper = name.upper()
    if _DICTIONARY.fullmatch(upper):
        return f"{upper} begins as views of the database do; MY_{upper} would do"[:300]
    if upper in taken:
        return f"{upper} is a table of the catalogue; MY_{upper} would do"
    return name_fault(name)


def proposed_names(given: Iterable[str]) -> list[tuple[str, str | None]]:
    """Make names of columns that Oracle takes and that differ, and say why one is not as it was given; None where it is."""
    taken: set[str] = set()
    made = []
    for place, text in enumerate(given, 1):
        name, note = _acceptable(text, place)
        if name in taken:
            number, stem = 1, name[: MAX_NAME_CHARS - 6]
            while f"{stem}_{number}" in taken:
                number += 1
            name, note = f"{stem}_{number}", f"there is another column {name}"
        taken.add(name)
        made.append((name, note))
    return made


def _acceptable(text: str, place: int) -> tuple[str, str | None]:
    upper = text.strip().upper()
    if not upper:
        return f"C{place}", "the column has no name"
    if upper in RESERVED:
        return f"{upper}_", f"{upper} is a word of SQL's own"
    if _NAME.fullmatch(upper):
        return upper, None
    name = re.sub(r"[^A-Z0-9_$#]+", "_", upper).strip("_") or f"C{place}"
    if not "A" <= name[0] <= "Z":
        name = f"C_{name}"
    name = name[: MAX_NAME_CHARS - 6]
    return (f"{name}_" if name in RESERVED else name), f"{text[:60]!r} is no name for a column"
