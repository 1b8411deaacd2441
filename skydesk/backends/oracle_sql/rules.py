"""All rules together: what to do with each kind of node of an expression."""

from collections.abc import Mapping

from . import tree
from .aggregates import AGGREGATES, ANALYTIC, aggregate_call
from .emitter import Emitter, Rule
from .functions import FUNCTION_NODES, function_call
from .operators import OPERATOR_RULES
from .values import Value

__all__ = ["RULES"]


def _call(emitter: Emitter, call: tree.Call) -> Value:
    if call.name.text in AGGREGATES or call.name.text in ANALYTIC:
        return aggregate_call(emitter, call)
    return function_call(emitter, call)


RULES: Mapping[type, Rule] = {**OPERATOR_RULES, **FUNCTION_NODES, tree.Call: _call}
"""Rules by kind of node."""
