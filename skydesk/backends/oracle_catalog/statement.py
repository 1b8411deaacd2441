"""What a statement is, before Oracle sees it: one SELECT that reads the survey's tables, and nothing that reaches beyond them.

The text itself goes to Oracle untouched. It is only looked at, word by word: what follows FROM, JOIN and their commas must be a table
of the survey, a name that WITH gives, DUAL or a dictionary view, and what is called must be a function of Oracle's own SQL. Whatever
is not understood this way is refused by name; what the words mean beyond that is Oracle's to say.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ...errors import InvalidQuery
from ..oracle_sql.lexer import Span, Token, fault, refusal, tokens
from ..oracle_sql.scope import nearest
from .builtins import BUILTINS, NOT_CALLS

__all__ = ["DICTIONARY_VIEWS", "Statement", "read_statement"]

DICTIONARY_VIEWS = frozenset(
    re.findall(
        r"\w+",
        """
    ALL_TABLES ALL_TAB_COLUMNS ALL_TAB_COLS ALL_TAB_COMMENTS ALL_COL_COMMENTS ALL_VIEWS ALL_INDEXES ALL_IND_COLUMNS
    ALL_CONSTRAINTS ALL_CONS_COLUMNS ALL_OBJECTS ALL_TAB_STATISTICS USER_TABLES USER_TAB_COLUMNS USER_TAB_COLS USER_TAB_COMMENTS
    USER_COL_COMMENTS USER_VIEWS USER_INDEXES USER_IND_COLUMNS USER_OBJECTS
    """,
    )
)
"""Views that list what there is; who may not read every release may not read them."""

_ENDS_FROM = frozenset({"WHERE", "GROUP", "HAVING", "ORDER", "CONNECT", "START", "UNION", "INTERSECT", "MINUS"})
"""Reserved words, which no alias can be, that end a list of tables."""

_NAMES = frozenset({"word", "quoted"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement that may be run."""

    text: str
    """What goes to Oracle: as written, but for semicolons and blanks after its end."""

    tables: frozenset[str]
    """Tables of the survey that it reads, upper case."""

    dictionary: tuple[Span, str] | None
    """The first dictionary view that it reads, and where."""


@dataclass(slots=True)
class _Level:
    """What is known of one pair of parentheses."""

    begin: int
    selects: bool = False
    """Stands between SELECT and its FROM."""

    lists_tables: bool = False
    expects_table: bool = False
    names: set[str] = field(default_factory=set)
    """Names that WITH has given here."""

    defines: bool = False
    """Stands in WITH, outside the queries that it names."""

    gives: str | None = None
    """The name that this level's query will have."""


def read_statement(sql: str, tables: Collection[str], owner: str) -> Statement:
    """Look a statement through.

    Parameters
    ----------
    tables
        Names of the survey's tables, upper case.
    owner
        Their schema, which may stand before them.

    Raises
    ------
    InvalidQuery
        Not one SELECT statement, or it reads a table that the survey has not.
    QueryRefused
        It uses what cannot be let through, such as a function of a package; carries a way out.
    """
    words = list(tokens(sql))
    if any(word.kind == "op" and word.text == ";" for word in words):
        words = _without_end(sql, words)
    return _Look(sql, words, frozenset(tables), owner).statement()


def _without_end(sql: str, words: Sequence[Token]) -> list[Token]:
    """Leave out the semicolons at the end; there may be none elsewhere."""
    kept = list(words[:-1])
    while kept and kept[-1].text == ";" and kept[-1].kind == "op":
        kept.pop()
    inside = next((word for word in kept if word.kind == "op" and word.text == ";"), None)
    if inside is not None:
        raise fault(sql, inside, "only one statement is carried out at a time", "delete what follows the semicolon")
    end = kept[-1].end if kept else 0
    return [*kept, Token(end, end, "end", "")]


class _Look:
    """Goes through a statement's words once."""

    def __init__(self, sql: str, words: Sequence[Token], tables: frozenset[str], owner: str) -> None:
        self._sql, self._words, self._tables, self._owner = sql, words, tables, owner
        self._levels = [_Level(begin=0)]
        self._read: set[str] = set()
        self._dictionary: tuple[Span, str] | None = None
        self._at = 0

    def statement(self) -> Statement:
        self._require_select()
        while self._here.kind != "end":
            self._step()
            self._at += 1
        if self._levels[-1].expects_table:
            raise fault(self._sql, self._here, "a table name is expected here", "the schema browser lists the tables")
        if len(self._levels) > 1:
            opened = self._words[self._levels[-1].begin - 1]
            raise fault(self._sql, opened, "this parenthesis is not closed", "close it with )")
        return Statement(text=self._sql[: self._words[-1].start].rstrip(), tables=frozenset(self._read), dictionary=self._dictionary)

    @property
    def _here(self) -> Token:
        return self._words[self._at]

    def _near(self, distance: int) -> Token:
        return self._words[max(0, min(self._at + distance, len(self._words) - 1))]

    def _is_sign(self, distance: int, text: str) -> bool:
        word = self._near(distance)
        return word.kind == "op" and word.text == text

    def _require_select(self) -> None:
        at = 0
        while self._words[at].kind == "op" and self._words[at].text == "(":
            at += 1
        first = self._words[at]
        if first.kind == "end":
            raise InvalidQuery("the statement is empty", line=1, column=1, length=1, hint="write SELECT ... FROM ...")
        if first.kind != "word" or first.text not in {"SELECT", "WITH"}:
            raise refusal(self._sql, first, "only one SELECT statement is carried out", "begin with SELECT or WITH")

    def _step(self) -> None:
        word, level = self._here, self._levels[-1]
        if word.kind == "bind":
            raise fault(self._sql, word, f"the bind variable {word.text} has no value here", "write the value in its place")
        if level.expects_table and not self._is_sign(0, "("):
            self._table(level)
        elif word.kind == "op":
            self._sign(word, level)
        elif word.kind in _NAMES:
            self._name(word, level)

    def _sign(self, word: Token, level: _Level) -> None:
        if word.text == "(":
            self._open(level)
        elif word.text == ")":
            self._close(word)
        elif word.text == "," and level.lists_tables:
            level.expects_table = True
        elif word.text == "@":
            raise refusal(self._sql, word, "a link to another database", "read the survey's own tables")
        elif word.text == "." and self._is_sign(-1, ")"):
            raise refusal(self._sql, word, "a method of an object", "use the functions of the schema browser's list")

    def _open(self, level: _Level) -> None:
        inner = _Level(begin=self._at + 1)
        following = self._near(1)
        queries = following.kind == "word" and following.text in {"SELECT", "WITH"}
        if level.expects_table:
            level.expects_table = False
            inner.lists_tables = inner.expects_table = not queries
        elif level.defines and self._near(-1).text == "AS":
            inner.gives, recursive = self._name_given()
            if recursive:
                inner.names.add(inner.gives)
        self._levels.append(inner)

    def _name_given(self) -> tuple[str, bool]:
        """The name that WITH gives to the query that opens here, and whether it has a list of columns, so that it may name itself."""
        at = self._at - 2
        if self._words[at].text != ")":
            return self._words[at].text, False
        depth = 0
        while at > 0:
            depth += {")": 1, "(": -1}.get(self._words[at].text, 0) if self._words[at].kind == "op" else 0
            at -= 1
            if not depth:
                break
        return self._words[at].text, True

    def _close(self, word: Token) -> None:
        if len(self._levels) == 1:
            raise fault(self._sql, word, "this parenthesis closes nothing", "delete it")
        closed = self._levels.pop()
        if closed.gives is not None:
            self._levels[-1].names.add(closed.gives)

    def _name(self, word: Token, level: _Level) -> None:
        if self._is_sign(1, "(") and not (self._is_sign(2, "+") and self._is_sign(3, ")")):
            self._require_harmless_call(word, level)
        if word.kind == "quoted" or self._is_sign(-1, "."):
            self._require_no_sequence(word)
            return
        if word.text == "WITH" and self._at == level.begin:
            level.defines = True
            if self._near(1).text in {"FUNCTION", "PROCEDURE"} and self._near(1).kind == "word":
                raise refusal(self._sql, self._near(1), "PL/SQL in WITH", "write the expression in the query itself")
        elif word.text == "SELECT":
            level.selects, level.defines, level.lists_tables = True, False, False
        elif word.text == "FROM" and level.selects:
            level.selects, level.lists_tables, level.expects_table = False, True, True
        elif word.text in {"JOIN", "APPLY"} and level.lists_tables:
            level.expects_table = True
        elif word.text in _ENDS_FROM:
            level.lists_tables = False
        elif word.text == "FOR" and self._near(1).text == "UPDATE":
            raise refusal(self._sql, word, "FOR UPDATE locks rows", "leave it out; the catalogue is read only")

    def _require_harmless_call(self, word: Token, level: _Level) -> None:
        if self._is_sign(-1, "."):
            raise refusal(self._sql, word, f"{word.text} is a function of a package", "use Oracle's own SQL functions")
        if level.defines or (word.kind == "word" and word.text in BUILTINS | NOT_CALLS):
            return
        hint = nearest(word.text, BUILTINS) or "use Oracle's own SQL functions"
        raise refusal(self._sql, word, f"{word.text} is no function that can be called here", hint)

    def _require_no_sequence(self, word: Token) -> None:
        if self._is_sign(-1, ".") and word.text.upper() in {"NEXTVAL", "CURRVAL"}:
            raise refusal(self._sql, word, "a sequence is changed by being read", "number rows with ROWNUM")

    def _table(self, level: _Level) -> None:
        if self._here.kind == "word" and self._here.text == "LATERAL":
            return
        if self._here.kind not in _NAMES:
            raise fault(self._sql, self._here, "a table name is expected here", "the schema browser lists the tables")
        parts = [self._here]
        while self._is_sign(1, ".") and self._near(2).kind in _NAMES:
            self._at += 2
            parts.append(self._here)
        level.expects_table = False
        if self._is_sign(1, "(") or self._is_sign(1, "@"):
            hint = "read the survey's own tables"
            raise refusal(self._sql, self._here, f"{self._here.text} here is no table of the survey", hint)
        self._note(parts)

    def _note(self, parts: Sequence[Token]) -> None:
        name, span = parts[-1].text, Span(parts[0].start, parts[-1].end)
        if len(parts) == 1 and any(name in level.names for level in self._levels):
            return
        owners = {self._owner} if name not in DICTIONARY_VIEWS and name != "DUAL" else {"SYS"}
        if len(parts) > 2 or (len(parts) == 2 and parts[0].text not in owners):
            hint = f"write {name}" if name in self._tables else nearest(name, self._tables)
            raise fault(self._sql, span, f"{parts[0].text} owns no tables of the survey", hint)
        if name in self._tables:
            self._read.add(name)
        elif name in DICTIONARY_VIEWS:
            self._dictionary = self._dictionary or (span, name)
        elif name != "DUAL":
            raise fault(self._sql, span, f"unknown table {name}", nearest(name, self._tables) or "the schema browser lists the tables")
