"""The one table of Oracle's and the driver's error codes: what each is for us, in plain words, and what to do."""

from dataclasses import dataclass
from enum import Enum

__all__ = ["CODES", "OWN_ACCOUNT", "Kind", "Meaning"]


class Kind(Enum):
    """Which of our errors a code becomes."""

    STATEMENT = "invalid_query"
    REFUSED = "query_refused"
    LIMIT = "limit_exceeded"
    DEADLINE = "deadline_exceeded"
    RIGHTS = "not_allowed"
    LOGIN = "unavailable, and not tried again for a minute: each try may count towards locking the account"
    LOST = "unavailable; tried again once where no row has been given out yet"
    BUSY = "unavailable"
    DOWN = "unavailable; what has hours to run waits for it some minutes"
    BROKEN = "internal_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a code means to a person."""

    kind: Kind
    words: str
    """What is wrong."""

    advice: str
    """What to do."""


def _table(kind: Kind, *rows: tuple[str, str, str]) -> dict[str, Meaning]:
    return {code: Meaning(kind=kind, words=words, advice=advice) for codes, words, advice in rows for code in codes.split()}


_OPERATOR = "tell the operator"

CODES: dict[str, Meaning] = {
    **_table(
        Kind.STATEMENT,
        (
            "ORA-00900 ORA-00933 ORA-03048 ORA-03049",
            "the statement is not SQL as Oracle knows it",
            "look at the place marked and before it",
        ),
        ("ORA-00903", "a table name is expected here", "name a table of the schema browser"),
        ("ORA-00904", "there is no such column", "look the name up in the schema browser; texts take single quotes"),
        ("ORA-00905 ORA-00906 ORA-00907 ORA-00908", "a word or parenthesis is missing", "look at the place marked and before it"),
        ("ORA-00911", "this character has no place in SQL", "delete it; copied quotes and dashes are often not the plain ones"),
        ("ORA-00918", "several tables have this column", "write table.column"),
        ("ORA-00920 ORA-00936 ORA-00921", "something is missing here", "complete the expression or the condition"),
        ("ORA-00923", "FROM is missing", "write FROM DUAL where no table is read"),
        ("ORA-00932", "types do not go together", "compare numbers with numbers and texts with texts"),
        ("ORA-00934", "an aggregate cannot stand here", "move the condition from WHERE to HAVING"),
        ("ORA-00937 ORA-00979", "a column is neither grouped by nor aggregated", "add it to GROUP BY"),
        ("ORA-00942", "there is no such table", "look the name up in the schema browser"),
        ("ORA-00960 ORA-01789 ORA-01790", "the parts of the set operation do not match", "give them the same number and types of columns"),
        ("ORA-01008", "a bind variable has no value", "write the value in its place"),
        ("ORA-01427", "a subquery used as a value gives more than one row", "use IN, an aggregate, or FETCH FIRST 1 ROW ONLY"),
        ("ORA-01428", "a function was given a number outside its range", "exclude the rows at fault with WHERE or CASE"),
        ("ORA-01476", "a divisor is zero", "write NULLIF(divisor, 0) for the divisor"),
        ("ORA-01722", "a text is no number", "compare numbers with numbers, and texts with quoted texts"),
        ("ORA-01747", "a column name is wrong", "look at the dots and quotes of the name"),
        ("ORA-01756 ORA-01740", "a quote is not closed", "close it; write '' for a quote inside a text"),
        ("ORA-01795", "a list in IN has too many values", "split it, or join a table"),
        ("ORA-01830 ORA-01840 ORA-01841 ORA-01843 ORA-01847 ORA-01861", "a text is no date of this format", "use DATE 'YYYY-MM-DD'"),
        ("ORA-01426 ORA-01438", "a number is too large", "multiply by 1d to reckon in BINARY_DOUBLE"),
        ("ORA-01456 ORA-14551", "the statement would change the database", "write a statement that only reads"),
        ("ORA-01489", "a text is longer than 4000 bytes", "take a part of it with SUBSTR, or aggregate fewer rows"),
        ("ORA-30483 ORA-30484", "an analytic function cannot stand here", "move it into a subquery"),
    ),
    **_table(
        Kind.REFUSED,
        ("ORA-03001 ORA-00439", "this database cannot do that", "write it another way"),
        (
            "DPY-3002 DPY-3007 DPY-3030 DPY-3031",
            "a column's type cannot be brought here",
            "turn it into a number or a text, for example with TO_CHAR",
        ),
        (
            "DPY-4036 DPY-4038 DPY-3035",
            "a value does not fit the type of its column",
            "turn it into a BINARY_DOUBLE or a text in the statement",
        ),
    ),
    **_table(
        Kind.LIMIT,
        (
            "ORA-01652 ORA-01555 ORA-30036",
            "the statement needs more of the database's working space than there is",
            "narrow it down, or sort fewer rows",
        ),
        ("ORA-02391", "your account has as many sessions as its profile allows", "wait until one ends, then try again"),
        (
            "ORA-02392 ORA-02393 ORA-02394 ORA-02395",
            "your account's profile allows no more reading or computing",
            "narrow the statement down",
        ),
        ("ORA-02396 ORA-02399", "your account's profile ended the session", "run it again; narrow it down if it takes long"),
        ("ORA-00040 ORA-56735", "the database's resource manager stopped the statement", "narrow it down, or run it as a job"),
        ("ORA-07454 ORA-07455", "the resource manager expects the statement to take too long", "narrow it down, or run it as a job"),
        ("ORA-04030 ORA-04031 ORA-04036", "the database has no memory left for this", "narrow the statement down, or try again later"),
        ("ORA-01536 ORA-01950", "the space granted to the account is used up", _OPERATOR),
    ),
    **_table(
        Kind.DEADLINE,
        ("ORA-01013", "the statement was stopped in the database", "run it again"),
        ("DPY-4024", "the database did not answer in time", "narrow the statement down, or submit it as a job"),
    ),
    **_table(
        Kind.RIGHTS,
        ("ORA-01031 ORA-41900", "the account may not do that", "ask the operator for the right to read the table"),
        ("ORA-01720", "the owner of a view may not read its tables", _OPERATOR),
    ),
    **_table(
        Kind.LOGIN,
        (
            "ORA-01005 ORA-01017",
            "the database does not take the account's name or password",
            "tell the operator to look at the password file",
        ),
        ("ORA-28000", "the account is locked in the database", "tell the operator to have it unlocked"),
        (
            "ORA-28001 ORA-28002 ORA-28011",
            "the account's password has expired",
            "tell the operator to set a new one in the database and in the password file",
        ),
        ("ORA-01045", "the account may not open a session", "tell the operator to grant it CREATE SESSION"),
        ("ORA-28150 ORA-01035", "the account may not act for this person", "tell the operator to grant it CONNECT THROUGH"),
    ),
    **_table(
        Kind.LOST,
        ("ORA-00028 ORA-00031", "the session was ended by the database's administrator", "run it again"),
        ("ORA-01012 DPY-1001 DPY-4011", "the connection to the database was lost", "run it again"),
        ("ORA-03113 ORA-03114 ORA-03135 ORA-12537 ORA-12570 ORA-12571", "the connection to the database was lost", "run it again"),
        ("ORA-25401 ORA-25402 ORA-25405 ORA-25408 ORA-25425", "the database moved to another machine while it worked", "run it again"),
        ("DPY-5000 DPY-5001 DPY-5002 DPY-5004 DPY-5010", "the database's answer could not be read", "run it again"),
    ),
    **_table(
        Kind.BUSY,
        ("ORA-00018 ORA-00020", "the database has as many sessions as it takes", "try again in a moment"),
        ("DPY-4005", "all of SkyDesk's connections to the database are busy", "try again in a moment"),
        ("ORA-00054 ORA-04021 ORA-30006", "the table is being changed", "try again in a moment"),
        ("DPY-1002 DPY-4007", "SkyDesk is closing its connections", "try again in a moment"),
        (
            "DPY-4000 DPY-4001 DPY-4017 DPY-4026 DPY-4027",
            "the database's address is not understood",
            "tell the operator to look at the settings oracle_dsn and oracle_user",
        ),
        ("DPY-3010 DPY-3015", "the driver cannot log on to this kind of database or account", _OPERATOR),
        ("ORA-08103 ORA-01410", "the table was rebuilt while it was read", "run it again"),
    ),
    **_table(
        Kind.DOWN,
        ("ORA-01033 ORA-01034 ORA-01089 ORA-01090 ORA-01109", "the database is starting or stopping", "try again in a few minutes"),
        (
            "ORA-12514 ORA-12505 ORA-12528 ORA-12518 ORA-12520 ORA-12541 ORA-12170 ORA-12545",
            "the database is down or cannot be reached",
            "try again in a few minutes",
        ),
        ("DPY-6000 DPY-6001 DPY-6003 DPY-6005", "the database is down or cannot be reached", "try again in a few minutes"),
    ),
    **_table(
        Kind.BROKEN,
        ("ORA-00600 ORA-07445", "the database failed inside", _OPERATOR),
        ("ORA-01578 ORA-01115 ORA-00376", "a file of the database is broken", _OPERATOR),
    ),
}
"""Meanings by code. What is not here is Oracle's own text."""

_STORE = "then store it here"
OWN_ACCOUNT: dict[str, str] = {
    "ORA-01005": "a password is missing; store that of your Oracle account",
    "ORA-01017": "the database does not take the name or password of your Oracle account; store the right ones",
    "ORA-01035": "your Oracle account may not log on while the database is restricted; try again later",
    "ORA-01045": "your Oracle account may not open a session; ask the database's administrator for CREATE SESSION",
    "ORA-28000": "your Oracle account is locked; ask the database's administrator to unlock it",
    "ORA-28001": f"the password of your Oracle account has expired; set a new one in the database, {_STORE}",
    "ORA-28002": f"the password of your Oracle account will soon expire; set a new one in the database, {_STORE}",
    "ORA-28011": f"the password of your Oracle account will soon expire; set a new one in the database, {_STORE}",
    "ORA-28150": "your Oracle account may not act for another; store the name of the account itself",
}
"""What the codes of logging on mean to a person whose own account it is."""
