"""Functions of strings; an empty string is NULL."""

from collections.abc import Mapping

from . import tree
from .date_formats import written_date
from .emitter import Emitter
from .number_formats import written_number
from .signature import Function
from .values import Kind, Value, first_loose, quote_text

__all__ = ["STRING_FUNCTIONS", "trimmed"]


_LONGEST = 4000


def _whole(emitter: Emitter, node: tree.Node) -> Value:
    value = emitter.number(node)
    return value if value.kind is Kind.INTEGER else Value(f"ora_whole({value.sql})", Kind.INTEGER, value.loose)


def _plain(sql: str, kind: Kind = Kind.TEXT) -> Function:
    """Enter a function of one string that DuckDB has too."""

    def rule(emitter: Emitter, call: tree.Call) -> Value:
        value = emitter.text(call.arguments[0])
        char_length = value.char_length if kind is Kind.TEXT else None
        return Value(sql.format(value.sql), kind, value.loose, char_length=char_length)

    return Function(1, 1, rule)


def _substr(emitter: Emitter, call: tree.Call) -> Value:
    text = emitter.text(call.arguments[0])
    numbers = [_whole(emitter, node) for node in call.arguments[1:]]
    return emitter.function("ora_substr" if len(numbers) == 1 else "ora_substr3", Kind.TEXT, text, *numbers)


def _instr(emitter: Emitter, call: tree.Call) -> Value:
    texts = [emitter.text(node) for node in call.arguments[:2]]
    if len(call.arguments) == 2:
        return emitter.function("instr", Kind.INTEGER, *texts)
    numbers = [_whole(emitter, node) for node in call.arguments[2:]] or [Value("1", Kind.INTEGER)]
    if len(numbers) == 1:
        numbers.append(Value("1", Kind.INTEGER))
    elif emitter.integer(call.arguments[3], "INSTR of an occurrence") < 1:
        raise emitter.context.fault(call.arguments[3], "the occurrence must be 1 or more (ORA-01428)")
    return emitter.function("ora_instr", Kind.INTEGER, *texts, *numbers)


def _pad(name: str) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        text, width = emitter.text(call.arguments[0]), _whole(emitter, call.arguments[1])
        if width.constant is not None and int(width.constant) > _LONGEST:
            hint = f"take {_LONGEST} at the most; how long a string may be depends on the database"
            raise emitter.context.refuse(call.arguments[1], f"{call.name.text} to {width.constant} characters", hint)
        fill = emitter.text(call.arguments[2]) if len(call.arguments) > 2 else Value("' '", Kind.TEXT)
        padded = f"{name}({text.sql}, CAST(greatest({width.sql}, 0) AS INTEGER), {fill.sql})"
        return Value(f"ora_pad({text.sql}, {width.sql}, {padded})", Kind.TEXT, first_loose(text, width, fill))

    return Function(2, 3, rule)


def _strip(name: str) -> Function:
    def rule(emitter: Emitter, call: tree.Call) -> Value:
        text = emitter.text(call.arguments[0])
        characters = emitter.text(call.arguments[1]) if len(call.arguments) > 1 else Value("' '", Kind.TEXT)
        return Value(f"nullif({name}({text.sql}, {characters.sql}), '')", Kind.TEXT, first_loose(text, characters))

    return Function(1, 2, rule)


def trimmed(emitter: Emitter, node: tree.Trim) -> Value:
    """Translate ``TRIM(LEADING 'x' FROM s)``."""
    text, characters = emitter.text(node.operand), "' '"
    if node.characters is not None:
        character = emitter.written_text(node.characters, "a character to trim")
        if len(character) != 1:
            raise emitter.context.fault(node.characters, "TRIM takes one character (ORA-30001)", "LTRIM and RTRIM take several")
        characters = quote_text(character)
    name = {"LEADING": "ltrim", "TRAILING": "rtrim", "BOTH": "trim"}[node.side]
    return Value(f"nullif({name}({text.sql}, {characters}), '')", Kind.TEXT, text.loose)


def _replace(emitter: Emitter, call: tree.Call) -> Value:
    values = [emitter.text(node) for node in call.arguments]
    if len(values) == 2:
        values.append(Value("''", Kind.TEXT))
    return emitter.function("ora_replace", Kind.TEXT, *values)


def _translate(emitter: Emitter, call: tree.Call) -> Value:
    values = [emitter.text(node) for node in call.arguments]
    return Value(f"nullif(translate({', '.join(value.sql for value in values)}), '')", Kind.TEXT, first_loose(*values))


def _concat(emitter: Emitter, call: tree.Call) -> Value:
    return emitter.emit(tree.Concat(call.start, call.end, call.arguments))


def _chr(emitter: Emitter, call: tree.Call) -> Value:
    code = emitter.integer(call.arguments[0], "CHR of a number")
    if not 1 <= code <= 127:
        raise emitter.context.refuse(call, f"CHR({code}) depends on the database's character set", "write the character itself")
    return Value(quote_text(chr(code)), Kind.TEXT, constant=chr(code))


def _to_char(emitter: Emitter, call: tree.Call) -> Value:
    value = emitter.value(call.arguments[0])
    if len(call.arguments) == 1:
        return emitter.to_text(value, call.arguments[0])
    if len(call.arguments) > 2:
        raise emitter.context.refuse(call.arguments[2], "NLS parameters", "leave them out")
    layout = emitter.written_text(call.arguments[1], "a format")
    if value.kind in {Kind.DATE, Kind.TIMESTAMP}:
        return written_date(emitter, value, layout, call.arguments[1])
    return written_number(emitter, emitter.to_number(value, call.arguments[0]), layout, call.arguments[1])


def _initcap(emitter: Emitter, call: tree.Call) -> Value:
    value = emitter.text(call.arguments[0])
    return Value(f"ora_initcap({value.sql})", Kind.TEXT, value.loose, char_length=value.char_length)


STRING_FUNCTIONS: Mapping[str, Function] = {
    "UPPER": _plain("upper({})"),
    "LOWER": _plain("lower({})"),
    "INITCAP": Function(1, 1, _initcap),
    "LENGTH": _plain("length({})", Kind.INTEGER),
    "LENGTHB": _plain("strlen({})", Kind.INTEGER),
    "ASCII": _plain("ora_ascii({})", Kind.INTEGER),
    "CHR": Function(1, 1, _chr),
    "SUBSTR": Function(2, 3, _substr),
    "INSTR": Function(2, 4, _instr),
    "LPAD": _pad("lpad"),
    "RPAD": _pad("rpad"),
    "LTRIM": _strip("ltrim"),
    "RTRIM": _strip("rtrim"),
    "REPLACE": Function(2, 3, _replace),
    "TRANSLATE": Function(3, 3, _translate),
    "CONCAT": Function(2, 2, _concat),
    "TO_CHAR": Function(1, 3, _to_char),
}
"""Functions by name."""
