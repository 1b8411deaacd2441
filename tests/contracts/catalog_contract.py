"""What every catalogue does: inherit `CatalogContract` and give the fixture ``catalog``, holding `CONTENT`."""

import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from threading import Timer

import pyarrow as pa
import pytest

from skydesk.errors import Cancelled, DeadlineExceeded, InvalidQuery
from skydesk.query.arrow import schema_of
from skydesk.query.model import Cancellation, Column, ColumnType, Table
from skydesk.query.ports import Catalog

STARS = Table(
    name="STARS",
    release="R1",
    description="some stars",
    columns=(
        Column(name="ID", type=ColumnType.INT64, ucd="meta.id;meta.main", description="identifier"),
        Column(name="RA", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main", description="right ascension, ICRS"),
        Column(name="DEC", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.dec;meta.main", description="declination, ICRS"),
        Column(name="MAG_G", type=ColumnType.FLOAT32, unit="mag", ucd="phot.mag;em.opt.B"),
        Column(name="FLAGS", type=ColumnType.INT16),
        Column(name="HPIX", type=ColumnType.INT32),
        Column(name="NAME", type=ColumnType.STRING),
        Column(name="SEEN", type=ColumnType.TIMESTAMP),
    ),
)
GALAXIES = Table(
    name="GALAXIES",
    release="R2",
    columns=(Column(name="ID", type=ColumnType.INT64), Column(name="RA", type=ColumnType.FLOAT64, unit="deg")),
)
NUMBERS = Table(name="NUMBERS", release="R1", columns=(Column(name="N", type=ColumnType.INT32),))

STAR_COUNT = 2500
NUMBER_COUNT = 3000
_BEGIN = datetime(2013, 8, 31, 5, 6, 7, 890123)
STAR_ROWS = [
    {
        "ID": 2**53 + number,
        "RA": 10 + number * 1e-3,
        "DEC": -45 + math.sin(number),
        "MAG_G": None if number % 7 == 0 else 17 + number * 1e-3,
        "FLAGS": number % 4,
        "HPIX": 100_000 - number,
        "NAME": None if number % 5 == 0 else f"étoile {number} ★",
        "SEEN": _BEGIN + timedelta(hours=number),
    }
    for number in range(STAR_COUNT)
]
CONTENT = (
    (STARS, pa.Table.from_pylist(STAR_ROWS, schema=schema_of(STARS.columns))),
    (GALAXIES, pa.Table.from_pylist([{"ID": 1, "RA": 1.5}, {"ID": 2, "RA": 2.5}], schema=schema_of(GALAXIES.columns))),
    (NUMBERS, pa.Table.from_pylist([{"N": number} for number in range(NUMBER_COUNT)], schema=schema_of(NUMBERS.columns))),
)
"""The tables that a backend under test must hold."""

ENDLESS_WITHOUT_ROWS = "SELECT COUNT(*) FROM NUMBERS A, NUMBERS B, NUMBERS C, NUMBERS D"
ENDLESS_ROWS = "SELECT A.N FROM NUMBERS A, NUMBERS B, NUMBERS C, NUMBERS D"


def read(catalog: Catalog, sql: str, **options: object) -> pa.Table:
    with catalog.stream(sql, **options) as rows:  # type: ignore[arg-type]
        return pa.Table.from_batches(list(rows), schema=schema_of(rows.columns))


class CatalogContract:
    def test_rows_come_in_the_order_asked_for_with_every_value_intact(self, catalog: Catalog) -> None:
        assert read(catalog, "SELECT * FROM STARS ORDER BY ID").to_pylist() == CONTENT[0][1].to_pylist()

    def test_a_descending_order_is_kept(self, catalog: Catalog) -> None:
        ids = read(catalog, "SELECT ID FROM STARS ORDER BY ID DESC")["ID"].to_pylist()
        assert all(one > other for one, other in pairwise(ids))
        assert len(ids) == STAR_COUNT

    def test_batches_have_exactly_the_arrow_types_of_their_columns(self, catalog: Catalog) -> None:
        with catalog.stream("SELECT * FROM STARS") as rows:
            assert [column.type for column in rows.columns] == [column.type for column in STARS.columns]
            for batch in rows:
                assert batch.schema.equals(schema_of(rows.columns), check_metadata=True)

    def test_no_batch_is_larger_than_asked_for(self, catalog: Catalog) -> None:
        with catalog.stream("SELECT ID FROM STARS", batch_rows=100) as rows:
            sizes = [batch.num_rows for batch in rows]
        assert max(sizes) <= 100
        assert sum(sizes) == STAR_COUNT

    @pytest.mark.parametrize("wanted", [0, 1, 999, STAR_COUNT, STAR_COUNT + 1])
    def test_the_stream_ends_after_the_rows_wanted(self, catalog: Catalog, wanted: int) -> None:
        assert read(catalog, "SELECT ID FROM STARS ORDER BY ID", max_rows=wanted)["ID"].to_pylist() == [
            row["ID"] for row in STAR_ROWS[:wanted]
        ]

    def test_a_table_in_any_letter_case_is_found(self, catalog: Catalog) -> None:
        assert read(catalog, "select id from galaxies order by id")["ID"].to_pylist() == [1, 2]

    def test_units_ucds_and_descriptions_follow_a_column_through_an_alias(self, catalog: Catalog) -> None:
        (column,) = catalog.check("SELECT S.RA AS ALPHA FROM STARS S")
        assert column == Column(
            name="ALPHA", type=ColumnType.FLOAT64, unit="deg", ucd="pos.eq.ra;meta.main", description="right ascension, ICRS"
        )

    def test_columns_of_one_name_are_told_apart(self, catalog: Catalog) -> None:
        table = read(catalog, "SELECT S.RA, G.RA FROM STARS S, GALAXIES G", max_rows=3)
        assert table.column_names == ["RA", "RA_1"]

    def test_check_gives_the_columns_that_the_stream_has(self, catalog: Catalog) -> None:
        sql = "SELECT ID, RA, NAME N FROM STARS"
        with catalog.stream(sql) as rows:
            assert catalog.check(sql) == rows.columns

    def test_check_does_not_run_the_statement(self, catalog: Catalog) -> None:
        begin = time.monotonic()
        assert len(catalog.check(ENDLESS_WITHOUT_ROWS)) == 1
        assert time.monotonic() - begin < 5

    def test_explain_gives_a_plan_and_does_not_run_the_statement(self, catalog: Catalog) -> None:
        explanation = catalog.explain(ENDLESS_WITHOUT_ROWS)
        assert "NUMBERS" in explanation.plan.upper()
        assert explanation.statement.strip()
        seen: set[int | None] = {None}
        for step in explanation.steps:
            assert step.parent in seen
            seen.add(step.id)

    @pytest.mark.parametrize(
        ("sql", "line", "column", "length"),
        [
            ("SELECT RA,\n  NOPE FROM STARS", 2, 3, 4),
            ("SELECT RA FROM NOWHERE", 1, 16, 7),
            ("SELECT S.NOPE FROM STARS S", 1, 10, 4),
            ("SELECT RA\nFROM STARS\nORDER BY NOPE", 3, 10, 4),
        ],
        ids=["column", "table", "column of an alias", "column in ORDER BY"],
    )
    def test_an_unknown_name_is_placed_in_the_text(self, catalog: Catalog, sql: str, line: int, column: int, length: int) -> None:
        with pytest.raises(InvalidQuery) as caught:
            catalog.check(sql)
        assert caught.value.line == line
        assert caught.value.column is not None
        at_fault = sql.splitlines()[line - 1][caught.value.column - 1 :][: caught.value.length]
        assert sql.splitlines()[line - 1][column - 1 : column - 1 + length] in at_fault

    @pytest.mark.parametrize(
        "sql",
        [
            "",
            "  \n ",
            "-- nothing but a comment",
            "STARS",
            "INSERT INTO GALAXIES VALUES (3, 3.5)",
            "UPDATE GALAXIES SET RA = 0",
            "DELETE FROM GALAXIES",
            "DROP TABLE GALAXIES",
            "CREATE TABLE X AS SELECT * FROM STARS",
            "SELECT ID FROM STARS; DELETE FROM GALAXIES",
            "SELECT ID FROM STARS; SELECT ID FROM GALAXIES",
            "SELECT ID FROM",
        ],
    )
    def test_anything_but_one_select_is_refused_and_changes_nothing(self, catalog: Catalog, sql: str) -> None:
        calls: list[Callable[[], object]] = [
            lambda: catalog.check(sql),
            lambda: catalog.explain(sql),
            lambda: read(catalog, sql),
            lambda: catalog.releases_read(sql),
        ]
        for call in calls:
            with pytest.raises(InvalidQuery):
                call()
        assert read(catalog, "SELECT ID FROM GALAXIES ORDER BY ID")["ID"].to_pylist() == [1, 2]

    @pytest.mark.parametrize("sql", [ENDLESS_WITHOUT_ROWS, ENDLESS_ROWS], ids=["before the first row", "in the middle"])
    def test_a_statement_is_stopped_at_its_deadline(self, catalog: Catalog, sql: str) -> None:
        begin = time.monotonic()
        with pytest.raises(DeadlineExceeded, match=r"stopped after 0\.5 s"):
            _drain(catalog, sql, limit_seconds=0.5)
        assert 0.5 <= time.monotonic() - begin < 10

    @pytest.mark.parametrize("sql", [ENDLESS_WITHOUT_ROWS, ENDLESS_ROWS], ids=["before the first row", "in the middle"])
    def test_a_statement_is_stopped_when_it_is_cancelled(self, catalog: Catalog, sql: str) -> None:
        cancellation = Cancellation()
        timer = Timer(0.3, cancellation.cancel, ["she changed her mind"])
        timer.start()
        begin = time.monotonic()
        with pytest.raises(Cancelled, match="she changed her mind"):
            _drain(catalog, sql, cancellation=cancellation)
        timer.join()
        assert time.monotonic() - begin < 10

    def test_a_statement_cancelled_before_it_begins_does_not_begin(self, catalog: Catalog) -> None:
        cancellation = Cancellation()
        cancellation.cancel("too late")
        with pytest.raises(Cancelled, match="too late"):
            _drain(catalog, ENDLESS_WITHOUT_ROWS, cancellation=cancellation)

    def test_a_cancel_after_the_end_harms_no_later_statement(self, catalog: Catalog) -> None:
        for _ in range(20):
            cancellation = Cancellation()
            read(catalog, "SELECT ID FROM GALAXIES", cancellation=cancellation, limit_seconds=60)
            cancellation.cancel()
            assert read(catalog, "SELECT COUNT(*) FROM STARS").column(0).to_pylist() == [STAR_COUNT]

    def test_leaving_early_frees_the_catalogue_for_the_next_statement(self, catalog: Catalog) -> None:
        for _ in range(40):
            with catalog.stream(ENDLESS_ROWS, batch_rows=1000) as rows:
                assert next(iter(rows)).num_rows <= 1000
        assert read(catalog, "SELECT ID FROM GALAXIES ORDER BY ID")["ID"].to_pylist() == [1, 2]

    def test_several_threads_are_served_at_once(self, catalog: Catalog) -> None:
        with ThreadPoolExecutor(6) as pool:
            tables = list(pool.map(lambda _: read(catalog, "SELECT ID FROM STARS ORDER BY ID", batch_rows=300), range(12)))
        assert all(table.equals(tables[0]) for table in tables)
        assert tables[0].num_rows == STAR_COUNT

    def test_two_streams_of_one_thread_do_not_disturb_each_other(self, catalog: Catalog) -> None:
        sql = "SELECT ID FROM STARS ORDER BY ID"
        with catalog.stream(sql, batch_rows=500) as one, catalog.stream(sql, batch_rows=500) as other:
            pairs = list(zip(one, other, strict=True))
        assert sum(batch.num_rows for batch, _ in pairs) == STAR_COUNT
        assert all(left.equals(right) for left, right in pairs)

    def test_cancelling_one_statement_leaves_the_others_alone(self, catalog: Catalog) -> None:
        cancellation = Cancellation()
        with ThreadPoolExecutor(2) as pool:
            doomed = pool.submit(_drain, catalog, ENDLESS_WITHOUT_ROWS, cancellation=cancellation)
            fine = pool.submit(read, catalog, "SELECT ID FROM STARS", batch_rows=50)
            assert fine.result().num_rows == STAR_COUNT
            cancellation.cancel()
            with pytest.raises(Cancelled):
                doomed.result(timeout=10)

    def test_the_fraction_done_lies_between_nothing_and_all(self, catalog: Catalog) -> None:
        with catalog.stream("SELECT ID FROM STARS") as rows:
            before = rows.fraction_done()
            sum(batch.num_rows for batch in rows)
            after = rows.fraction_done()
        assert before is None or 0 <= before <= 1
        assert after is None or after == 1

    def test_tables_are_listed_in_order_with_true_row_counts(self, catalog: Catalog) -> None:
        assert [(table.name, table.release, table.row_count) for table in catalog.tables()] == [
            ("STARS", "R1", STAR_COUNT),
            ("GALAXIES", "R2", 2),
            ("NUMBERS", "R1", NUMBER_COUNT),
        ]
        assert catalog.tables()[0].columns == STARS.columns

    def test_functions_are_listed_by_name(self, catalog: Catalog) -> None:
        assert "COUNT" in catalog.functions()

    def test_the_releases_read_are_those_of_every_table_named(self, catalog: Catalog) -> None:
        assert catalog.releases_read("SELECT RA FROM STARS") == {"R1"}
        assert catalog.releases_read("SELECT S.RA FROM STARS S, GALAXIES G") == {"R1", "R2"}


def _drain(catalog: Catalog, sql: str, **options: object) -> None:
    with catalog.stream(sql, **options) as rows:  # type: ignore[arg-type]
        for _ in rows:
            pass
