"""Rows on their way from a file or a statement into a table, and all that may be wrong with them."""

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import pyarrow as pa

from ..errors import Fault, InvalidRequest
from ..query.model import Cancellation, Column
from ..query.ports import RowStream
from .casting import Caster
from .model import MAX_COLUMNS, Correction, Inspection, OwnTable
from .names import name_fault
from .ports import Loading

__all__ = ["Progress", "Rows", "carried_out", "rows_of_file", "rows_of_query"]

Progress = Generator[int | OwnTable, None, None]
"""Rows done so far, again and again, and at last the table. Closing it before leaves nothing."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows, and the columns that they are to have."""

    columns: Sequence[Column]
    batches: Iterator[pa.RecordBatch]
    caster: Caster | None
    """None where the batches have the columns' types already."""


def rows_of_query(
    given: Sequence[Column], open_stream: Callable[[], AbstractContextManager[RowStream]], table: OwnTable | None, faults: list[Fault]
) -> Rows:
    """Take the rows of a statement, for a new table or to be added to one; note what is wrong with its columns."""
    named = tuple(replace(column, name=column.name.upper()) for column in given)
    columns: Sequence[Column] = named if table is None else table.columns
    faults += _column_faults(columns) if table is None else []
    places = _places([column.name for column in named], columns, faults)

    def batches() -> Iterator[pa.RecordBatch]:
        with open_stream() as stream:
            yield from stream

    return Rows(columns, batches(), None if faults else Caster(places, [column.name for column in columns], columns))


def rows_of_file(
    found: Inspection,
    batches: Iterator[pa.RecordBatch],
    corrections: Sequence[Correction] | None,
    table: OwnTable | None,
    faults: list[Fault],
) -> Rows:
    """Take the rows of a file, for a new table or to be added to one; note what is wrong with its columns, and known of its rows."""
    wanted = _wanted(found, corrections, faults)
    as_proposed = {found.columns[place].given_name for place, column in wanted if column.type is found.columns[place].type}
    faults += [fault for fault in found.faults if fault.field is None or (table is None and fault.field in as_proposed)]
    if table is None:
        columns: Sequence[Column] = [column for _, column in wanted]
        places = [place for place, _ in wanted]
        faults += _column_faults(columns)
    else:
        columns = table.columns
        at = _places([column.name for _, column in wanted], columns, faults)
        places = [wanted[place][0] for place in at]
    names = [found.columns[place].given_name for place in places]
    return Rows(columns, batches, None if faults else Caster(places, names, columns))


def carried_out(begun: AbstractContextManager[Loading], rows: Rows, cancellation: Cancellation | None) -> Progress:
    """Put rows into a table that was begun; errors as in `skydesk.tables.service.TablesService.load`."""
    with begun as loading:
        yield loading.rows
        for batch in rows.batches:
            if cancellation is not None:
                cancellation.check()
            made = batch if rows.caster is None else rows.caster.cast(batch)
            if made.num_rows and (rows.caster is None or not rows.caster.faults):
                loading.add(made)
            yield loading.rows
        if rows.caster is not None and rows.caster.faults:
            raise InvalidRequest(_named(rows.caster))
        yield loading.commit()


def _named(caster: Caster) -> list[Fault]:
    more = caster.fault_count - len(caster.faults)
    return [*caster.faults, *([Fault(message=f"and {more:,} more cells that do not fit")] if more > 0 else [])]


def _wanted(found: Inspection, corrections: Sequence[Correction] | None, faults: list[Fault]) -> list[tuple[int, Column]]:
    """Place and column of what is wanted of a file; all of it where nothing is corrected."""
    if corrections is None:
        return [(place, given.column) for place, given in enumerate(found.columns)]
    places: dict[str, list[int]] = {}
    for place, given in enumerate(found.columns):
        places.setdefault(given.given_name, []).append(place)
    wanted = []
    for correction in corrections:
        left = places.get(correction.given_name)
        if not left:
            faults.append(Fault(field="columns", message=f"the file has no column {correction.given_name[:130]!r}"))
            continue
        place = left.pop(0)
        given = found.columns[place]
        column = Column(name=correction.name.upper(), type=correction.type, unit=given.unit, ucd=given.ucd, description=given.description)
        wanted.append((place, column))
    return wanted


def _column_faults(columns: Sequence[Column]) -> list[Fault]:
    faults = [Fault(field=column.name[:130], message=fault) for column in columns if (fault := name_fault(column.name)) is not None]
    names = [column.name.upper() for column in columns]
    faults += [
        Fault(field=name, message="is the name of two columns; rename one") for name in sorted({n for n in names if names.count(n) > 1})
    ]
    if not 1 <= len(columns) <= MAX_COLUMNS:
        faults.append(Fault(field="columns", message=f"there are {len(columns):,}; a table has 1 to {MAX_COLUMNS:,}"))
    return faults


def _places(given: Sequence[str], columns: Sequence[Column], faults: list[Fault]) -> list[int]:
    """Where among the given names each column is."""
    at = {name.upper(): place for place, name in enumerate(given)}
    missing = [column.name for column in columns if column.name.upper() not in at]
    unknown = sorted(at.keys() - {column.name.upper() for column in columns})
    faults += [Fault(field=name, message="is a column of the table, but not of what is to be added") for name in missing]
    faults += [Fault(field=name, message="is no column of the table; leave it out") for name in unknown]
    return [] if missing else [at[column.name.upper()] for column in columns]
