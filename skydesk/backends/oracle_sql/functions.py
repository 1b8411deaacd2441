"""Functions that users may call: what they take, what they give, how DuckDB says them."""

from collections.abc import Mapping

from . import tree
from .aggregates import AGGREGATES, ANALYTIC
from .conditionals import CONDITIONAL_FUNCTIONS
from .emitter import Emitter, Rule
from .intervals import INTERVAL_FUNCTIONS
from .numeric import NUMERIC_FUNCTIONS
from .regular import REGULAR_FUNCTIONS
from .scope import nearest
from .strings import STRING_FUNCTIONS, trimmed
from .temporal import TEMPORAL_FUNCTIONS, cast, extracted
from .values import Value

__all__ = ["FUNCTIONS", "FUNCTION_NODES", "function_call"]

_FUNCTIONS = {
    **NUMERIC_FUNCTIONS,
    **STRING_FUNCTIONS,
    **REGULAR_FUNCTIONS,
    **TEMPORAL_FUNCTIONS,
    **CONDITIONAL_FUNCTIONS,
    **INTERVAL_FUNCTIONS,
}
_SPECIAL = ("CAST", "EXTRACT", "TRIM", "SYSDATE", "CURRENT_DATE", "LOCALTIMESTAMP")
FUNCTIONS: tuple[str, ...] = tuple(sorted({*_FUNCTIONS, *AGGREGATES, *ANALYTIC, *_SPECIAL}))
"""Names of the functions that users may call."""

FUNCTION_NODES: Mapping[type, Rule] = {tree.Trim: trimmed, tree.Extract: extracted, tree.Cast: cast}

_WAYS_OUT = {
    "APPROX_COUNT_DISTINCT": "COUNT(DISTINCT x) is exact",
    "STATS_MODE": "count in a subquery and take the first by count",
    "WM_CONCAT": "write LISTAGG(x, ',') WITHIN GROUP (ORDER BY x)",
    "SYSTIMESTAMP": "write LOCALTIMESTAMP, which is UTC here",
    "ORA_HASH": "MOD(id, n) cuts rows into n parts",
    "SOUNDEX": "compare the strings themselves, or take REGEXP_LIKE",
    "IF": "write CASE WHEN ... THEN ... ELSE ... END",
    "IFNULL": "write NVL(a, b)",
    "ISNULL": "write x IS NULL",
    "NOW": "write SYSDATE",
    "LEFT": "write SUBSTR(s, 1, n)",
    "RIGHT": "write SUBSTR(s, -n)",
    "LOG10": "write LOG(10, x)",
    "LOG2": "write LOG(2, x)",
    "CEILING": "write CEIL(x)",
    "POW": "write POWER(x, y)",
    "RADIANS": "multiply by ACOS(-1)/180",
    "DEGREES": "multiply by 180/ACOS(-1)",
    "PI": "write ACOS(-1)",
    "STRING_AGG": "write LISTAGG(x, ',') WITHIN GROUP (ORDER BY x)",
    "GROUP_CONCAT": "write LISTAGG(x, ',') WITHIN GROUP (ORDER BY x)",
}


def function_call(emitter: Emitter, call: tree.Call) -> Value:
    """Translate a call of a function that is no aggregate.

    Raises
    ------
    QueryRefused
        There is no such function, or none that is carried out exactly.
    InvalidQuery
        The number or the types of the arguments are wrong.
    """
    name = call.name.text
    function = _FUNCTIONS.get(name)
    if function is None or call.name.quoted:
        hint = _WAYS_OUT.get(name) or nearest(name, FUNCTIONS) or "the editor completes the names of the functions there are"
        raise emitter.context.refuse(call.name, f"there is no function {name} here", hint)
    if call.window is not None or call.within is not None or call.keep is not None:
        raise emitter.context.fault(call, f"{name} is no aggregate: neither OVER nor WITHIN GROUP nor KEEP may follow it")
    if call.star or call.distinct or call.nulls or call.overflow:
        raise emitter.context.fault(call, f"{name} takes plain arguments")
    if not function.at_least <= len(call.arguments) <= function.at_most:
        counts = f"{function.at_least}" if function.at_least == function.at_most else f"{function.at_least} or more"
        if function.at_most > function.at_least and function.at_most < 10:
            counts = f"{function.at_least} to {function.at_most}"
        raise emitter.context.fault(call, f"{name} takes {counts} arguments, not {len(call.arguments)} (ORA-00909)")
    return function.rule(emitter, call)
