"""Parse one SELECT statement of Oracle SQL, and refuse every other by name."""

import re

from ...errors import InvalidQuery
from . import tree
from .calls import CallParser
from .lexer import RESERVED, fault

__all__ = ["parse"]

_VERBS = frozenset(
    re.findall(
        r"\w+",
        """
    INSERT UPDATE DELETE MERGE DROP CREATE ALTER GRANT REVOKE TRUNCATE RENAME COMMENT ANALYZE AUDIT NOAUDIT PURGE FLASHBACK LOCK
    CALL EXPLAIN DESCRIBE DESC COMMIT ROLLBACK SAVEPOINT SET BEGIN DECLARE EXEC EXECUTE COPY ATTACH DETACH INSTALL LOAD PRAGMA
    EXPORT IMPORT USE VACUUM CHECKPOINT SHOW FROM VALUES PIVOT UNPIVOT SUMMARIZE RESET FORCE ASSOCIATE DISASSOCIATE TABLE
    """,
    )
)
_JOIN_WORDS = frozenset({"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS", "NATURAL", "OUTER"})
_NOT_ALIASES = _JOIN_WORDS | {
    *("USING", "PIVOT", "UNPIVOT", "SAMPLE", "FETCH", "OFFSET", "LATERAL", "PARTITION", "SUBPARTITION", "MODEL", "WINDOW", "QUALIFY"),
    *("EXCEPT", "VERSIONS", "MATCH_RECOGNIZE", "LIMIT", "KEEP", "OVER", "SEED", "RETURNING", "LOG", "BULK"),
}
_SET_OPERATORS = {"UNION": "UNION", "INTERSECT": "INTERSECT", "MINUS": "EXCEPT", "EXCEPT": "EXCEPT"}
_ROWS = {"ROW", "ROWS"}


def parse(text: str) -> tree.Query:
    """Parse a statement.

    Raises
    ------
    InvalidQuery
        The text is not one SELECT statement; carries the place.
    QueryRefused
        It uses a construct that is not carried out here.
    """
    parser = _StatementParser(text)
    semicolons = 0
    while parser.at_sign(";", semicolons):
        semicolons += 1
    if parser.ahead(semicolons).kind == "end":
        raise InvalidQuery("the statement is empty", line=1, column=1, length=1, hint="write SELECT ... FROM ...")
    return parser.statement()


class _StatementParser(CallParser):
    def statement(self) -> tree.Query:
        query = self.query()
        if self.take_sign(";"):
            if self.here.kind == "op" and self.here.text in {">", "<"}:
                way_out = "give the file's name in the output file box" if self.here.text == ">" else "use the buttons Check and Explain"
                raise self.refuse(self.here, "'; > file' and '; < command' belong to easyaccess", way_out)
            while self.take_sign(";"):
                pass
        if self.here.kind == "end":
            return query
        if self.text[self.last_end - 1] == ";":
            raise fault(self.text, self.here, "only one statement can be run at a time", "run the second on its own")
        self._refuse_clause()
        raise self.unexpected("the end of the statement")

    def _refuse_clause(self) -> None:
        if self.at_word("FOR"):
            raise self.refuse(self.here, "FOR UPDATE locks rows, and the catalogue is read-only", "leave FOR UPDATE out")
        if self.at_word("START", "WITH") or self.at_word("CONNECT", "BY"):
            raise self.refuse(self.here, "hierarchical queries", "join the table to itself; rows are made with CONNECT BY LEVEL on DUAL")
        for word in ("MODEL", "WINDOW", "QUALIFY", "MATCH_RECOGNIZE"):
            if self.at_word(word):
                raise self.refuse(self.here, f"the clause {word}", "use analytic functions in a subquery")

    def query(self) -> tree.Query:
        self.deeper()
        start = self.here.start
        ctes = self._with()
        query = tree.Query(start, start, self._set_operations(), ctes)
        if self.at_word("ORDER"):
            query.order = self.order_by()
        if self.take_word("OFFSET"):
            query.offset = self.value()
            self._rows()
        if self.take_word("FETCH"):
            query.fetch = self._fetch()
        self._refuse_clause()
        query.end = self.last_end
        self.depth -= 1
        return query

    def _rows(self) -> None:
        if not self.at_any(_ROWS):
            raise self.unexpected("ROWS")
        self.advance()

    def _fetch(self) -> tree.Fetch:
        start = self.here.start
        if not (self.take_word("FIRST") or self.take_word("NEXT")):
            raise self.unexpected("FIRST or NEXT")
        count: tree.Node = tree.Literal(start, start, "number", "1") if self.at_any(_ROWS) else self.value()
        percent = self.take_word("PERCENT")
        self._rows()
        ties = self.take_word("WITH", "TIES")
        if not ties:
            self.expect_word("ONLY")
        return tree.Fetch(*self.span_from(start), count, percent, ties)

    def _with(self) -> list[tree.Cte]:
        if not self.take_word("WITH"):
            return []
        if self.at_word("FUNCTION") or self.at_word("PROCEDURE"):
            raise self.refuse(self.here, "PL/SQL in WITH", "write the expression itself")
        return self.listed(self._cte)

    def _cte(self) -> tree.Cte:
        start = self.here.start
        name = self.identifier("a name")
        columns = list[tree.Ident]()
        if self.take_sign("("):
            columns = self.listed(lambda: self.identifier("a column name"))
            self.expect_sign(")")
        self.expect_word("AS")
        self.expect_sign("(")
        query = self.query()
        self.expect_sign(")")
        if self.at_word("SEARCH") or self.at_word("CYCLE"):
            raise self.refuse(self.here, "recursive WITH", "rows are made with CONNECT BY LEVEL on DUAL")
        return tree.Cte(*self.span_from(start), name, columns, query)

    def _set_operations(self) -> tree.Select | tree.SetOperation | tree.Query:
        start = self.here.start
        first = self._operand()
        operands, ops = [first], list[str]()
        while self.at_any(set(_SET_OPERATORS)):
            op = _SET_OPERATORS[self.advance().text]
            ops.append(f"{op} ALL" if self.take_word("ALL") else op)
            operands.append(self._operand())
        if ops:
            wrapped = [each if isinstance(each, tree.Query) else tree.Query(each.start, each.end, each) for each in operands]
            return tree.SetOperation(*self.span_from(start), wrapped, ops)
        return first

    def _operand(self) -> tree.Select | tree.Query:
        if not self.at_sign("("):
            return self._select()
        self.advance()
        query = self.query()
        self.expect_sign(")")
        return query

    def _select(self) -> tree.Select:
        start = self.here.start
        if not self.take_word("SELECT"):
            if self.at_any(_VERBS):
                message = f"only SELECT statements are run here, not {self.here.text}"
                raise self.refuse(self.here, message, "the catalogue is read-only: start with SELECT or WITH")
            raise self.unexpected("SELECT")
        distinct = self.take_word("DISTINCT") or self.take_word("UNIQUE")
        if not distinct:
            self.take_word("ALL")
        items = self.listed(self._item)
        if self.at_word("INTO") or self.at_word("BULK"):
            raise self.refuse(self.here, "SELECT INTO belongs to PL/SQL", "leave INTO out; results go to the output file")
        if not self.take_word("FROM"):
            raise self.unexpected("FROM", "write FROM DUAL where no table is read" if self.here.kind == "end" else None)
        select = tree.Select(start, start, distinct, items, self.listed(self._from_item))
        if self.take_word("WHERE"):
            select.where = self.condition()
        if self.take_word("CONNECT", "BY"):
            self.take_word("NOCYCLE")
            select.connect = self.condition()
        self._grouping(select)
        select.end = self.last_end
        return select

    def _grouping(self, select: tree.Select) -> None:
        if self.take_word("HAVING"):
            select.having = self.condition()
        if self.take_word("GROUP", "BY"):
            select.group = self.listed(self._group_item)
        if select.having is None and self.take_word("HAVING"):
            select.having = self.condition()

    def _group_item(self) -> tree.GroupItem:
        start = self.here.start
        for kind in ("ROLLUP", "CUBE", "GROUPING SETS"):
            if self.take_word(*kind.split()):
                self.expect_sign("(")
                items: list[tree.Node] = list(self.listed(self._group_item))
                self.expect_sign(")")
                return tree.GroupItem(*self.span_from(start), kind, items)
        if self.at_sign("(") and self.at_sign(")", 1):
            self.index += 2
            return tree.GroupItem(*self.span_from(start), "", [])
        node = self.condition()
        return tree.GroupItem(start, node.end, "", node.items if isinstance(node, tree.Tuple) else [node])

    def _item(self) -> tree.Item:
        start = self.here.start
        star = self._star()
        if star is not None:
            return tree.Item(*self.span_from(start), star)
        value = self.condition()
        alias = None
        if self.take_word("AS"):
            alias = self.identifier("a column name")
        elif self.here.kind == "string":
            raise self.unexpected("a column name", 'write names with double quotes: "..."')
        elif self.here.kind == "quoted" or (self.here.kind == "word" and self._may_be_alias()):
            alias = self.identifier("a column name")
        return tree.Item(*self.span_from(start), value, alias)

    def _may_be_alias(self) -> bool:
        return self.here.text not in RESERVED and self.here.text != "BULK"

    def _star(self) -> tree.Star | None:
        start, distance = self.here.start, 0
        while self.ahead(distance).kind in {"word", "quoted"} and self.at_sign(".", distance + 1):
            distance += 2
        if not self.at_sign("*", distance):
            return None
        qualifier = list[tree.Ident]()
        while not self.take_sign("*"):
            qualifier.append(self.identifier("a table"))
            self.expect_sign(".")
        return tree.Star(*self.span_from(start), qualifier)

    def _from_item(self) -> tree.FromItem:
        self.deeper()
        left = self._relation()
        while self.at_any(_JOIN_WORDS):
            left = self._join(left)
        self.depth -= 1
        return left

    def _join(self, left: tree.FromItem) -> tree.Join:
        natural = self.take_word("NATURAL")
        kind = next((word for word in ("INNER", "CROSS", "LEFT", "RIGHT", "FULL") if self.take_word(word)), "INNER")
        if self.at_word("APPLY") or self.at_word("OUTER", "APPLY"):
            raise self.refuse(self.here, "APPLY", "join a subquery, or put it in the select list")
        if kind in {"LEFT", "RIGHT", "FULL"}:
            self.take_word("OUTER")
        self.expect_word("JOIN")
        node = tree.Join(left.start, left.end, left, self._relation(), kind, natural=natural)
        if kind != "CROSS" and not natural:
            if self.take_word("ON"):
                node.on = self.condition()
            elif self.take_word("USING"):
                self.expect_sign("(")
                node.using = self.listed(lambda: self.identifier("a column"))
                self.expect_sign(")")
            else:
                raise self.unexpected("ON or USING")
        node.end = self.last_end
        return node

    def _relation(self) -> tree.FromItem:
        start = self.here.start
        if self.here.kind == "string":
            raise self.refuse(self.here, "files cannot be read as tables", "the schema browser lists the tables")
        if self.at_sign("(") and not self.at_query():
            self.advance()
            inner = self._from_item()
            self.expect_sign(")")
            return inner
        if self.take_sign("("):
            query = self.query()
            self.expect_sign(")")
            derived = tree.Derived(start, self.last_end, query, pivot=self._pivot())
            derived.alias = self._table_alias()
            return derived
        if self.at_word("LATERAL") or self.at_word("ONLY") or self.at_word("TABLE"):
            raise self.refuse(self.here, f"{self.here.text} in FROM", "the schema browser lists the tables")
        parts = [self.identifier("a table")]
        while self.take_sign("."):
            parts.append(self.identifier("a table"))
        table = tree.TableName(*self.span_from(start), parts)
        self._refuse_in_from(table)
        table.sample = self._sample()
        table.pivot = self._pivot()
        table.alias = self._table_alias()
        return table

    def _refuse_in_from(self, table: tree.TableName) -> None:
        if self.at_sign("("):
            name = table.parts[-1].text
            raise self.refuse(table, f"{name}(...) in FROM: functions cannot be read as tables", "the schema browser lists the tables")
        if self.at_sign("@"):
            raise self.unexpected("a table")
        if self.at_any({"PARTITION", "SUBPARTITION", "VERSIONS"}) or self.at_word("AS", "OF"):
            raise self.refuse(self.here, f"{self.here.text} after a table", "the whole table is read; cut with WHERE")

    def _table_alias(self) -> tree.Ident | None:
        if self.at_word("AS"):
            raise self.unexpected("a table's alias", "Oracle knows no AS before a table's alias: leave it out")
        if self.here.kind == "quoted" or (self.here.kind == "word" and self.here.text not in _NOT_ALIASES | RESERVED):
            return self.identifier("an alias")
        return None

    def _sample(self) -> tree.Sample | None:
        start = self.here.start
        if not self.take_word("SAMPLE"):
            return None
        block = self.take_word("BLOCK")
        percent = self._number_in_parentheses()
        seed = self._number_in_parentheses() if self.take_word("SEED") else None
        return tree.Sample(*self.span_from(start), percent, block, seed)

    def _number_in_parentheses(self) -> str:
        self.expect_sign("(")
        if self.here.kind != "number":
            raise self.unexpected("a number")
        number = self.advance().text
        if self.at_sign(","):
            raise self.refuse(self.here, "SAMPLE with groups of blocks", "write SAMPLE BLOCK (percent)")
        self.expect_sign(")")
        return number

    def _pivot(self) -> tree.Pivot | None:
        start = self.here.start
        if self.at_word("UNPIVOT"):
            raise self.refuse(self.here, "UNPIVOT", "write one SELECT a column, joined by UNION ALL")
        if not self.take_word("PIVOT"):
            return None
        if self.at_word("XML"):
            raise self.refuse(self.here, "PIVOT XML", "write PIVOT")
        self.expect_sign("(")
        aggregates = self.listed(self._item)
        self.expect_word("FOR")
        wrapped = self.take_sign("(")
        columns = self.listed(self._pivot_column)
        if wrapped:
            self.expect_sign(")")
        self.expect_word("IN")
        self.expect_sign("(")
        values = self.listed(self._item)
        self.expect_sign(")")
        self.expect_sign(")")
        return tree.Pivot(*self.span_from(start), aggregates, columns, values)

    def _pivot_column(self) -> tree.Name:
        ident = self.identifier("a column")
        return tree.Name(ident.start, ident.end, [ident])
