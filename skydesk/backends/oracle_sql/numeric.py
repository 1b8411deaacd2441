"""Functions of numbers."""

from collections.abc import Mapping

from . import tree
from .date_units import rounded_date, truncated_date
from .emitter import Emitter
from .signature import Function, floating, result_kind
from .values import NUMERIC, TEMPORAL, Kind, Value, first_loose, settled

__all__ = ["NUMERIC_FUNCTIONS"]


_SPECIAL = frozenset({"inf", "+inf", "-inf", "nan"})
"""Strings that TO_BINARY_DOUBLE takes beside numbers."""


def _abs(emitter: Emitter, call: tree.Call) -> Value:
    value = emitter.number(call.arguments[0])
    operand = f"CAST({value.sql} AS BIGINT)" if value.narrow and value.kind is Kind.INTEGER else value.sql
    return Value(f"abs({operand})", value.kind, value.loose, narrow=value.kind is Kind.FLOAT and value.narrow, smooth=value.smooth)


def _sign(emitter: Emitter, call: tree.Call) -> Value:
    value = emitter.number(call.arguments[0])
    if value.kind is Kind.FLOAT:
        return Value(f"CASE WHEN {value.sql} < 0 THEN -1 WHEN {value.sql} >= 0 THEN 1 END", Kind.INTEGER, value.loose)
    return Value(f"CAST(sign({value.sql}) AS BIGINT)", Kind.INTEGER, value.loose)


def _whole(name: str) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        value = emitter.number(call.arguments[0])
        if value.kind in {Kind.INTEGER, Kind.FLOAT}:
            return value if value.kind is Kind.INTEGER else Value(f"{name}({value.sql})", Kind.FLOAT, value.loose)
        return Value(f"CAST({name}({settled(value)}) AS BIGINT)", Kind.INTEGER, value.loose)

    return Function(1, 1, rule)


def _places(emitter: Emitter, node: tree.Node, name: str) -> int:
    places = emitter.integer(node, f"{name} to a number of places")
    if not -30 <= places <= 30:
        raise emitter.context.refuse(node, f"{name} to {places} places", "take from -30 to 30")
    return places


def _round(emitter: Emitter, call: tree.Call) -> Value:
    """Round half away from zero; floats without a number of places go to the even one (SQL Language Reference, ROUND (number))."""
    first = emitter.value(call.arguments[0])
    if first.kind in TEMPORAL:
        return rounded_date(emitter, call, first)
    value = emitter.to_number(first, call.arguments[0])
    if len(call.arguments) == 1:
        if value.kind is Kind.INTEGER:
            return value
        if value.kind is Kind.FLOAT:
            return Value(f"round_even(CAST({value.sql} AS DOUBLE), 0)", Kind.FLOAT, value.loose)
        return Value(f"CAST({_half_up(value, 0)} AS BIGINT)", Kind.INTEGER, value.loose)
    places = _places(emitter, call.arguments[1], "ROUND")
    return _rounded(value, places)


def _rounded(value: Value, places: int) -> Value:
    if value.kind is Kind.INTEGER:
        return value if places >= 0 else Value(f"round(CAST({value.sql} AS BIGINT), {places})", Kind.INTEGER, value.loose)
    if value.kind is Kind.DECIMAL:
        return Value(f"round({value.sql}, {places})", Kind.DECIMAL, value.loose)
    return Value(_half_up(value, places), Kind.NUMBER, value.loose)


def _half_up(value: Value, places: int) -> str:
    """Round away from zero where the decimal number is half-way: 1.005 is, though the nearest DOUBLE is a little less."""
    return f"round({value.sql})" if value.kind is Kind.DECIMAL else f"ora_round(CAST({value.sql} AS DOUBLE), {places})"


def _trunc(emitter: Emitter, call: tree.Call) -> Value:
    first = emitter.value(call.arguments[0])
    if first.kind in TEMPORAL:
        return truncated_date(emitter, call, first)
    value = emitter.to_number(first, call.arguments[0])
    if len(call.arguments) == 1:
        if value.kind in {Kind.INTEGER, Kind.FLOAT}:
            return value if value.kind is Kind.INTEGER else Value(f"trunc({value.sql})", Kind.FLOAT, value.loose)
        return Value(f"CAST(trunc({settled(value)}) AS BIGINT)", Kind.INTEGER, value.loose)
    places = _places(emitter, call.arguments[1], "TRUNC")
    rounded = _rounded(value, places)
    if rounded is value:
        return value
    number = value.sql if value.kind in {Kind.INTEGER, Kind.DECIMAL} else f"CAST({settled(value)} AS DOUBLE)"
    step = f"0.{'0' * (places - 1)}1" if places > 0 else "1" + "0" * -places
    return Value(f"ora_trunc({number}, {rounded.sql}, {step}, {places})", rounded.kind, value.loose)


def _mod(emitter: Emitter, call: tree.Call) -> Value:
    left, right = (emitter.number(each) for each in call.arguments)
    kind = max(left.kind, right.kind)
    if kind is Kind.NUMBER:
        sql = f"ora_number_mod(CAST({left.sql} AS DOUBLE), CAST({right.sql} AS DOUBLE))"
        return Value(sql, kind, first_loose(left, right))
    return emitter.function("ora_mod", kind, left, right)


def _remainder(emitter: Emitter, call: tree.Call) -> Value:
    left, right = (emitter.number(each) for each in call.arguments)
    kind = max(left.kind, right.kind)
    if kind is Kind.FLOAT:
        return emitter.function("ora_ieee_remainder", kind, left, right)
    sql = f"ora_remainder(CAST({left.sql} AS DOUBLE), CAST({right.sql} AS DOUBLE))"
    loose = first_loose(left, right)
    return Value(f"CAST({sql} AS BIGINT)", Kind.INTEGER, loose) if kind is Kind.INTEGER else Value(sql, Kind.NUMBER, loose)


def _power(emitter: Emitter, call: tree.Call) -> Value:
    exponent = emitter.number(call.arguments[1]).constant or ""
    return floating("POWER", "pow({}, {})", 2, always_finite=exponent.isdigit() and len(exponent) == 1).rule(emitter, call)


def _log(emitter: Emitter, call: tree.Call) -> Value:
    """Logarithm of the second argument to the base of the first."""
    base, value = (emitter.number(each) for each in call.arguments)
    argument = f"CAST({value.sql} AS DOUBLE)"
    known = {"10": f"log10({argument})", "2": f"log2({argument})"}
    sql = known.get(base.constant or "", f"(ln({argument}) / ln(CAST({base.sql} AS DOUBLE)))")
    kind = result_kind(base, value)
    return Value(sql if kind is Kind.FLOAT else f"ora_finite({sql}, 'LOG')", kind, first_loose(base, value), smooth=True)


def _bitand(emitter: Emitter, call: tree.Call) -> Value:
    values = [emitter.number(each) for each in call.arguments]
    parts = [value.sql if value.kind is Kind.INTEGER else f"ora_whole({value.sql})" for value in values]
    return Value(f"(CAST({parts[0]} AS BIGINT) & CAST({parts[1]} AS BIGINT))", Kind.INTEGER, first_loose(*values))


def _width_bucket(emitter: Emitter, call: tree.Call) -> Value:
    values = [emitter.number(each) for each in call.arguments[:3]]
    count = emitter.integer(call.arguments[3], "WIDTH_BUCKET with a number of buckets")
    if count < 1:
        raise emitter.context.fault(call.arguments[3], "the number of buckets must be 1 or more (ORA-30494)")
    texts = ", ".join(settled(value) for value in values)
    return Value(f"ora_width_bucket({texts}, {count})", Kind.INTEGER, first_loose(*values))


def _nanvl(emitter: Emitter, call: tree.Call) -> Value:
    value, other = (emitter.number(each) for each in call.arguments)
    sql = f"CASE WHEN isnan(CAST({value.sql} AS DOUBLE)) THEN {other.sql} ELSE {value.sql} END"
    return Value(sql, max(value.kind, other.kind), first_loose(value, other))


def _to_binary(type_name: str) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        value = emitter.value(call.arguments[0])
        if value.kind is Kind.TEXT and (value.constant or "").lower() in _SPECIAL:
            return Value(f"CAST('{value.constant}' AS {type_name})", Kind.FLOAT, narrow=type_name == "FLOAT")
        if value.kind is Kind.TEXT and value.constant is None:
            raise emitter.context.refuse(call, "a string column as a binary number", "write TO_NUMBER(s)")
        number = emitter.to_number(value, call.arguments[0])
        return Value(f"CAST({number.sql} AS {type_name})", Kind.FLOAT, number.loose, narrow=type_name == "FLOAT")

    return Function(1, 1, rule)


def _to_number(emitter: Emitter, call: tree.Call) -> Value:
    if len(call.arguments) > 1:
        from .number_formats import parsed_number

        return parsed_number(emitter, call)
    value = emitter.value(call.arguments[0])
    if value.kind not in {*NUMERIC, Kind.TEXT, Kind.NULL}:
        raise emitter.context.fault(call.arguments[0], "TO_NUMBER takes a string or a number (ORA-00932)")
    return emitter.to_number(value, call.arguments[0])


NUMERIC_FUNCTIONS: Mapping[str, Function] = {
    "ABS": Function(1, 1, _abs),
    "SIGN": Function(1, 1, _sign),
    "CEIL": _whole("ceil"),
    "FLOOR": _whole("floor"),
    "ROUND": Function(1, 2, _round),
    "TRUNC": Function(1, 2, _trunc),
    "MOD": Function(2, 2, _mod),
    "REMAINDER": Function(2, 2, _remainder),
    "POWER": Function(2, 2, _power),
    "SQRT": floating("SQRT", "sqrt({})", 1),
    "EXP": floating("EXP", "exp({})", 1),
    "LN": floating("LN", "ln({})", 1),
    "LOG": Function(2, 2, _log),
    "SIN": floating("SIN", "sin({})", 1, always_finite=True),
    "COS": floating("COS", "cos({})", 1, always_finite=True),
    "TAN": floating("TAN", "tan({})", 1, always_finite=True),
    "ASIN": floating("ASIN", "asin({})", 1),
    "ACOS": floating("ACOS", "acos({})", 1),
    "ATAN": floating("ATAN", "atan({})", 1, always_finite=True),
    "ATAN2": floating("ATAN2", "atan2({}, {})", 2, always_finite=True),
    "SINH": floating("SINH", "sinh({})", 1),
    "COSH": floating("COSH", "cosh({})", 1),
    "TANH": floating("TANH", "tanh({})", 1, always_finite=True),
    "BITAND": Function(2, 2, _bitand),
    "WIDTH_BUCKET": Function(4, 4, _width_bucket),
    "NANVL": Function(2, 2, _nanvl),
    "TO_BINARY_DOUBLE": _to_binary("DOUBLE"),
    "TO_BINARY_FLOAT": _to_binary("FLOAT"),
    "TO_NUMBER": Function(1, 2, _to_number),
}
"""Functions by name."""
