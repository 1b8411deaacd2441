"""ROWNUM: the number of a row as FROM and WHERE hand it over, before grouping and sorting."""

import re
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from . import tree
from .scope import Context

__all__ = ["Conditions", "conditions_of", "constant_number", "is_rownum"]

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "=": "=", "<>": "<>"}


@dataclass(slots=True)
class Conditions:
    """WHERE, taken apart."""

    others: list[tree.Node]
    """Conditions that say nothing of ROWNUM."""

    limit: int | None
    """Rows that the conditions on ROWNUM let pass; None for all."""


def is_rownum(node: tree.Node) -> bool:
    """Tell whether a node is ROWNUM itself."""
    return isinstance(node, tree.Name) and len(node.parts) == 1 and node.parts[0].text == "ROWNUM" and not node.parts[0].quoted


def conditions_of(context: Context, where: tree.Node | None) -> Conditions:
    """Separate the conditions on ROWNUM.

    A row gets its number when it has passed all else, so ``ROWNUM > 1`` never holds: the first row is
    number 1, fails, and the next is number 1 again (SQL Language Reference, ROWNUM Pseudocolumn).

    Raises
    ------
    QueryRefused
        ROWNUM is compared with something that is not written as a number, or under OR or NOT.
    """
    found = Conditions([], None)
    if where is None:
        return found
    for condition in where.operands if isinstance(where, tree.Logic) and where.op == "AND" else [where]:
        if not any(map(is_rownum, tree.walk(condition))):
            found.others.append(condition)
            continue
        limit = _limit(condition)
        if limit is _UNCLEAR:
            hint = "write ROWNUM <= n, joined with AND, or take FETCH FIRST n ROWS ONLY"
            raise context.refuse(condition, "this condition on ROWNUM", hint)
        if isinstance(limit, int):
            found.limit = limit if found.limit is None else min(found.limit, limit)
    return found


_UNCLEAR = "unclear"


def _limit(condition: tree.Node) -> int | str | None:
    """Give the rows that pass, None for all, or `_UNCLEAR`."""
    limit: int | str | None = _UNCLEAR
    if isinstance(condition, tree.Compare) and not condition.quantifier:
        if is_rownum(condition.left):
            limit = _compared(condition.op, constant_number(condition.right))
        elif is_rownum(condition.right):
            limit = _compared(_MIRRORED[condition.op], constant_number(condition.left))
    elif isinstance(condition, tree.Between) and is_rownum(condition.operand) and not condition.negated:
        low, high = constant_number(condition.low), constant_number(condition.high)
        if low is not None and high is not None:
            limit = max(0, floor(high)) if low <= 1 else 0
    elif isinstance(condition, tree.In) and is_rownum(condition.operand) and not condition.negated:
        values = [constant_number(item) for item in condition.nodes]
        if None not in values:
            limit = next(count for count in range(len(values) + 1) if count + 1 not in values)
    return limit


def _compared(op: str, bound: Fraction | None) -> int | str | None:
    """Give the rows that pass ``ROWNUM op bound``: numbers that stand first without a gap."""
    if bound is None:
        return _UNCLEAR
    if op in {"<", "<="}:
        return max(0, ceil(bound) - 1 if op == "<" else floor(bound))
    if op == "=":
        return 1 if bound == 1 else 0
    if op in {">", ">="}:
        return None if bound < 1 or (op == ">=" and bound == 1) else 0
    return int(bound) - 1 if bound.denominator == 1 and bound >= 1 else None


def constant_number(node: tree.Node) -> Fraction | None:
    """Compute a number that is written out; None where it is not."""
    if isinstance(node, tree.Literal) and node.text and node.kind == "number" and re.fullmatch(r"[\d.]{1,40}", node.text):
        return Fraction(node.text)
    if isinstance(node, tree.Tuple) and len(node.items) == 1:
        return constant_number(node.items[0])
    if isinstance(node, tree.Unary):
        inner = constant_number(node.operand)
        return None if inner is None else -inner if node.op == "-" else inner
    if isinstance(node, tree.Arithmetic):
        return _computed(node)
    return None


def _computed(node: tree.Arithmetic) -> Fraction | None:
    total = constant_number(node.operands[0])
    for sign, operand in zip(node.signs, node.operands[1:], strict=True):
        value = constant_number(operand)
        if total is None or value is None or (sign == "/" and value == 0):
            return None
        total = {"+": total + value, "-": total - value, "*": total * value}[sign] if sign != "/" else total / value
    return total
