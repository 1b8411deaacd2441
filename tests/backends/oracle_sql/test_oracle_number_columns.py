"""Whether a float is NUMBER or binary comes from the survey file and decides what dividing by zero gives."""

from dataclasses import replace
from math import inf

import duckdb
import pytest

from skydesk.backends.oracle_sql import SETUP, translate
from skydesk.errors import InvalidSurvey
from skydesk.query.model import Column, ColumnType
from skydesk.survey import load_survey, shipped_survey


def _columns(path):
    return {column.name: column for table in load_survey(path).tables if table.name == "DR2_MAIN" for column in table.columns}


@pytest.mark.parametrize("survey", ["des", "demo"])
def test_positions_of_des_are_number_and_magnitudes_are_binary(survey):
    columns = _columns(shipped_survey(survey))
    assert not columns["RA"].binary
    assert not columns["DEC"].binary
    assert columns["ALPHAWIN_J2000"].binary
    assert columns["MAG_AUTO_G"].binary


def test_a_column_that_is_no_float_cannot_be_called_number(tmp_path):
    source = shipped_survey("des")
    tables = source.with_name("des-tables.toml").read_text(encoding="utf-8")
    wrong = tables.replace('"TILENAME" = { type = "string"', '"TILENAME" = { type = "string", number = true')
    assert wrong != tables
    (tmp_path / "des-tables.toml").write_text(wrong, encoding="utf-8")
    (tmp_path / "des.toml").write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(InvalidSurvey, match="is for float32 and float64 only"):
        load_survey(tmp_path / "des.toml")


@pytest.mark.parametrize(
    ("expression", "binary", "number"),
    [
        ("x / 0", inf, "ORA-01476"),
        ("sqrt(-x)", "nan", "ORA-01428"),
        ("round(x)", 2, 3),
        ("x + 1", 3.5, 3.5),
        ("x / 0d", inf, inf),
        ("mod(x, 2)", 0.5, 0.5),
    ],
)
def test_the_flag_decides_where_number_and_binary_differ(expression, binary, number):
    column = Column(name="X", type=ColumnType.FLOAT64)
    with duckdb.connect() as connection:
        for statement in (*SETUP, "CREATE TABLE T (X DOUBLE)", "INSERT INTO T VALUES (2.5)"):
            connection.execute(statement)
        for flag, expected in ((True, binary), (False, number)):
            statement = translate(f"select {expression} from t", {"T": (replace(column, binary=flag),)}).statement
            if isinstance(expected, str) and expected.startswith("ORA"):
                with pytest.raises(duckdb.InvalidInputException, match=expected):
                    connection.execute(statement).fetchall()
            else:
                ((found,),) = connection.execute(statement).fetchall()
                assert found == expected or str(found) == expected
