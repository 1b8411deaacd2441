"""Own tables in statements on the embedded catalogue: joins, names, and that nobody sees what is not theirs."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from skydesk.backends.duckdb_catalog import DuckdbCatalog
from skydesk.backends.own_tables import DuckdbTableStore
from skydesk.errors import InvalidQuery
from skydesk.query.acting import acting_for
from skydesk.tables.model import Grant
from tests.contracts.catalog_contract import CONTENT, STAR_ROWS, read
from tests.contracts.table_store_contract import PLENTY, make, rows
from tests.fakes.duckdb_file import write_duckdb

FIRST = STAR_ROWS[0]["ID"]


@pytest.fixture
def store(tmp_path: Path) -> DuckdbTableStore:
    return DuckdbTableStore(tmp_path / "tables")


@pytest.fixture
def catalog(tmp_path: Path, store: DuckdbTableStore) -> Iterator[DuckdbCatalog]:
    path = tmp_path / "catalog.duckdb"
    catalog = DuckdbCatalog(path, survey=write_duckdb(path, CONTENT), own_tables=store)
    yield catalog
    catalog.close()


def ask(catalog: DuckdbCatalog, person: str, sql: str, *groups: str) -> list[tuple[object, ...]]:
    with acting_for(person, groups):
        table = read(catalog, sql)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True)) if table.num_columns else []


def error(catalog: DuckdbCatalog, person: str, sql: str) -> tuple[str, dict[str, object]]:
    with acting_for(person), pytest.raises(InvalidQuery) as caught:
        catalog.check(sql)
    return str(caught.value), caught.value.detail


def test_an_own_table_joins_one_of_the_catalogue(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", FIRST, FIRST + 2)
    sql = f"SELECT m.ID - {FIRST} N, s.RA FROM mine m JOIN STARS s ON s.ID = m.ID ORDER BY 1"
    assert ask(catalog, "vera", sql) == [(0, 10.0), (2, 10.002)]
    assert ask(catalog, "vera", "SELECT COUNT(*) FROM GALAXIES g, MINE") == [(4,)]


def test_its_columns_keep_their_words(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", 1)
    with acting_for("vera"):
        (column,) = catalog.check("SELECT RA AS ALPHA FROM MINE")
        assert (column.name, column.unit) == ("ALPHA", "deg")
        assert "data" in catalog.explain("SELECT RA FROM MINE").plan
        assert catalog.releases_read("SELECT m.RA FROM MINE m JOIN STARS s ON s.ID = m.ID") == {"R1"}


def test_it_is_named_with_its_owner_too(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", 1)
    make(store, "ann@x.org", "T", 2)
    store.grant("ann@x.org", "T", [Grant(kind="user", name="vera")])
    for sql in (
        "SELECT ID FROM VERA.MINE",
        "SELECT vera.mine.ID FROM vera.mine",
        'SELECT ID FROM "vera".MINE',
        "SELECT m.ID FROM VERA.MINE m",
    ):
        assert ask(catalog, "vera", sql) == [(1,)]
    assert ask(catalog, "vera", 'SELECT ID FROM "ann@x.org".T') == [(2,)]


def test_a_table_of_the_catalogue_goes_before_one_of_its_name(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "GALAXIES", 7)
    assert ask(catalog, "vera", "SELECT COUNT(*) FROM GALAXIES") == [(2,)]
    assert ask(catalog, "vera", "SELECT ID FROM VERA.GALAXIES") == [(7,)]


@pytest.mark.parametrize(
    "sql", ["SELECT * FROM {}", "SELECT * FROM STARS WHERE ID IN (SELECT ID FROM {})", "SELECT COUNT(*) FROM {} SAMPLE(10)"]
)
def test_a_table_that_is_not_granted_looks_like_one_that_is_not_there(catalog: DuckdbCatalog, store: DuckdbTableStore, sql: str) -> None:
    make(store, "vera", "SECRET_1", 1)
    make(store, "cecilia", "OWN_1", 1)
    for hidden, absent in (("SECRET_1", "SECRET_2"), ("VERA.SECRET_1", "VERB.SECRET_1"), ("VERA.SECRET_1", "VERA.SECRET_2")):
        message, detail = error(catalog, "cecilia", sql.format(hidden))
        other, other_detail = error(catalog, "cecilia", sql.format(absent))
        assert message.replace("VERA", "VERB").replace("SECRET_1", "SECRET_2") == other.replace("VERA", "VERB").replace(
            "SECRET_1", "SECRET_2"
        )
        assert str(detail["hint"]).replace("SECRET_1", "SECRET_2") == str(other_detail["hint"]).replace("SECRET_1", "SECRET_2")
        assert (detail["line"], detail["column"], detail["length"]) == tuple(other_detail[key] for key in ("line", "column", "length"))


def test_of_an_owner_who_granted_one_table_the_others_look_like_none(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    for name in ("OPEN_1", "SECRET_1"):
        make(store, "vera", name, 1)
    store.grant("vera", "OPEN_1", [Grant(kind="user", name="cecilia")])
    message, detail = error(catalog, "cecilia", "SELECT * FROM VERA.SECRET_1")
    other, other_detail = error(catalog, "cecilia", "SELECT * FROM VERA.SECRET_2")
    assert (message, detail) == (other.replace("SECRET_2", "SECRET_1"), other_detail)


def test_the_file_itself_cannot_be_named(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    table = make(store, "vera", "MINE", 1)
    ask(catalog, "vera", "SELECT * FROM MINE")
    path = store.path("vera", table.version)
    for sql in (
        f'SELECT * FROM "{table.version}".MAIN.DATA',
        f'SELECT * FROM "{table.version}"."main"."data"',
        f'SELECT * FROM "{path}"',
        f"SELECT * FROM read_blob('{path}')",
    ):
        for person in ("cecilia", "vera"):
            error(catalog, person, sql)


def test_a_group_opens_a_table_to_its_members_only(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "SHARED", 5)
    store.grant("vera", "SHARED", [Grant(kind="group", name="dwarfs")])
    assert ask(catalog, "cecilia", "SELECT ID FROM VERA.SHARED", "dwarfs") == [(5,)]
    error(catalog, "cecilia", "SELECT ID FROM VERA.SHARED")
    error(catalog, "cecilia", "SELECT ID FROM SHARED")
    store.grant("vera", "SHARED", [])
    with pytest.raises(InvalidQuery):
        ask(catalog, "cecilia", "SELECT ID FROM VERA.SHARED", "dwarfs")


def test_nobody_acts_for_the_service_itself(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "", "T", 1)
    with pytest.raises(InvalidQuery):
        catalog.check("SELECT * FROM T")


def test_the_dictionary_shows_ones_own_and_what_was_granted(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", 1)
    make(store, "ann", "LENT", 1)
    make(store, "ann", "HIDDEN", 1)
    store.grant("ann", "LENT", [Grant(kind="user", name="vera")])
    assert ask(catalog, "vera", "SELECT TABLE_NAME FROM USER_TABLES") == [("MINE",)]
    tables = ask(catalog, "vera", "SELECT OWNER, TABLE_NAME FROM ALL_TABLES WHERE OWNER <> 'DES_ADMIN' ORDER BY 1")
    assert tables == [("ANN", "LENT"), ("VERA", "MINE")]
    assert ask(catalog, "vera", "SELECT COUNT(*) FROM USER_TAB_COLUMNS") == [(3,)]
    assert ask(catalog, "vera", "SELECT COMMENTS FROM USER_COL_COMMENTS WHERE COLUMN_NAME = 'ID'") == [("number",)]
    assert ask(catalog, "cecilia", "SELECT TABLE_NAME FROM USER_TABLES") == []
    with acting_for("cecilia"):
        assert read(catalog, "SELECT COUNT(*) N FROM ALL_TABLES")["N"].to_pylist() == [len(CONTENT)]


def test_the_same_text_reads_each_persons_own_table(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", 1)
    make(store, "ann", "MINE", 2, 3)
    sql = "SELECT COUNT(*) FROM MINE"
    assert [ask(catalog, person, sql) for person in ("vera", "ann", "vera")] == [[(1,)], [(2,)], [(1,)]]


def test_a_statement_reads_what_there_is_when_it_runs(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", 1)
    sql = "SELECT COUNT(*) FROM MINE"
    assert ask(catalog, "vera", sql) == [(1,)]
    with store.append("vera", "MINE", limits=PLENTY) as loading:
        loading.add(rows(2))
        loading.commit()
    assert ask(catalog, "vera", sql) == [(2,)]
    store.drop("vera", "MINE")
    with pytest.raises(InvalidQuery):
        ask(catalog, "vera", sql)


def test_a_statement_that_runs_outlives_its_table(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    make(store, "vera", "MINE", *range(2000))
    with acting_for("vera"), catalog.stream("SELECT m.ID FROM MINE m, NUMBERS n", batch_rows=2000) as stream:
        batches = iter(stream)
        count = next(batches).num_rows
        store.drop("vera", "MINE")
        for number in range(40):
            make(store, "vera", f"T{number % 8}", 1) if number < 8 else ask(catalog, "vera", f"SELECT ID FROM T{number % 8}")
        assert count + next(batches).num_rows == 4000


def test_two_people_ask_and_change_at_once(catalog: DuckdbCatalog, store: DuckdbTableStore) -> None:
    failures: list[BaseException] = []

    def work(person: str) -> None:
        try:
            for number in range(6):
                make(store, person, f"T{number}", *range(number + 1))
                assert ask(catalog, person, f"SELECT COUNT(*) FROM T{number}") == [(number + 1,)]
                store.drop(person, f"T{number}")
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(person,)) for person in ("vera", "ann")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert not failures
