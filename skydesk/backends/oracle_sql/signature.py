"""How a function is entered in the tables of functions."""

from collections.abc import Callable
from dataclasses import dataclass

from . import tree
from .emitter import Emitter
from .values import Kind, Value, first_loose

__all__ = ["Function", "floating", "result_kind"]


@dataclass(frozen=True, slots=True)
class Function:
    """How many arguments a function takes and what it becomes."""

    at_least: int
    at_most: int
    rule: Callable[[Emitter, tree.Call], Value]


def result_kind(*values: Value) -> Kind:
    """Give FLOAT where an argument is one, else NUMBER."""
    return Kind.FLOAT if any(value.kind is Kind.FLOAT for value in values) else Kind.NUMBER


def floating(name: str, sql: str, count: int, *, always_finite: bool = False) -> Function:
    """Enter a function of real numbers; outside its domain it gives NaN for floats and an error for NUMBER."""

    def rule(emitter: Emitter, call: tree.Call) -> Value:
        values = [emitter.number(each) for each in call.arguments]
        made = sql.format(*(f"CAST({value.sql} AS DOUBLE)" for value in values))
        kind = result_kind(*values)
        unchecked = kind is Kind.FLOAT or always_finite
        return Value(made if unchecked else f"ora_finite({made}, '{name}')", kind, first_loose(*values), smooth=True)

    return Function(count, count, rule)
