"""Aggregates and analytic functions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from . import tree
from .emitter import Emitter
from .lexer import Span
from .sorting import direction
from .values import INTERVALS, NUMERIC, TEMPORAL, Kind, Value, first_loose

__all__ = ["AGGREGATES", "ANALYTIC", "aggregate_call"]


@dataclass(frozen=True, slots=True)
class _Aggregate:
    """An aggregate that DuckDB has too."""

    sql: str
    """Template of the call, with ``{args}``, and ``{over}`` where several calls are made."""

    arguments: int
    kind: Callable[[Kind], Kind]
    numeric: bool = True
    one_row_is_zero: bool = False


def _same(kind: Kind) -> Kind:
    return kind


def _mean(kind: Kind) -> Kind:
    return Kind.FLOAT if kind is Kind.FLOAT else Kind.NUMBER


def _number(_: Kind) -> Kind:
    return Kind.NUMBER


def _paired(name: str) -> _Aggregate:
    """Enter an aggregate of pairs, whose result is a NUMBER and never NaN."""
    return _Aggregate(f"ora_finite({name}({{args}}){{over}}, '{name.upper()}')", 2, _number)


_SIMPLE: Mapping[str, _Aggregate] = {
    "COUNT": _Aggregate("count({args})", 1, lambda _: Kind.INTEGER, numeric=False),
    "SUM": _Aggregate("sum({args})", 1, _same),
    "AVG": _Aggregate("avg({args})", 1, _mean),
    "MIN": _Aggregate("min({args})", 1, _same, numeric=False),
    "MAX": _Aggregate("max({args})", 1, _same, numeric=False),
    "MEDIAN": _Aggregate("median({args})", 1, _mean),
    "STDDEV": _Aggregate("stddev_samp({args})", 1, _mean, one_row_is_zero=True),
    "STDDEV_SAMP": _Aggregate("stddev_samp({args})", 1, _mean),
    "STDDEV_POP": _Aggregate("stddev_pop({args})", 1, _mean),
    "VARIANCE": _Aggregate("var_samp({args})", 1, _mean, one_row_is_zero=True),
    "VAR_SAMP": _Aggregate("var_samp({args})", 1, _mean),
    "VAR_POP": _Aggregate("var_pop({args})", 1, _mean),
    "CORR": _Aggregate("ora_correlation(corr({args}){over}, regr_sxx({args}){over}, regr_syy({args}){over})", 2, _number),
    "COVAR_POP": _paired("covar_pop"),
    "COVAR_SAMP": _paired("covar_samp"),
    "REGR_SLOPE": _Aggregate("ora_correlation(regr_slope({args}){over}, regr_sxx({args}){over}, 1)", 2, _number),
    "REGR_INTERCEPT": _Aggregate("ora_correlation(regr_intercept({args}){over}, regr_sxx({args}){over}, 1)", 2, _number),
    "REGR_COUNT": _Aggregate("regr_count({args})", 2, lambda _: Kind.INTEGER),
    "REGR_R2": _paired("regr_r2"),
    "REGR_SXX": _paired("regr_sxx"),
    "REGR_SYY": _paired("regr_syy"),
    "REGR_SXY": _paired("regr_sxy"),
    "REGR_AVGX": _paired("regr_avgx"),
    "REGR_AVGY": _paired("regr_avgy"),
}
_ORDERED = frozenset({"LISTAGG", "PERCENTILE_CONT", "PERCENTILE_DISC"})
_RANKING = {
    "ROW_NUMBER": (0, Kind.INTEGER),
    "RANK": (0, Kind.INTEGER),
    "DENSE_RANK": (0, Kind.INTEGER),
    "PERCENT_RANK": (0, Kind.NUMBER),
    "CUME_DIST": (0, Kind.NUMBER),
    "NTILE": (1, Kind.INTEGER),
}
_OFFSETS = {"LAG": 3, "LEAD": 3, "FIRST_VALUE": 1, "LAST_VALUE": 1, "NTH_VALUE": 2}
_GROUPING = frozenset({"GROUPING", "GROUPING_ID"})
_NESTED = "inside another aggregate"
AGGREGATES = frozenset(_SIMPLE) | _ORDERED | _GROUPING
"""Functions that make one value out of the rows of a group."""

ANALYTIC = frozenset(_RANKING) | frozenset(_OFFSETS) | {"RATIO_TO_REPORT"}
"""Functions that need OVER."""


def aggregate_call(emitter: Emitter, call: tree.Call) -> Value:
    """Translate a call of an aggregate or an analytic function."""
    name = call.name.text
    if call.window is not None:
        return _windowed(emitter, call, call.window)
    if call.within is not None and name in _RANKING:
        hint = "count the rows that come before: COUNT(CASE WHEN x < value THEN 1 END) + 1"
        raise emitter.context.refuse(call, f"{name} of a value WITHIN GROUP", hint)
    if name in ANALYTIC:
        raise emitter.context.fault(call, f"{name} needs OVER (...)", f"write {name}(...) OVER (PARTITION BY ... ORDER BY ...)")
    if emitter.aggregates_allowed == _NESTED:
        raise emitter.context.refuse(call, f"{name} {_NESTED}", "aggregate in a subquery, and its rows outside")
    if emitter.aggregates_allowed:
        hint = "compare aggregates in HAVING" if "WHERE" in emitter.aggregates_allowed else "aggregate in a subquery"
        raise emitter.context.fault(call, f"{name} cannot stand {emitter.aggregates_allowed} (ORA-00934)", hint)
    groups, emitter.groups = emitter.groups, set()
    reason, emitter.aggregates_allowed = emitter.aggregates_allowed, _NESTED
    windows, emitter.windows_allowed = emitter.windows_allowed, "inside an aggregate"
    if name in _GROUPING:
        emitter.groups = None
    value = _aggregated(emitter, call, name)
    emitter.groups, emitter.aggregates_allowed, emitter.windows_allowed = groups, reason, windows
    value.loose = None
    return value


def _aggregated(emitter: Emitter, call: tree.Call, name: str) -> Value:
    if call.keep is not None:
        return _kept(emitter, call, name)
    if name == "LISTAGG":
        return _listagg(emitter, call, "")
    if name in _ORDERED:
        return _percentile(emitter, call, name, "")
    if name in _GROUPING:
        values = [emitter.value(argument) for argument in call.arguments]
        if not values or (name == "GROUPING" and len(values) != 1):
            raise emitter.context.fault(call, f"{name} takes {'one column' if name == 'GROUPING' else 'columns'} of GROUP BY (ORA-00909)")
        return Value(f"CAST(grouping({', '.join(value.sql for value in values)}) AS BIGINT)", Kind.INTEGER)
    return _simple(emitter, call, name, "")


def _simple(emitter: Emitter, call: tree.Call, name: str, over: str) -> Value:
    aggregate = _SIMPLE[name]
    if call.within is not None or call.nulls or call.overflow:
        raise emitter.context.fault(call, f"{name} takes neither WITHIN GROUP nor IGNORE NULLS")
    if call.star:
        if name != "COUNT":
            raise emitter.context.fault(call, f"{name}(*) has no meaning", f"write {name}(column)")
        return Value(f"count(*){over}", Kind.INTEGER)
    values = [_aggregate_argument(emitter, call, each, aggregate) for each in call.arguments]
    if len(values) != aggregate.arguments:
        raise emitter.context.fault(
            call, f"{name} takes {aggregate.arguments} argument{'s' * (aggregate.arguments > 1)}, not {len(values)}"
        )
    if call.distinct and name not in {"COUNT", "SUM", "AVG", "MIN", "MAX"}:
        raise emitter.context.refuse(call, f"{name}(DISTINCT ...)", "take DISTINCT in a subquery")
    arguments = ", ".join(_wide(value, name) for value in values)
    kind = aggregate.kind(max(value.kind for value in values))
    sql = aggregate.sql.format(args=("DISTINCT " if call.distinct else "") + arguments, over=over)
    sql += "" if "{over}" in aggregate.sql else over
    if aggregate.one_row_is_zero:
        sql = f"CASE WHEN count({arguments}){over} = 1 THEN 0.0 ELSE {sql} END"
    if name == "SUM" and kind is Kind.INTEGER:
        sql = f"CAST({sql} AS BIGINT)"
    char_length = values[0].char_length if name in {"MIN", "MAX"} else None
    return Value(sql, kind, first_loose(*values), char_length=char_length)


def _aggregate_argument(emitter: Emitter, call: tree.Call, node: tree.Node, aggregate: _Aggregate) -> Value:
    value = emitter.value(node)
    if not aggregate.numeric:
        return value
    _refuse_dates(emitter, call, value, node)
    return emitter.to_number(value, node)


def _refuse_dates(emitter: Emitter, call: tree.Call, value: Value, node: tree.Node) -> None:
    if call.name.text in {"MEDIAN", "PERCENTILE_CONT"} and value.kind >= Kind.DATE:
        hint = "take PERCENTILE_DISC(0.5) WITHIN GROUP (ORDER BY d)"
        raise emitter.context.refuse(node, f"{call.name.text} of dates: how Oracle rounds between two is unclear", hint)


def _wide(value: Value, name: str) -> str:
    return f"CAST({value.sql} AS DOUBLE)" if name == "MEDIAN" and value.kind in NUMERIC else value.sql


def order_text(emitter: Emitter, keys: list[tree.OrderKey]) -> str:
    """Write sort keys inside a call."""
    return ", ".join(f"{emitter.value(key.operand).sql} {direction(key)}" for key in keys)


def _listagg(emitter: Emitter, call: tree.Call, over: str) -> Value:
    if not 1 <= len(call.arguments) <= 2 or call.star:
        raise emitter.context.fault(call, "LISTAGG takes a value and a separator")
    value = emitter.text(call.arguments[0])
    separator = "''"
    if len(call.arguments) == 2:
        found = emitter.value(call.arguments[1])
        if found.kind is not Kind.NULL and found.constant is None:
            raise emitter.context.refuse(call.arguments[1], "a separator that is not written as a string", "write the string itself")
        separator = found.sql if found.kind is not Kind.NULL else "''"
    distinct = "DISTINCT " if call.distinct else ""
    order = f" ORDER BY {order_text(emitter, call.within)}" if call.within else ""
    if call.distinct and call.within and [emitter.value(key.operand).sql for key in call.within] != [value.sql]:
        raise emitter.context.refuse(call, "LISTAGG(DISTINCT x) sorted by something else than x", "take DISTINCT in a subquery")
    return Value(f"ora_listed(string_agg({distinct}{value.sql}, {separator}{order}){over})", Kind.TEXT, value.loose)


def _percentile(emitter: Emitter, call: tree.Call, name: str, over: str) -> Value:
    if call.within is None or len(call.within) != 1 or len(call.arguments) != 1:
        raise emitter.context.fault(call, f"{name} is written {name}(0.5) WITHIN GROUP (ORDER BY x)")
    part = emitter.value(call.arguments[0])
    if part.constant is None or part.kind not in NUMERIC or not 0 <= float(part.constant) <= 1:
        raise emitter.context.fault(call.arguments[0], "the percentile must be a number from 0 to 1")
    key = call.within[0]
    value = emitter.value(key.operand)
    if name == "PERCENTILE_CONT":
        _refuse_dates(emitter, call, value, key.operand)
        value = emitter.to_number(value, key.operand)
        value = Value(f"CAST({value.sql} AS DOUBLE)", Kind.FLOAT if value.kind is Kind.FLOAT else Kind.NUMBER)
    fraction = str(1 - Decimal(part.constant)) if key.descending and name == "PERCENTILE_CONT" else part.constant
    if over:
        if key.descending and name == "PERCENTILE_DISC":
            raise emitter.context.refuse(key, "PERCENTILE_DISC of a descending order with OVER", "take it in a subquery and join it")
        quantile = "quantile_cont" if name == "PERCENTILE_CONT" else "quantile_disc"
        return Value(f"{quantile}({value.sql}, {fraction}){over}", value.kind, value.loose)
    way = "DESC" if key.descending else "ASC"
    return Value(f"{name.lower()}({part.sql}) WITHIN GROUP (ORDER BY {value.sql} {way})", value.kind)


def _kept(emitter: Emitter, call: tree.Call, name: str) -> Value:
    """Aggregate only the rows that come first or last: ``MAX(x) KEEP (DENSE_RANK FIRST ORDER BY y)``."""
    lists = {"MIN": "min", "MAX": "max", "SUM": "sum", "AVG": "avg", "COUNT": "count"}
    if name not in lists or call.distinct or call.keep is None:
        raise emitter.context.refuse(call, f"{name} with KEEP", f"with KEEP take one of {', '.join(lists)}")
    end, keys = call.keep
    value = Value("1", Kind.INTEGER) if call.star else emitter.value(call.arguments[0])
    if name in {"SUM", "AVG"}:
        value = emitter.to_number(value, call)
    key_values = [emitter.value(key.operand).sql for key in keys]
    key_row = f"{{{', '.join(f'k{n}: {sql}' for n, sql in enumerate(key_values))}}}"
    order = ", ".join(f"{sql} {direction(key)}" for sql, key in zip(key_values, keys, strict=True))
    chosen = f"{'first' if end == 'FIRST' else 'last'}({key_row} ORDER BY {order})"
    rows = f"list({{k: {key_row}, v: {value.sql}}})"
    kept = f"list_transform(list_filter({rows}, lambda r: r.k IS NOT DISTINCT FROM {chosen}), lambda r: r.v)"
    kind = Kind.INTEGER if name == "COUNT" else _mean(value.kind) if name == "AVG" else value.kind
    sql = f"list_aggregate({kept}, '{lists[name]}')"
    return Value(f"CAST({sql} AS BIGINT)" if kind is Kind.INTEGER else sql, kind)


def _windowed(emitter: Emitter, call: tree.Call, window: tree.Window) -> Value:
    name = call.name.text
    if emitter.windows_allowed:
        hint = "take it in a subquery and cut with WHERE outside"
        raise emitter.context.fault(call, f"analytic functions cannot stand {emitter.windows_allowed} (ORA-30483)", hint)
    if call.keep is not None or name in _GROUPING:
        raise emitter.context.refuse(call, f"{name} of this kind with OVER", "aggregate in a subquery and join it")
    if name in _ORDERED and (window.order or window.frame or call.distinct):
        raise emitter.context.fault(call, f"{name} takes only PARTITION BY in OVER (ORA-30487)", "sort in WITHIN GROUP")
    emitter.windows_allowed, before = "inside another", emitter.windows_allowed
    over, loose = _over(emitter, window, name)
    value = _analytic(emitter, call, window, over)
    emitter.windows_allowed = before
    value.loose = value.loose or loose
    return value


def _analytic(emitter: Emitter, call: tree.Call, window: tree.Window, over: str) -> Value:
    name = call.name.text
    if name in _SIMPLE:
        if call.distinct and window.order:
            raise emitter.context.fault(call, "DISTINCT does not go with ORDER BY in OVER (ORA-30487)")
        return _simple(emitter, call, name, over)
    if name == "LISTAGG":
        return _listagg(emitter, call, over)
    if name in _ORDERED:
        return _percentile(emitter, call, name, over)
    if name == "RATIO_TO_REPORT":
        value = emitter.number(_only_argument(emitter, call))
        return Value(f"ora_ratio({value.sql}, sum({value.sql}){over})", Kind.NUMBER, value.loose)
    if not window.order and name not in {"FIRST_VALUE", "LAST_VALUE", "NTH_VALUE"}:
        raise emitter.context.fault(call, f"{name} needs ORDER BY in OVER (ORA-30485)")
    if name in _RANKING:
        count, kind = _RANKING[name]
        if len(call.arguments) != count:
            raise emitter.context.fault(call, f"{name} takes {count or 'no'} argument{'' if count == 1 else 's'}")
        arguments = ", ".join(str(emitter.integer(each, "NTILE of a number")) for each in call.arguments)
        return Value(f"{name.lower()}({arguments}){over}", kind)
    return _offset(emitter, call, name, over)


def _offset(emitter: Emitter, call: tree.Call, name: str, over: str) -> Value:
    if not 1 <= len(call.arguments) <= _OFFSETS[name] or (name == "NTH_VALUE" and len(call.arguments) != 2):
        raise emitter.context.fault(call, f"{name} takes {_OFFSETS[name]} arguments at the most")
    values = [emitter.value(each) for each in call.arguments]
    kind = values[0].kind
    if len(values) > 1:
        emitter.integer(call.arguments[1], f"{name} with a distance")
    if len(values) > 2:
        kind = emitter.unify([values[0], values[2]], [call.arguments[0], call.arguments[2]])
    nulls = " IGNORE NULLS" if call.nulls == "IGNORE" else ""
    sql = f"{name.lower()}({', '.join(value.sql for value in values)}{nulls}){over}"
    return Value(sql, kind, first_loose(*values))


def _only_argument(emitter: Emitter, call: tree.Call) -> tree.Node:
    if len(call.arguments) != 1:
        raise emitter.context.fault(call, f"{call.name.text} takes one argument")
    return call.arguments[0]


def _over(emitter: Emitter, window: tree.Window, name: str) -> tuple[str, Span | None]:
    partition = [emitter.value(each) for each in window.partition]
    order = [emitter.value(key.operand) for key in window.order]
    words = list[str]()
    if partition:
        words.append(f"PARTITION BY {', '.join(value.sql for value in partition)}")
    if order:
        keys = zip(order, window.order, strict=True)
        words.append(f"ORDER BY {', '.join(f'{value.sql} {direction(key)}' for value, key in keys)}")
    if window.frame is not None:
        if not order:
            raise emitter.context.fault(window, "a window frame needs ORDER BY (ORA-30485)")
        if name in _RANKING or name in {"LAG", "LEAD", "RATIO_TO_REPORT"}:
            raise emitter.context.fault(window, f"{name} takes no window frame")
        kind, first, last = window.frame
        words.append(f"{kind} BETWEEN {_bound(emitter, first, kind, order)} AND {_bound(emitter, last, kind, order)}")
    return f" OVER ({' '.join(words)})", first_loose(*partition, *order)


def _bound(emitter: Emitter, bound: tuple[tree.Node | None, str], kind: str, order: list[Value]) -> str:
    node, side = bound
    if node is None:
        return side
    value = emitter.value(node)
    if value.kind in INTERVALS:
        return f"{'to_months' if value.kind is Kind.MONTHS else 'to_microseconds'}({value.sql}) {side}"
    if kind == "RANGE" and any(key.kind in TEMPORAL for key in order):
        if any(key.kind is Kind.TIMESTAMP for key in order):
            hint = "write INTERVAL '1' DAY"
            raise emitter.context.refuse(
                node, "a range of days over timestamps: what becomes of their fractions of a second is unclear", hint
            )
        return f"to_microseconds(CAST(round({emitter.to_number(value, node).sql} * 86400000000.0) AS BIGINT)) {side}"
    return f"{value.sql} {side}"
