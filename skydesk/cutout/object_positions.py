"""Asks the catalogue where objects are, by their numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from ..errors import NotFound
from ..grid import FloatArray, IntArray
from ..query.model import Cancellation
from ..query.ports import Catalog
from ..survey import ObjectTable, Survey

__all__ = ["ObjectPositions"]

_IDS_AT_A_TIME = 1000
"""Oracle takes no more in one list (ORA-01795)."""


class ObjectPositions:
    """Positions of a survey's objects. Safe from several threads.

    Parameters
    ----------
    catalog
        What is asked.
    survey
        Says in which tables and columns objects are.
    limit_seconds
        Longest run of one statement.
    """

    def __init__(self, catalog: Catalog, survey: Survey, *, limit_seconds: float = 120) -> None:
        self._catalog, self._survey, self._limit_seconds = catalog, survey, limit_seconds

    def find(self, ids: IntArray, release: str, *, cancellation: Cancellation | None = None) -> tuple[FloatArray, FloatArray]:
        """Look objects up by their numbers, a thousand at a time.

        Returns
        -------
        tuple of FloatArray
            ICRS right ascension, 0 <= ra < 360, and declination, degrees, in the order given; NaN for what is not there.

        Raises
        ------
        NotFound
            The survey has no table of objects, or not for this release.
        ServiceUnavailable, DeadlineExceeded, Cancelled
            The catalogue did not answer, or was stopped.
        """
        objects = self._objects(release)
        wanted, inverse = np.unique(ids, return_inverse=True)
        ra, dec = np.full(len(wanted), np.nan), np.full(len(wanted), np.nan)
        for begin in range(0, len(wanted), _IDS_AT_A_TIME):
            part = wanted[begin : begin + _IDS_AT_A_TIME].tolist()
            sql = (
                f"SELECT {objects.id}, {objects.ra}, {objects.dec} FROM {objects.table_of(release)} "
                f"WHERE {objects.id} IN ({', '.join(map(str, part))})"
            )
            for object_id, object_ra, object_dec in self._rows(sql, cancellation):
                if object_ra is not None and object_dec is not None:
                    place = int(np.searchsorted(wanted, int(object_id)))
                    ra[place], dec[place] = float(object_ra) % 360, float(object_dec)
        return ra[inverse], dec[inverse]

    def _objects(self, release: str) -> ObjectTable:
        objects = self._survey.objects
        if objects is None:
            raise NotFound(f"the survey {self._survey.name} does not say where its objects are; give positions by RA and DEC")
        self._survey.table(objects.table_of(release))
        return objects

    def _rows(self, sql: str, cancellation: Cancellation | None) -> Iterator[tuple[Any, ...]]:
        with self._catalog.stream(sql, limit_seconds=self._limit_seconds, cancellation=cancellation) as stream:
            for batch in stream:
                yield from zip(*(column.to_pylist() for column in batch.columns), strict=True)
