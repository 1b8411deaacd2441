"""What a statement consists of, as the parser hands it over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields

from .lexer import Span
from .lexer import tokens as cut

__all__ = [
    "Arithmetic",
    "Between",
    "Call",
    "Case",
    "Cast",
    "Compare",
    "Concat",
    "Cte",
    "Derived",
    "Exists",
    "Extract",
    "Fetch",
    "FromItem",
    "GroupItem",
    "Ident",
    "In",
    "IsTest",
    "Item",
    "Join",
    "Like",
    "Literal",
    "LiteralList",
    "Logic",
    "Moment",
    "Name",
    "Node",
    "Not",
    "OrderKey",
    "Period",
    "Pivot",
    "Query",
    "Sample",
    "Select",
    "SetOperation",
    "Star",
    "Subquery",
    "TableName",
    "Trim",
    "Tuple",
    "TypeName",
    "Unary",
    "Window",
    "walk",
]


@dataclass(slots=True)
class Node(Span):
    """Anything that has a place in the text."""


@dataclass(slots=True)
class Ident(Node):
    """A name: upper case unless it was quoted."""

    text: str
    quoted: bool = False


@dataclass(slots=True)
class Name(Node):
    """A column, ROWNUM or a function without parentheses; ``outer`` where ``(+)`` follows."""

    parts: list[Ident]
    outer: bool = False


@dataclass(slots=True)
class Star(Node):
    """``*`` or ``t.*``."""

    qualifier: list[Ident]


@dataclass(slots=True)
class Literal(Node):
    """A number (as written) or a string; None for NULL."""

    kind: str
    text: str | None


@dataclass(slots=True)
class LiteralList(Node):
    """Many literals of one kind between commas, as written; see `lexer.literal_list`."""

    kind: str
    text: str

    def __len__(self) -> int:
        """How many there are."""
        return self.text.count(",") + 1 if self.kind == "number" else sum(1 for token in cut(self.text) if token.kind == "string")

    @property
    def literals(self) -> list[Node]:
        """Each of them as a node of its own."""
        tokens = (token for token in cut(self.text) if token.kind == self.kind)
        return [Literal(self.start + token.start, self.start + token.end, token.kind, token.text) for token in tokens]


@dataclass(slots=True)
class Moment(Node):
    """``DATE '...'`` or ``TIMESTAMP '...'``."""

    kind: str
    text: str


@dataclass(slots=True)
class Period(Node):
    """``INTERVAL '1' DAY``; ``to`` is the last of several units, ``digits`` the most that the first may have."""

    text: str
    unit: str
    to: str = ""
    digits: int = 2


@dataclass(slots=True)
class Unary(Node):
    """A sign before an operand."""

    op: str
    operand: Node


@dataclass(slots=True)
class Arithmetic(Node):
    """A chain of operands of one precedence: ``a + b - c`` or ``a * b / c``."""

    operands: list[Node]
    ops: list[Span]
    signs: list[str]


@dataclass(slots=True)
class Concat(Node):
    """``a || b || c``."""

    operands: list[Node]


@dataclass(slots=True)
class OrderKey(Node):
    """One key of ORDER BY."""

    operand: Node
    descending: bool
    nulls_first: bool


@dataclass(slots=True)
class Window(Node):
    """What stands in OVER (...); ``frame`` is None or kind, start and end."""

    partition: list[Node]
    order: list[OrderKey]
    frame: tuple[str, tuple[Node | None, str], tuple[Node | None, str]] | None


@dataclass(slots=True)
class Call(Node):
    """A call of a function."""

    name: Ident
    arguments: list[Node]
    distinct: bool = False
    star: bool = False
    within: list[OrderKey] | None = None
    keep: tuple[str, list[OrderKey]] | None = None
    nulls: str = ""
    overflow: bool = False
    window: Window | None = None


@dataclass(slots=True)
class Case(Node):
    """CASE, with or without an operand after the word."""

    operand: Node | None
    whens: list[tuple[Node, Node]]
    default: Node | None


@dataclass(slots=True)
class TypeName(Node):
    """A data type with its lengths."""

    name: str
    sizes: list[int]


@dataclass(slots=True)
class Cast(Node):
    """``CAST(x AS type)``."""

    operand: Node
    type: TypeName


@dataclass(slots=True)
class Extract(Node):
    """``EXTRACT(YEAR FROM d)``."""

    field: str
    operand: Node


@dataclass(slots=True)
class Trim(Node):
    """``TRIM(LEADING 'x' FROM s)``."""

    side: str
    characters: Node | None
    operand: Node


@dataclass(slots=True)
class Subquery(Node):
    """A query in parentheses where a value is wanted."""

    query: Query


@dataclass(slots=True)
class Tuple(Node):
    """``(a, b)``."""

    items: list[Node]


@dataclass(slots=True)
class Compare(Node):
    """A comparison; ``quantifier`` is ANY, ALL or nothing."""

    op: str
    left: Node
    right: Node
    quantifier: str = ""


@dataclass(slots=True)
class IsTest(Node):
    """``x IS [NOT] NULL | NAN | INFINITE``."""

    operand: Node
    what: str
    negated: bool


@dataclass(slots=True)
class Between(Node):
    """``x [NOT] BETWEEN low AND high``."""

    operand: Node
    low: Node
    high: Node
    negated: bool


@dataclass(slots=True)
class In(Node):
    """``x [NOT] IN (...)``: a list or one query."""

    operand: Node
    items: list[Node] | LiteralList
    negated: bool

    @property
    def nodes(self) -> list[Node]:
        """What is listed, one node each."""
        return self.items.literals if isinstance(self.items, LiteralList) else self.items


@dataclass(slots=True)
class Like(Node):
    """``x [NOT] LIKE pattern [ESCAPE c]``."""

    operand: Node
    pattern: Node
    escape: Node | None
    negated: bool


@dataclass(slots=True)
class Exists(Node):
    """``EXISTS (query)``."""

    query: Query


@dataclass(slots=True)
class Not(Node):
    """``NOT condition``."""

    operand: Node


@dataclass(slots=True)
class Logic(Node):
    """Conditions joined by AND, or by OR."""

    op: str
    operands: list[Node]


@dataclass(slots=True)
class Item(Node):
    """One entry of a select list."""

    value: Node
    alias: Ident | None = None


@dataclass(slots=True)
class Sample(Node):
    """``SAMPLE [BLOCK] (percent) [SEED (n)]``; numbers as written."""

    percent: str
    block: bool
    seed: str | None


@dataclass(slots=True)
class Pivot(Node):
    """``PIVOT (aggregates FOR columns IN (values))``."""

    aggregates: list[Item]
    columns: list[Name]
    values: list[Item]
    alias: Ident | None = None


@dataclass(slots=True)
class TableName(Node):
    """A table, a CTE, DUAL or a dictionary view."""

    parts: list[Ident]
    alias: Ident | None = None
    sample: Sample | None = None
    pivot: Pivot | None = None


@dataclass(slots=True)
class Derived(Node):
    """A query in FROM."""

    query: Query
    alias: Ident | None = None
    pivot: Pivot | None = None


@dataclass(slots=True)
class Join(Node):
    """An ANSI join; ``kind`` is INNER, LEFT, RIGHT, FULL or CROSS."""

    left: FromItem
    right: FromItem
    kind: str
    on: Node | None = None
    using: list[Ident] | None = None
    natural: bool = False


FromItem = TableName | Derived | Join


@dataclass(slots=True)
class GroupItem(Node):
    """One entry of GROUP BY: an expression, or ROLLUP, CUBE, GROUPING SETS of entries."""

    kind: str
    items: list[Node]


@dataclass(slots=True)
class Select(Node):
    """One SELECT ... without what follows its HAVING."""

    distinct: bool
    items: list[Item]
    sources: list[FromItem]
    where: Node | None = None
    group: list[GroupItem] | None = None
    having: Node | None = None
    connect: Node | None = None


@dataclass(slots=True)
class SetOperation(Node):
    """Queries joined by UNION, INTERSECT or MINUS, left to right."""

    operands: list[Query]
    ops: list[str]


@dataclass(slots=True)
class Fetch(Node):
    """``FETCH FIRST n [PERCENT] ROWS ONLY | WITH TIES``."""

    count: Node
    percent: bool
    ties: bool


@dataclass(slots=True)
class Cte(Node):
    """One named query of WITH."""

    name: Ident
    columns: list[Ident]
    query: Query


@dataclass(slots=True)
class Query(Node):
    """A select or a chain of them, with WITH, ORDER BY, OFFSET and FETCH."""

    body: Select | SetOperation | Query
    ctes: list[Cte] = field(default_factory=list)
    order: list[OrderKey] = field(default_factory=list)
    offset: Node | None = None
    fetch: Fetch | None = None


def walk(node: object) -> Iterator[Node]:
    """Yield a node and all below it, but do not enter queries inside it."""
    todo = [node]
    while todo:
        here = todo.pop()
        if isinstance(here, (list, tuple)):
            todo.extend(reversed(here))
        elif isinstance(here, Node):
            yield here
            if not isinstance(here, Query):
                todo.extend(getattr(here, name) for name in reversed(_FIELDS[type(here)]))


_FIELDS = {kind: tuple(each.name for each in fields(kind) if each.name not in {"start", "end"}) for kind in Node.__subclasses__()}
