"""Parse expressions and conditions of Oracle SQL."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TypeVar

from . import tree
from .cursor import DEPTH_LIMIT, Cursor
from .lexer import RESERVED, Span, literal_list

__all__ = ["ExpressionParser"]

_COMPARISONS = {"=": "=", "!=": "<>", "<>": "<>", "^=": "<>", "<": "<", ">": ">", "<=": "<=", ">=": ">="}
_VALUES = frozenset({"ROWNUM", "LEVEL", "SYSDATE", "USER", "UID", "ROWID"})
"""Reserved words that stand for a value."""

_CALLED = frozenset({"CHAR", "NUMBER", "VARCHAR2", "MODE"})
_T = TypeVar("_T")


class ExpressionParser(Cursor):
    """Recursive descent from OR down to single values."""

    @abstractmethod
    def query(self) -> tree.Query:
        """Parse a query, without parentheses round it."""

    def listed(self, element: Callable[[], _T]) -> list[_T]:
        """Parse one or more elements between commas."""
        found = [element()]
        while self.take_sign(","):
            found.append(element())
        return found

    def condition(self) -> tree.Node:
        """Parse a condition or a value: OR binds last."""
        self.deeper()
        start = self.here.start
        operands = [self._conjunction()]
        while self.take_word("OR"):
            operands.append(self._conjunction())
        self.depth -= 1
        return operands[0] if len(operands) == 1 else tree.Logic(*self.span_from(start), "OR", operands)

    def _conjunction(self) -> tree.Node:
        start = self.here.start
        operands = [self._negation()]
        while self.take_word("AND"):
            operands.append(self._negation())
        return operands[0] if len(operands) == 1 else tree.Logic(*self.span_from(start), "AND", operands)

    def _negation(self) -> tree.Node:
        start, count = self.here.start, 0
        while self.take_word("NOT"):
            count += 1
        node = self._predicate()
        return tree.Not(*self.span_from(start), node) if count % 2 else tree.Not(start, node.end, _not(node)) if count else node

    def _predicate(self) -> tree.Node:
        start = self.here.start
        left = self.value()
        op = _COMPARISONS.get(self.here.text) if self.here.kind == "op" else None
        if op:
            self.advance()
            quantifier = next((word for word in ("ANY", "SOME", "ALL") if self.take_word(word)), "")
            right = self.value()
            return tree.Compare(*self.span_from(start), op, left, right, {"SOME": "ANY"}.get(quantifier, quantifier))
        return self._tested(start, left) if self.here.kind == "word" else left

    def _tested(self, start: int, left: tree.Node) -> tree.Node:
        """Parse what may follow a value as words: IS, BETWEEN, IN, LIKE."""
        if self.take_word("IS"):
            negated = self.take_word("NOT")
            what = next((word for word in ("NULL", "NAN", "INFINITE") if self.take_word(word)), None)
            if what is None:
                raise self.unexpected("NULL, NAN or INFINITE")
            return tree.IsTest(*self.span_from(start), left, what, negated)
        negated = self.at_word("NOT") and self.take_word("NOT")
        if self.take_word("BETWEEN"):
            low = self.value()
            self.expect_word("AND")
            return tree.Between(start, self.here.start, left, low, self.value(), negated)
        if self.take_word("IN"):
            return tree.In(start, self.here.end, left, self._in_items(), negated)
        if self.take_word("LIKE"):
            pattern = self.value()
            escape = self.value() if self.take_word("ESCAPE") else None
            return tree.Like(*self.span_from(start), left, pattern, escape, negated)
        if negated:
            raise self.unexpected("BETWEEN, IN or LIKE")
        return left

    def _in_items(self) -> list[tree.Node] | tree.LiteralList:
        if not self.take_sign("("):
            return [self.value()]
        if self.at_query():
            self.index -= 1
            return [self.value()]
        start = self.last_end
        found = literal_list(self.text, start)
        if found is not None:
            kind, end = found
            self.skip_to(end)
            self.expect_sign(")")
            return tree.LiteralList(start, end, kind, self.text[start:end])
        if self.at_sign(")"):
            raise self.unexpected("a value")
        items = self.listed(self.condition)
        self.expect_sign(")")
        return items

    def value(self) -> tree.Node:
        """Parse a sum or a concatenation; both bind alike."""
        left = self._product()
        while self.here.kind == "op" and self.here.text in {"+", "-", "||"}:
            op = self.advance()
            right = self._product()
            left = _concatenated(left, right) if op.text == "||" else _chained(left, op.text, op, right, "+-")
        return left

    def _product(self) -> tree.Node:
        left = self._signed()
        while self.here.kind == "op" and self.here.text in {"*", "/"}:
            op = self.advance()
            left = _chained(left, op.text, op, self._signed(), "*/")
        return left

    def _signed(self) -> tree.Node:
        start, minus, signed = self.here.start, False, False
        while self.here.kind == "op" and self.here.text in {"+", "-"}:
            minus ^= self.advance().text == "-"
            signed = True
        if self.at_word("PRIOR") or self.at_word("CONNECT_BY_ROOT"):
            raise self.refuse(self.here, f"{self.here.text} walks a hierarchy", "join the table to itself")
        node = self._primary()
        return tree.Unary(*self.span_from(start), "-" if minus else "+", node) if signed else node

    def _primary(self) -> tree.Node:
        token = self.here
        if token.kind in {"number", "string"}:
            self.advance()
            return tree.Literal(token.start, token.end, token.kind, token.text)
        if token.kind == "op" and token.text == "(":
            return self._parenthesized()
        if token.kind == "quoted":
            return self._named()
        if token.kind != "word":
            raise self.unexpected("a value")
        special = self._special(token.text)
        if special is not None:
            return special
        if token.text in RESERVED and token.text not in _VALUES and not (token.text in _CALLED and self.at_sign("(", 1)):
            raise self.unexpected("a value")
        return self._named()

    def _parenthesized(self) -> tree.Node:
        start = self.advance().start
        if self.at_query():
            query = self.query()
            self.expect_sign(")")
            return tree.Subquery(*self.span_from(start), query)
        items = self.listed(self.condition)
        self.expect_sign(")")
        if len(items) > 1:
            return tree.Tuple(*self.span_from(start), items)
        if isinstance(items[0], (tree.Arithmetic, tree.Concat)):
            return tree.Tuple(*self.span_from(start), items)
        return items[0]

    def at_query(self) -> bool:
        """Tell whether a query comes next, behind any number of parentheses."""
        distance = 0
        while distance <= DEPTH_LIMIT and self.at_sign("(", distance):
            distance += 1
        token = self.ahead(distance)
        return token.kind == "word" and token.text in {"SELECT", "WITH"}

    def _special(self, word: str) -> tree.Node | None:
        """Parse what has a grammar of its own, else give None and take nothing."""
        start = self.here.start
        if word == "NULL":
            self.advance()
            return tree.Literal(*self.span_from(start), "null", None)
        if word in {"DATE", "TIMESTAMP", "INTERVAL"} and self.ahead().kind == "string":
            return self._moment(word)
        if word == "CASE":
            return self._case()
        if word not in {"CAST", "EXTRACT", "TRIM", "EXISTS"} or not self.at_sign("(", 1):
            return None
        self.index += 2
        node: tree.Node
        if word == "CAST":
            operand = self.condition()
            self.expect_word("AS")
            type_name = self.type_name()
            self.expect_sign(")")
            return tree.Cast(*self.span_from(start), operand, type_name)
        if word == "EXISTS":
            if not self.at_query():
                raise self.unexpected("SELECT")
            node = tree.Exists(start, start, self.query())
        elif word == "EXTRACT":
            field = self.identifier("YEAR, MONTH, DAY, HOUR, MINUTE or SECOND").text
            self.expect_word("FROM")
            node = tree.Extract(start, start, field, self.condition())
        else:
            node = self._trim(start)
        self.expect_sign(")")
        node.end = self.last_end
        return node

    def _trim(self, start: int) -> tree.Trim:
        side = next((word for word in ("LEADING", "TRAILING", "BOTH") if self.take_word(word)), "")
        if side and self.take_word("FROM"):
            return tree.Trim(start, start, side, None, self.condition())
        operand = self.condition()
        if self.take_word("FROM"):
            return tree.Trim(start, start, side or "BOTH", operand, self.condition())
        if side:
            raise self.unexpected("FROM")
        return tree.Trim(start, start, "BOTH", None, operand)

    def _moment(self, word: str) -> tree.Node:
        start = self.advance().start
        text = self.advance().text
        if word != "INTERVAL":
            return tree.Moment(*self.span_from(start), word, text)
        unit, digits = self.identifier("DAY, HOUR, MINUTE or SECOND").text, self._digits(2)
        to = ""
        if self.take_word("TO"):
            to = self.identifier("HOUR, MINUTE, SECOND or MONTH").text
            self._digits(0)
        return tree.Period(*self.span_from(start), text, unit, to, digits)

    def _digits(self, default: int) -> int:
        """Parse the precision of a part of an interval; a second one is that of the fractions of a second."""
        if not self.take_sign("("):
            return default
        sizes = self.listed(self.advance)
        self.expect_sign(")")
        if any(token.kind != "number" or not token.text.isdigit() or int(token.text) > 9 for token in sizes) or len(sizes) > 2:
            raise self.refuse(sizes[0], "this precision of an interval", "give one number from 0 to 9")
        return int(sizes[0].text)

    def type_name(self) -> tree.TypeName:
        """Parse a data type."""
        start = self.here.start
        if self.here.kind != "word":
            raise self.unexpected("a data type")
        name, sizes = self.advance().text, list[int]()
        if self.take_word("PRECISION"):
            name += " PRECISION"
        if self.take_sign("("):
            while not self.take_sign(")"):
                sign = -1 if self.take_sign("-") else 1
                token = self.advance()
                if token.kind == "number" and token.text.isdigit() and len(token.text) < 9:
                    sizes.append(sign * int(token.text))
                elif not (token.kind == "op" and token.text == "*" and name == "NUMBER") and token.text not in {",", "BYTE", "CHAR"}:
                    self.index -= 1
                    raise self.unexpected("a length")
        return tree.TypeName(*self.span_from(start), name, sizes)

    def _case(self) -> tree.Case:
        start = self.advance().start
        self.deeper()
        operand = None if self.at_word("WHEN") else self.condition()
        whens = list[tuple[tree.Node, tree.Node]]()
        while self.take_word("WHEN"):
            test = self.condition()
            self.expect_word("THEN")
            whens.append((test, self.condition()))
        if not whens:
            raise self.unexpected("WHEN")
        default = self.condition() if self.take_word("ELSE") else None
        self.expect_word("END")
        self.depth -= 1
        return tree.Case(*self.span_from(start), operand, whens, default)

    def _named(self) -> tree.Node:
        start = self.here.start
        parts = [self._part()]
        while self.at_sign(".") and not self.at_sign("*", 1):
            self.advance()
            parts.append(self._part())
        if self.at_sign("@"):
            raise self.unexpected("a column")
        if self.at_sign("("):
            if self.at_sign("+", 1) and self.at_sign(")", 2):
                self.index += 3
                return tree.Name(*self.span_from(start), parts, outer=True)
            if len(parts) > 1:
                whole = tree.Name(*self.span_from(start), parts)
                raise self.refuse(whole, "functions of packages are not called here", "take a plain SQL function")
            return self.call(parts[0])
        return tree.Name(*self.span_from(start), parts)

    def _part(self) -> tree.Ident:
        token = self.here
        if token.kind == "word" and token.text in _VALUES | _CALLED:
            self.advance()
            return tree.Ident(token.start, token.end, token.text)
        return self.identifier("a column")

    @abstractmethod
    def call(self, name: tree.Ident) -> tree.Call:
        """Parse a function's arguments and what follows them."""


def _concatenated(left: tree.Node, right: tree.Node) -> tree.Concat:
    if isinstance(left, tree.Concat):
        left.operands.append(right)
        left.end = right.end
        return left
    return tree.Concat(left.start, right.end, [left, right])


def _chained(left: tree.Node, sign: str, op: Span, right: tree.Node, family: str) -> tree.Node:
    if isinstance(left, tree.Arithmetic) and left.signs[0] in family:
        left.operands.append(right)
        left.ops.append(op)
        left.signs.append(sign)
        left.end = right.end
        return left
    return tree.Arithmetic(left.start, right.end, [left, right], [op], [sign])


def _not(node: tree.Node) -> tree.Not:
    return tree.Not(node.start, node.end, node)
