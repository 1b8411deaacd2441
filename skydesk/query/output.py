"""Which result files there can be: formats, their endings and compressions, and the rules for names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from ..errors import Fault, InvalidRequest
from .model import Compression, Format, Output

__all__ = ["FORMATS", "MAX_NAME_CHARS", "MIN_SPLIT_BYTES", "FormatRules", "output_faults", "parse_output"]

MAX_NAME_CHARS = 128
"""Longest name of a result file, so that a number and a temporary ending still fit."""

MIN_SPLIT_BYTES = 1_000_000
"""Smallest size at which files may be split; less would fill the folder with files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRules:
    """What goes with one format."""

    format: Format
    title: str
    endings: tuple[str, ...]
    """Endings that mean this format, the usual one first, each with its dot."""

    compressions: tuple[Compression, ...]
    """The first is used where none is asked for."""

    packed: bool
    """True where compression makes another file (``m2.csv.gz``), False where the format compresses inside itself."""

    @property
    def ending(self) -> str:
        """The usual ending, with its dot."""
        return self.endings[0]


_NONE, _GZIP, _ZSTD = Compression.NONE, Compression.GZIP, Compression.ZSTD

_RULES = (
    FormatRules(format=Format.PARQUET, title="Parquet", endings=(".parquet",), compressions=(_ZSTD, _NONE, _GZIP), packed=False),
    FormatRules(format=Format.FITS, title="FITS binary table", endings=(".fits", ".fit"), compressions=(_NONE, _GZIP), packed=True),
    FormatRules(format=Format.HDF5, title="HDF5", endings=(".h5", ".hdf5"), compressions=(_NONE, _GZIP), packed=False),
    FormatRules(format=Format.CSV, title="Comma-separated text", endings=(".csv",), compressions=(_NONE, _GZIP, _ZSTD), packed=True),
    FormatRules(format=Format.TAB, title="Tab-separated text", endings=(".tab", ".tsv"), compressions=(_NONE, _GZIP, _ZSTD), packed=True),
    FormatRules(format=Format.VOTABLE, title="VOTable", endings=(".vot",), compressions=(_NONE, _GZIP), packed=True),
    FormatRules(format=Format.ECSV, title="ECSV", endings=(".ecsv",), compressions=(_NONE, _GZIP), packed=True),
    FormatRules(format=Format.ARROW, title="Arrow IPC file", endings=(".arrow",), compressions=(_NONE, _ZSTD), packed=False),
)

FORMATS: Mapping[Format, FormatRules] = MappingProxyType({rules.format: rules for rules in _RULES})
"""Every format, in the order in which to offer them."""

_BY_ENDING = {ending: rules for rules in _RULES for ending in rules.endings}
_SUFFIX = {Compression.NONE: "", Compression.GZIP: ".gz", Compression.ZSTD: ".zst"}
_BY_SUFFIX = {suffix: compression for compression, suffix in _SUFFIX.items() if suffix}
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._+-]*")


def parse_output(
    file_name: str,
    format: Format | str | None = None,  # noqa: A002 - the wire's word
    compression: Compression | str | None = None,
) -> Output:
    """Tell from a file name, or from what is said beside it, which file to write.

    Parameters
    ----------
    file_name
        Plain name, with or without its ending; an ending that is missing is added: ``m2`` and ``fits`` give ``m2.fits``.
    format, compression
        None for what the ending tells, else it must agree with the ending.

    Raises
    ------
    InvalidRequest
        The name is not plain, or the three do not agree; every fault is named.
    """
    faults: list[Fault] = []
    asked = _one_of(Format, format, "format", faults)
    packing = _one_of(Compression, compression, "compression", faults)
    stem, suffix = _split_suffix(file_name)
    rules = _rules_of(stem, asked, faults)
    if rules is None or faults:
        raise InvalidRequest([*_name_faults(file_name), *faults])
    if not stem.lower().endswith(rules.endings):
        stem += rules.ending
    chosen = packing or _BY_SUFFIX.get(suffix) or rules.compressions[0]
    output = Output(file_name=stem + (_SUFFIX[chosen] if rules.packed and not suffix else suffix), format=rules.format, compression=chosen)
    faults = output_faults(output)
    if faults:
        raise InvalidRequest(faults)
    return output


def output_faults(output: Output) -> list[Fault]:
    """Name everything that is wrong with an output; empty where it can be written."""
    faults = _name_faults(output.file_name)
    stem, suffix = _split_suffix(output.file_name)
    rules = FORMATS[output.format]
    if output.compression not in rules.compressions:
        allowed = ", ".join(rules.compressions)
        faults.append(Fault(field="compression", message=f"{output.compression} does not go with {rules.format}; what does: {allowed}"))
    if not stem.lower().endswith(rules.endings):
        faults.append(Fault(field="file_name", message=f"{output.file_name!r} does not end in {rules.ending} as {rules.format} files do"))
    if suffix and not rules.packed:
        faults.append(Fault(field="file_name", message=f"{rules.format} is compressed inside the file; leave {suffix} out of the name"))
    elif rules.packed and suffix != _SUFFIX[output.compression]:
        wanted = stem + _SUFFIX[output.compression]
        faults.append(Fault(field="file_name", message=f"{output.file_name!r} with compression {output.compression} must be {wanted!r}"))
    if output.split_bytes < MIN_SPLIT_BYTES:
        faults.append(Fault(field="split_bytes", message=f"must be at least {MIN_SPLIT_BYTES:,}, got {output.split_bytes:,}"))
    return faults


def _rules_of(stem: str, asked: Format | None, faults: list[Fault]) -> FormatRules | None:
    told = next((rules for ending, rules in _BY_ENDING.items() if stem.lower().endswith(ending)), None)
    if told is None and asked is None and not any(fault.field == "format" for fault in faults):
        faults.append(Fault(field="file_name", message=f"{stem!r} does not tell the format; end it in one of {' '.join(_BY_ENDING)}"))
    if told is not None and asked not in {None, told.format}:
        faults.append(Fault(field="file_name", message=f"the ending of {stem!r} means {told.format}, but the format asked for is {asked}"))
    return told or (FORMATS[asked] if asked is not None else None)


def _name_faults(file_name: str) -> list[Fault]:
    if not file_name:
        return [Fault(field="file_name", message="must not be empty")]
    if len(file_name) > MAX_NAME_CHARS:
        return [Fault(field="file_name", message=f"must have at most {MAX_NAME_CHARS} characters, got {len(file_name)}")]
    if not _PLAIN_NAME.fullmatch(file_name):
        return [
            Fault(
                field="file_name",
                message=f"{file_name!r} is not a plain name: letters, digits and . _ + - only, beginning with a letter, a digit or _",
            )
        ]
    return []


def _split_suffix(file_name: str) -> tuple[str, str]:
    for suffix in _BY_SUFFIX:
        if file_name.lower().endswith(suffix):
            return file_name[: -len(suffix)], file_name[-len(suffix) :].lower()
    return file_name, ""


_Choice = TypeVar("_Choice", Format, Compression)


def _one_of(kind: type[_Choice], value: _Choice | str | None, field: str, faults: list[Fault]) -> _Choice | None:
    if value is None:
        return None
    try:
        return kind(value)
    except ValueError:
        faults.append(Fault(field=field, message=f"must be one of {', '.join(kind)}, got {value!r}"))
        return None
