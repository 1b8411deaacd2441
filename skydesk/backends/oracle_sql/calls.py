"""Parse calls of functions: their arguments, WITHIN GROUP, KEEP and OVER."""

from . import tree
from .expressions import ExpressionParser

__all__ = ["CallParser"]

_FRAME_ENDS = ("UNBOUNDED PRECEDING", "UNBOUNDED FOLLOWING", "CURRENT ROW")


class CallParser(ExpressionParser):
    """Adds calls, windows and sort keys to the expressions."""

    def call(self, name: tree.Ident) -> tree.Call:
        """Parse from the opening parenthesis on."""
        self.expect_sign("(")
        node = tree.Call(name.start, name.end, name, [])
        if self.take_sign("*"):
            node.star = True
        elif not self.at_sign(")"):
            node.distinct = self.take_word("DISTINCT") or self.take_word("UNIQUE")
            if not node.distinct:
                self.take_word("ALL")
            node.arguments = self.listed(lambda: self._value_argument(node))
            self._inside(node)
        self.expect_sign(")")
        self._after(node)
        node.end = self.last_end
        return node

    def _value_argument(self, node: tree.Call) -> tree.Node:
        """Parse an argument; IGNORE NULLS may follow the first."""
        argument = self._argument()
        self._null_treatment(node)
        return argument

    def _argument(self) -> tree.Node:
        if self.at_query():
            start = self.here.start
            if self.here.text != "(":
                return tree.Subquery(start, start, self.query())
        node = self.condition()
        if self.at_sign("=>"):
            raise self.refuse(self.here, "arguments by name", "give them by position")
        return node

    def _inside(self, node: tree.Call) -> None:
        """Parse what may follow the arguments inside the parentheses."""
        self._null_treatment(node)
        if self.at_word("ON", "OVERFLOW"):
            if not self.take_word("ON", "OVERFLOW", "ERROR"):
                raise self.refuse(self.here, "ON OVERFLOW TRUNCATE", "leave it out; a text of more than 4000 bytes is an error (ORA-01489)")
            node.overflow = True
        if self.at_word("DEFAULT") or self.at_word("USING"):
            raise self.refuse(self.here, f"{self.here.text} inside a call", "leave it out, or use CASE")

    def _null_treatment(self, node: tree.Call) -> None:
        for word in ("IGNORE", "RESPECT"):
            if self.take_word(word, "NULLS"):
                node.nulls = word

    def _after(self, node: tree.Call) -> None:
        if self.take_word("FROM", "FIRST"):
            node.nulls = node.nulls or "RESPECT"
        elif self.at_word("FROM", "LAST"):
            raise self.refuse(self.here, "FROM LAST", "turn the window's order round")
        self._null_treatment(node)
        if self.take_word("WITHIN", "GROUP"):
            self.expect_sign("(")
            node.within = self.order_by()
            self.expect_sign(")")
        if self.take_word("KEEP"):
            self.expect_sign("(")
            self.expect_word("DENSE_RANK")
            end = next((word for word in ("FIRST", "LAST") if self.take_word(word)), None)
            if end is None:
                raise self.unexpected("FIRST or LAST")
            node.keep = (end, self.order_by())
            self.expect_sign(")")
        if self.take_word("OVER"):
            node.window = self._window()

    def _window(self) -> tree.Window:
        start = self.here.start
        if not self.at_sign("("):
            raise self.refuse(self.here, "named windows", "write the window in OVER (...)")
        self.advance()
        node = tree.Window(start, start, [], [], None)
        if self.take_word("PARTITION", "BY"):
            node.partition = self.listed(self.condition)
        if self.at_word("ORDER"):
            node.order = self.order_by()
        if self.at_any({"ROWS", "RANGE", "GROUPS"}):
            node.frame = self._frame()
        if self.at_word("EXCLUDE"):
            raise self.refuse(self.here, "EXCLUDE in a window", "subtract the row's own value")
        self.expect_sign(")")
        node.end = self.last_end
        return node

    def _frame(self) -> tuple[str, tuple[tree.Node | None, str], tuple[tree.Node | None, str]]:
        kind = self.advance().text
        if not self.take_word("BETWEEN"):
            return kind, self._frame_end(), (None, "CURRENT ROW")
        first = self._frame_end()
        self.expect_word("AND")
        return kind, first, self._frame_end()

    def _frame_end(self) -> tuple[tree.Node | None, str]:
        for words in _FRAME_ENDS:
            if self.take_word(*words.split()):
                return None, words
        value = self.value()
        side = next((word for word in ("PRECEDING", "FOLLOWING") if self.take_word(word)), None)
        if side is None:
            raise self.unexpected("PRECEDING or FOLLOWING")
        return value, side

    def order_by(self) -> list[tree.OrderKey]:
        """Parse ``ORDER BY keys``."""
        if self.at_word("ORDER", "SIBLINGS"):
            raise self.refuse(self.here, "ORDER SIBLINGS BY walks a hierarchy", "join the table to itself")
        self.expect_word("ORDER", "BY")
        return self.listed(self._order_key)

    def _order_key(self) -> tree.OrderKey:
        start = self.here.start
        operand = self.condition()
        descending = self.take_word("DESC")
        if not descending:
            self.take_word("ASC")
        nulls_first = descending
        if self.take_word("NULLS"):
            nulls_first = self.take_word("FIRST")
            if not nulls_first:
                self.expect_word("LAST")
        return tree.OrderKey(*self.span_from(start), operand, descending, nulls_first)
