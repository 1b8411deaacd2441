"""Read TOML files of which every fault is to be named, and expand the patterns in them."""

import itertools
import re
import tomllib
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import Fault

__all__ = ["Faults", "Section", "expand_pattern", "fill_text", "placeholders", "read_toml"]

_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LARGEST_FILE_BYTES = 10_000_000
_LONGEST_RANGE = 1000


class Faults(list[Fault]):
    """Faults found so far."""

    def add(self, field: str, message: str, row: int | None = None) -> None:
        """Note one more fault."""
        self.append(Fault(message=message, field=field or None, row=row))


def read_toml(
    path: Path, faults: Faults, kind: str = "survey", advice: str = "name a survey file, or make one with 'skydesk survey make'"
) -> dict[str, Any] | None:
    """Read a TOML file; note why, and give None, where that cannot be done.

    Parameters
    ----------
    kind
        What the file is expected to be, for messages.
    advice
        What to do where there is none.
    """
    try:
        if path.stat().st_size > _LARGEST_FILE_BYTES:
            faults.add("", f"{path} is larger than {_LARGEST_FILE_BYTES // 1_000_000} MB; that is no {kind} file")
            return None
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except FileNotFoundError:
        faults.add("", f"no file {path}; {advice}")
    except OSError as error:
        faults.add("", f"cannot read {path}: {(error.strerror or 'unknown reason').lower()}")
    except UnicodeDecodeError as error:
        faults.add("", f"{path} is not UTF-8 text: byte {error.start} is 0x{error.object[error.start]:02x}; save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        faults.add("", f"{path} is not TOML: {str(error)[:1].lower()}{str(error)[1:]}")
    except RecursionError:
        faults.add("", f"{path} is nested too deep for a {kind} file")
    return None


class Section:
    """One table of a TOML document. What is asked of it is checked and faults are noted; `finish` notes the keys nobody asked for."""

    def __init__(self, values: Any, where: str, faults: Faults, row: int | None = None) -> None:
        self.where, self.faults, self.row = where, faults, row
        self._asked: set[str] = set()
        self._broken = not isinstance(values, Mapping)
        if self._broken:
            self.fault("", f"must be a table of keys, got {_shown(values)}")
            values = {}
        self.values: Mapping[str, Any] = values

    def fault(self, key: str, message: str) -> None:
        """Note a fault of one key."""
        self.faults.add(".".join(part for part in (self.where, key) if part), message, self.row)

    def text(self, key: str, default: str | None = None) -> str:
        """Give a text; a default of None makes it required and not empty."""
        value = self._value(key, default)
        if value is None:
            return ""
        if not isinstance(value, str) or (default is None and not value.strip()):
            self.fault(key, f"must be a text{' that is not empty' if default is None else ''}, got {_shown(value)}")
            return ""
        return value.strip()

    def number(self, key: str, default: float | None = None, *, above: float = float("-inf")) -> float:
        """Give a finite number larger than ``above``."""
        value = self._value(key, default)
        if value is None:
            return float("nan")
        if not _is_number(value) or not above < value < float("inf"):
            self.fault(key, f"must be a number{_bound(above)}, got {_shown(value)}")
            return float("nan")
        return float(value)

    def integer(self, key: str, default: int | None = None, *, least: int = 0) -> int:
        """Give a whole number, ``least`` or more."""
        value = self._value(key, default)
        if value is None:
            return least
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            self.fault(key, f"must be a whole number from {least} up, got {_shown(value)}")
            return least
        return value

    def boolean(self, key: str, default: bool = False) -> bool:
        """Give true or false."""
        value = self._value(key, default)
        if not isinstance(value, bool):
            self.fault(key, f"must be true or false, got {_shown(value)}")
            return default
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """Give a list of different texts, at least one where it is required."""
        value = self._value(key, default)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or (default is None and not value):
            self.fault(key, f"must be a list of texts{' that is not empty' if default is None else ''}, got {_shown(value)}")
            return ()
        good: list[str] = []
        for number, item in enumerate(value, 1):
            if not isinstance(item, str) or not item:
                self.fault(key, f"item {number} must be a text that is not empty, got {_shown(item)}")
            elif item in good:
                self.fault(key, f"item {number} repeats {_shown(item)}; name it once")
            else:
                good.append(item)
        return tuple(good)

    def section(self, key: str, *, required: bool = True) -> "Section":
        """Give a table inside this one."""
        value = self._value(key, None if required else {})
        inner = Section({} if value is None else value, f"{self.where}.{key}" if self.where else key, self.faults, self.row)
        inner._broken |= value is None
        return inner

    def sections(self, key: str, *, required: bool = True) -> list["Section"]:
        """Give a list of tables, as ``[[key]]`` writes them; the row of each is its place in the list."""
        value = self._value(key, None if required else [])
        if value is None:
            return []
        if not isinstance(value, list) or (required and not value):
            self.fault(key, f"must be a list of tables, each under [[{key}]], got {_shown(value)}")
            return []
        return [Section(item, key, self.faults, row) for row, item in enumerate(value, 1)]

    def numbers(self, key: str, default: tuple[float, ...] | None = None, *, above: float = float("-inf")) -> tuple[float, ...]:
        """Give a list of finite numbers larger than ``above``, at least one where it is required."""
        value = self._value(key, default)
        if value is None:
            return ()
        if not isinstance(value, list | tuple) or (default is None and not value):
            self.fault(key, f"must be a list of numbers{' that is not empty' if default is None else ''}, got {_shown(value)}")
            return ()
        good = [item for item in value if _is_number(item) and above < item < float("inf")]
        for number, item in enumerate(value, 1):
            if item not in good:
                self.fault(key, f"item {number} must be a number{_bound(above)}, got {_shown(item)}")
        return tuple(map(float, good))

    def least_and_most(self, key: str) -> tuple[float, float]:
        """Give two numbers above 0, the smaller first: ``[0.5, 2]``."""
        value = self._value(key, None)
        if value is None:
            return 0.0, 0.0
        right = isinstance(value, list) and len(value) == 2 and all(map(_is_number, value)) and 0 < value[0] <= value[1] < float("inf")
        if not right:
            self.fault(key, f"must be two numbers above 0, the smaller first, as in [0.5, 2]; got {_shown(value)}")
            return 0.0, 0.0
        return float(value[0]), float(value[1])

    def subset(self, key: str, allowed: Collection[str]) -> frozenset[str]:
        """Give some of a few texts, none where the key is not there."""
        given = self.texts(key, ())
        for item in given:
            if item not in allowed:
                self.fault(key, f"takes {' and '.join(allowed)}, got {_shown(item)}")
        return frozenset(given) & frozenset(allowed)

    def choice(self, key: str, allowed: Collection[str]) -> str:
        """Give a text that is one of a few; the first of them where it is not."""
        value = self._value(key, None)
        if value is not None and (not isinstance(value, str) or value not in allowed):
            self.fault(key, f"must be one of {', '.join(allowed)}, got {_shown(value)}")
            value = None
        return next(iter(allowed)) if value is None else str(value)

    def names(self) -> Iterator[str]:
        """Give every key, as asked for."""
        self._asked.update(self.values)
        return iter(self.values)

    def finish(self) -> None:
        """Note the keys that nobody asked for."""
        for key in self.values:
            if key not in self._asked:
                self.fault(key, f"is not a key of this table; it takes {', '.join(sorted(self._asked))}")

    def _value(self, key: str, default: Any) -> Any:
        self._asked.add(key)
        value = self.values.get(key, default)
        if value is None and not self._broken:
            self.fault(key, "is missing")
        return value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _bound(above: float) -> str:
    return "" if above == float("-inf") else f" above {above:g}" if above >= 0 else " that is not negative"


def expand_pattern(pattern: str, named: Mapping[str, Collection[str]]) -> list[tuple[str, dict[str, str]]]:
    """Write a pattern out: ``A_{1-2}_{band}`` to ``A_1_g``, ``A_1_r`` and so on, the first placeholder outermost.

    Parameters
    ----------
    pattern
        Placeholders are names of ``named``, lists (``{32,64}``) or ranges (``{1-12}``).
    named
        Values of the named placeholders.

    Returns
    -------
    list of (str, dict)
        Each text with what its placeholders stand for; those of lists and ranges go by the name ``value``.

    Raises
    ------
    ValueError
        A placeholder is none of the above, or a brace has no partner; the message says so.
    """
    inside = placeholders(pattern)
    names = [part if part in named else "value" for part in inside]
    if len(set(names)) < len(names):
        raise ValueError(f"{pattern!r} has two placeholders of one kind")
    options = [list(named[part]) if part in named else _listed(pattern, part) for part in inside]
    literal = _PLACEHOLDER.split(pattern)[::2]
    return [
        ("".join(itertools.chain.from_iterable(zip(literal, (*values, ""), strict=True))), dict(zip(names, values, strict=True)))
        for values in itertools.product(*options)
    ]


def placeholders(pattern: str) -> list[str]:
    """Give what stands between braces, in order.

    Raises
    ------
    ValueError
        A brace has no partner.
    """
    if set(_PLACEHOLDER.sub("", pattern)) & set("{}"):
        raise ValueError(f"{pattern!r} has a brace without its partner")
    return _PLACEHOLDER.findall(pattern)


def fill_text(text: str, values: Mapping[str, str]) -> str:
    """Put values in the place of placeholders; those that are not among them stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(match.group(1), match.group(0)), text)


def _listed(pattern: str, inside: str) -> list[str]:
    if match := re.fullmatch(r"(\d{1,6})-(\d{1,6})", inside, re.ASCII):
        first, last = map(int, match.groups())
        if first <= last < first + _LONGEST_RANGE:
            return [str(number) for number in range(first, last + 1)]
    elif "," in inside and all(part.isalnum() for part in inside.split(",")):
        return inside.split(",")
    raise ValueError(f"{pattern!r} has the placeholder {{{inside}}}; a name, a list like {{32,64}} or a range like {{1-12}} would do")


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
