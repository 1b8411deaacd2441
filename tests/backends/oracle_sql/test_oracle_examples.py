"""The survey's own examples translate and run; sources follow columns; SETUP asks for no rights."""

import duckdb
import pytest

from skydesk.backends.oracle_sql import FUNCTIONS, SETUP, translate
from skydesk.query.model import Column, ColumnType

STAR_CUT = "WAVG_SPREAD_MODEL_I + 3.0*WAVG_SPREADERR_MODEL_I < 0.005 and WAVG_SPREAD_MODEL_I > -1"
DECK = f"""SELECT COADD_OBJECT_ID, RA, DEC, MAG_AUTO_G G, MAG_AUTO_R R, WAVG_MAG_PSF_G G_PSF, WAVG_MAG_PSF_R R_PSF FROM DR1_MAIN
WHERE RA between 323.36-0.12 and 323.36+0.12 and DEC between -0.82-0.12 and -0.82+0.12
and {STAR_CUT}
and IMAFLAGS_ISO_G = 0 and IMAFLAGS_ISO_R = 0 and FLAGS_G < 4 and FLAGS_R < 4"""
EXAMPLES = [
    "SELECT RA, DEC, MAG_AUTO_G, TILENAME from DR2_MAIN sample(99.999) FETCH FIRST 5 ROWS ONLY",
    """SELECT ALPHAWIN_J2000 RAP, DELTAWIN_J2000 DECP, MAG_AUTO_G, TILENAME FROM DR2_MAIN
       WHERE RA BETWEEN 40.0 AND 41.0 and DEC BETWEEN -41 and -40 and ROWNUM < 1001""",
    DECK,
    f"""SELECT count(MAG_AUTO_I) COUNT, HPIX_1024 FROM DR2_MAIN_SAMPLE
       WHERE {STAR_CUT} and IMAFLAGS_ISO_I = 0 and MAG_AUTO_I < 21 GROUP BY HPIX_1024""",
    """SELECT count(MAG_AUTO_I) COUNT, avg(MAG_AUTO_I) MEAN_MAG_I, HPIX_1024 FROM DR2_MAIN
       WHERE EXTENDED_CLASS_COADD = 3 and MAG_AUTO_I < 23 GROUP BY HPIX_1024""",
    """SELECT RA, DEC, MAG_AUTO_G, MAG_AUTO_R FROM DR2_MAIN SAMPLE (99.999)
       WHERE MAG_AUTO_G < 18 and WAVG_SPREAD_MODEL_I + 3.0*WAVG_SPREADERR_MODEL_I > 0.005
       and WAVG_SPREAD_MODEL_I + 1.0*WAVG_SPREADERR_MODEL_I > 0.003 and WAVG_SPREAD_MODEL_I - 1.0*WAVG_SPREADERR_MODEL_I > 0.001
       and WAVG_SPREAD_MODEL_I > -1 and IMAFLAGS_ISO_G = 0 and FLAGS_G < 4 and NEPOCHS_G > 0""",
    """SELECT m.COADD_OBJECT_ID, m.RA, d.MAG_AUTO_G_DERED,
         ((CASE WHEN (m.WAVG_SPREAD_MODEL_I + 3.*m.WAVG_SPREADERR_MODEL_I > 0.005) THEN 1 ELSE 0 END)
        + (CASE WHEN (m.WAVG_SPREAD_MODEL_I + 1.*m.WAVG_SPREADERR_MODEL_I > 0.003) THEN 1 ELSE 0 END)) AS EXTENDED_COADD
       FROM DR1_MAIN m JOIN DR1_MAGNITUDE d ON m.COADD_OBJECT_ID = d.COADD_OBJECT_ID WHERE ROWNUM <= 10""",
]
REALS = "RA DEC ALPHAWIN_J2000 DELTAWIN_J2000"
MAGNITUDES = "MAG_AUTO_G MAG_AUTO_R MAG_AUTO_I WAVG_MAG_PSF_G WAVG_MAG_PSF_R WAVG_SPREAD_MODEL_I WAVG_SPREADERR_MODEL_I"
COUNTS = "IMAFLAGS_ISO_G IMAFLAGS_ISO_R IMAFLAGS_ISO_I FLAGS_G FLAGS_R EXTENDED_CLASS_COADD NEPOCHS_G"
MAIN = (
    Column(name="COADD_OBJECT_ID", type=ColumnType.INT64),
    *(Column(name=name, type=ColumnType.FLOAT64) for name in REALS.split()),
    *(Column(name=name, type=ColumnType.FLOAT32) for name in MAGNITUDES.split()),
    *(Column(name=name, type=ColumnType.INT16) for name in COUNTS.split()),
    Column(name="HPIX_1024", type=ColumnType.INT32),
    Column(name="TILENAME", type=ColumnType.STRING),
)
DERED = (Column(name="COADD_OBJECT_ID", type=ColumnType.INT64), Column(name="MAG_AUTO_G_DERED", type=ColumnType.FLOAT32))
CATALOGUE = {"DR1_MAIN": MAIN, "DR2_MAIN": MAIN, "DR2_MAIN_SAMPLE": MAIN, "DR1_MAGNITUDE": DERED}
TYPES = {"int64": "BIGINT", "int32": "INTEGER", "int16": "SMALLINT", "float64": "DOUBLE", "float32": "FLOAT", "string": "VARCHAR"}
STAR = "(7, 323.36, -0.82, 323.36, -0.82, 17, 16.5, 16, 17, 16.5, 0.001, 0.0001, 0, 0, 0, 0, 0, 0, 5, 99, 'DES2132-0041')"
GALAXY = "(8, 40.5, -40.5, 40.5, -40.5, 17, 16.5, 16, 17, 16.5, 0.02, 0.001, 0, 0, 0, 0, 0, 3, 5, 98, 'DES0242-4040')"


@pytest.fixture(scope="module")
def catalogue_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("catalogue") / "catalogue.duckdb"
    with duckdb.connect(str(path)) as connection:
        for name, columns in CATALOGUE.items():
            connection.execute(f"CREATE TABLE {name} ({', '.join(f'{c.name} {TYPES[c.type.value]}' for c in columns)})")
            rows = "(7, 16.9)" if name == "DR1_MAGNITUDE" else f"{STAR}, {GALAXY}"
            connection.execute(f"INSERT INTO {name} VALUES {rows}")
    return path


@pytest.fixture(scope="module")
def locked(catalogue_file):
    """A connection as the service opens it: the catalogue read-only, nothing outside in reach, no setting to be changed."""
    with duckdb.connect(str(catalogue_file), read_only=True) as connection:
        for statement in SETUP:
            connection.execute(statement)
        connection.execute("SET enable_external_access = false")
        connection.execute("SET lock_configuration = true")
        yield connection


@pytest.mark.parametrize("sql", EXAMPLES, ids=range(len(EXAMPLES)))
def test_the_seven_examples_give_rows(sql, locked):
    assert locked.execute(translate(sql, CATALOGUE).statement).fetchall()


def test_the_query_of_the_deck_gives_the_star_and_its_columns(locked):
    translation = translate(DECK, CATALOGUE)
    result = locked.execute(translation.statement)
    assert [column[0] for column in result.description] == ["COADD_OBJECT_ID", "RA", "DEC", "G", "R", "G_PSF", "R_PSF"]
    assert result.fetchall() == [(7, 323.36, -0.82, 17.0, 16.5, 17.0, 16.5)]
    assert translation.tables == {"DR1_MAIN"}
    assert translation.source_of["G_PSF"] == ("DR1_MAIN", "WAVG_MAG_PSF_G")


@pytest.mark.parametrize(
    ("sql", "source_of"),
    [
        ("select ra r, ra + 1 x, max_ra from (select ra, max(dec) max_ra from s group by ra)", {"R": ("S", "RA")}),
        ("with a(x, y) as (select ra, dec from s) select * from a", {"X": ("S", "RA"), "Y": ("S", "DEC")}),
        ("select t.* from t", {"TILENAME": ("T", "TILENAME"), "RA_CENT": ("T", "RA_CENT"), "BAND": ("T", "BAND")}),
        ("select ra from s union all select ra from s", {"RA": ("S", "RA")}),
        ("select ra from s union all select ra_cent from t", {}),
        ("select rownum n, ra from (select ra from s order by ra) where rownum < 3", {"RA": ("S", "RA")}),
        ("select flags, count(*) from s group by flags", {"FLAGS": ("S", "FLAGS")}),
        ("select tilename from s left join t using (tilename)", {"TILENAME": ("S", "TILENAME")}),
        ("select tilename from s full join t using (tilename)", {}),
        ("select (ra) ra, cast(dec as number) d from s", {"RA": ("S", "RA")}),
    ],
)
def test_a_plain_column_is_followed_to_its_table(sql, source_of, tables):
    assert translate(sql, tables).source_of == source_of


@pytest.mark.parametrize(
    ("sql", "read"),
    [
        ("select 1 from dual", set()),
        ("select table_name from all_tables", set()),
        ("select id from s where tilename in (select tilename from t)", {"S", "T"}),
        ("with t as (select id from s) select * from t", {"S"}),
        ("select (select max(band) from t) from dual", {"T"}),
    ],
)
def test_the_tables_read_are_told(sql, read, tables):
    assert translate(sql, tables).tables == read


def test_a_cte_never_hides_a_table_that_another_query_reads(connection, tables):
    sql = "select a.id, b.band from (with t as (select 1 id from dual) select * from t) a, t b where b.band = 'g'"
    assert connection.execute(translate(sql, tables).statement).fetchall() == [(1, "g")]


def test_rows_of_a_sorted_subquery_are_numbered_in_its_order_when_there_are_many():
    tables = {"BIG": (Column(name="ID", type=ColumnType.INT64), Column(name="X", type=ColumnType.INT64))}
    with duckdb.connect(config={"threads": 4}) as connection:
        connection.execute("CREATE TABLE BIG AS SELECT range AS ID, hash(range) % 1000003 AS X FROM range(600000)")
        page = """select * from (select a.*, rownum rn from (select id, x from big order by x desc, id) a where rownum <= 120000)
                  where rn > 119990 order by rn"""
        expected = "SELECT ID, X, row_number() OVER (ORDER BY X DESC, ID) FROM BIG ORDER BY X DESC, ID LIMIT 10 OFFSET 119990"
        assert connection.execute(translate(page, tables).statement).fetchall() == connection.execute(expected).fetchall()
        top = "select id from (select id from big order by x, id) where rownum <= 3000"
        expected = "SELECT ID FROM BIG ORDER BY X, ID LIMIT 3000"
        assert connection.execute(translate(top, tables).statement).fetchall() == connection.execute(expected).fetchall()
        share = connection.execute(translate("select count(*) from big sample (10)", tables).statement).fetchone()[0]
        assert 50_000 < share < 70_000


def test_the_functions_offered_are_those_that_are_understood(tables):
    assert {"NVL", "DECODE", "COUNT", "ROW_NUMBER", "TO_CHAR", "SYSDATE", "LISTAGG"} <= set(FUNCTIONS)
    assert list(FUNCTIONS) == sorted(set(FUNCTIONS))


def test_only_given_owners_may_stand_before_a_table(tables):
    assert translate("select id from me.s", tables, owners=frozenset({"ME"})).tables == {"S"}
