"""Functions that convert."""

from datetime import datetime

from tests.backends.oracle_sql.statements.group import INF, NAN, Group, _, day

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "TO_CHAR (number)",
        SOURCE,
        values=[
            ("to_char(7)", "7"),
            ("to_char(-0.5)", "-.5"),
            ("to_char(12.50)", "12.5"),
            ("to_char('12', '999')", "  12"),
        ],
        answers=[
            ("select to_char(1234.567, '9,999.99'), to_char(123, '99'), to_char(12, 'FM0999') from dual", [(" 1,234.57", "###", "0012")]),
            (
                "select to_char(0.5, '99.99'), to_char(0.5, '90.99'), to_char(-5, '990'), to_char(0, '99') from dual",
                [("   .50", "  0.50", "  -5", "  0")],
            ),
            (
                "select to_char(12345678, '99,999,999'), to_char(12, '$999.90'), to_char(999999, '9G999G999') from dual",
                [(" 12,345,678", "  $12.00", "   999,999")],
            ),
            ("select to_char(1.5, 'FM990.999'), to_char(1, 'FM90.99'), to_char(7) from dual", [("1.5", "1.", "7")]),
            ("select to_char(mag_r, '99.999') from s where id = 2", [(" 19.250",)]),
        ],
        refusals=[
            ("to_char(1/4)", "decimal places as a string", "give the format"),
        ],
    ),
    Group(
        "TO_CHAR (datetime)",
        SOURCE,
        answers=[
            ("select to_char(observed, 'DD-MON-YYYY HH24:MI:SS') from s where id = 1", [("01-SEP-2013 01:02:03",)]),
            (
                "select to_char(date '2020-03-05', 'Month') || '|', to_char(date '2020-03-05', 'DAY') || '|' from dual",
                [("March    |", "THURSDAY |")],
            ),
            ("select to_char(date '2020-12-31', 'Q WW IW DDD YY') from dual", [("4 53 53 366 20",)]),
            ("""select to_char(date '2020-03-05', 'YYYY"T"MM dy hh12 AM') from dual""", [("2020T03 thu 12 AM",)]),
        ],
    ),
    Group(
        "TO_NUMBER",
        SOURCE,
        values=[
            ("to_number('  12.5  ')", 12.5),
            ("to_number('-.5')", -0.5),
            ("to_number('1e3')", 1000),
            ("to_number('')", _),
            ("to_number('1,234.5', '9,999.9')", 1234.5),
            ("to_number('1234', '9999')", 1234),
            ("to_number('-7', '99')", -7),
            ("to_number('7-', '9MI')", -7),
            ("to_number('<12>', '99PR')", -12),
            ("to_number('+7', 'S9')", 7),
            ("to_number('7-', '9S')", -7),
            ("to_number('$1,234.5', '$9,999.9')", 1234.5),
            ("to_number('1D', 'XX')", 29),
        ],
        answers=[
            (
                "select to_number('12.5') + 1, to_number('1,234.5', '9,999.9'), to_number('-7', '99'), to_number('FF', 'XX') from dual",
                [(13.5, 1234.5, -7, 255)],
            ),
            ("select to_number(substr(tilename, 4, 4)) from s where id = 1", [(1,)]),
        ],
        faults=[
            ("to_number('abc')", "ORA-01722"),
            ("to_number('1,5')", "ORA-01722"),
            ("to_number('12.345', '99.99')", "ORA-01722"),
            ("to_number('1234', '999')", "ORA-01722"),
            ("select to_number(txt) from e", "ORA-01722"),
        ],
        refusals=[
            ("to_number('1' default 0 on conversion error)", "DEFAULT inside a call", "leave it out"),
            ("to_number('$12', 'L99')", "currency of the session", "take 0, 9"),
        ],
    ),
    Group(
        "TO_DATE",
        SOURCE,
        values=[
            ("to_date('January 15, 1989, 11:00 A.M.', 'Month dd, YYYY, HH:MI A.M.')", day(1989, 1, 15, 11)),
            ("to_date('2020-060', 'YYYY-DDD')", day(2020, 2, 29)),
            ("to_date('2458914', 'J')", day(2020, 3, 5)),
            ("to_date('2020-03-05 12:30 AM', 'YYYY-MM-DD HH12:MI AM')", day(2020, 3, 5, 0, 30)),
            ("to_date('2020-03-05 03661', 'YYYY-MM-DD SSSSS')", day(2020, 3, 5, 1, 1, 1)),
            ("to_date('05MAR2020', 'DDMONYYYY')", day(2020, 3, 5)),
            ("to_date(null, 'YYYY-MM-DD')", _),
        ],
        answers=[
            ("select to_date('2020-03-05 14:05', 'YYYY-MM-DD HH24:MI') from dual", [(day(2020, 3, 5, 14, 5),)]),
            ("select to_date('05-MAR-2020', 'DD-MON-YYYY'), to_date('', 'YYYY-MM-DD') from dual", [(day(2020, 3, 5), _)]),
            ("select to_date(to_char(moment, 'YYYY-MON-DD'), 'YYYY-MON-DD') from e where id = 1", [(day(2020, 2, 29),)]),
        ],
        faults=[
            ("to_date('2020-13-01', 'YYYY-MM-DD')", "is no date"),
            ("to_date('2019-366', 'YYYY-DDD')", "ORA-01848"),
            ("to_date('2020-02-30', 'YYYY-MM-DD')", "is no date"),
            ("to_date('05-MAI-2020', 'DD-MON-YYYY')", "ORA-01843"),
            ("to_date('2020-2020-01-01', 'YYYY-YYYY-MM-DD')", "ORA-01810"),
            ("to_date('2020-03-05 13:00 AM', 'YYYY-MM-DD HH12:MI AM')", "ORA-01849"),
        ],
        refusals=[
            ("to_date('2020-03-05')", "without a format", "YYYY-MM-DD"),
            ("to_date('03-05', 'MM-DD')", "without year, month and day", "today"),
            ("to_date('2020-03-05 11', 'YYYY-MM-DD HH')", "HH12 without AM", "HH24"),
            ("to_date('05.03.2020', 'DD.MM.YYYY', 'NLS_DATE_LANGUAGE = German')", "NLS parameters", "leave them out"),
        ],
    ),
    Group(
        "TO_TIMESTAMP",
        SOURCE,
        answers=[
            (
                "select to_timestamp('2020-03-05 1:2:3.25', 'YYYY-MM-DD HH24:MI:SS.FF') from dual",
                [(datetime(2020, 3, 5, 1, 2, 3, 250000),)],
            ),
        ],
        refusals=[
            ("to_timestamp('2020-01-05 01:02:03.1234', 'YYYY-MM-DD HH24:MI:SS.FF3')", "is not written as", "exactly as the format says"),
        ],
    ),
    Group(
        "CAST",
        SOURCE,
        values=[
            ("cast(1.005 / 1 as number(5,2))", 1.01),
            ("cast(0.29 / 1 * 100 as integer)", 29),
            ("cast('12.7' as integer)", 13),
            ("cast(-12.5 as number(3))", -13),
            ("cast(123.456 as number(5,2))", 123.46),
            ("cast(999.94 as number(4,1))", 999.9),
            ("cast(1.5 as float)", 1.5),
            ("cast('1.5' as binary_double)", 1.5),
            ("cast('abc' as varchar2(2))", "ab"),
            ("cast('a' as char(3)) || '|'", "a  |"),
            ("cast(12 as varchar2(5))", "12"),
            ("cast(null as number)", _),
            ("cast(date '2020-01-01' as timestamp)", day(2020, 1, 1)),
        ],
        answers=[
            (
                "select cast(2.5 as integer), cast(-2.5 as number(3)), cast(1.256 as number(4,2)), cast('abc' as varchar2(2)) from dual",
                [(3, -3, 1.26, "ab")],
            ),
            ("select cast(mag_r as number(6,1)), cast(12 as varchar2(5)) from s where id = 2", [(19.3, "12")]),
        ],
        faults=[
            ("cast(1234.5 as number(3))", "ORA-01438"),
            ("cast(999.96 as number(4,1))", "ORA-01438"),
            ("cast(123 as varchar2(2))", "ORA-25137"),
            ("cast('x' as number)", "ORA-01722"),
        ],
        refusals=[
            ("cast('2020-01-01' as date)", "CAST to date", "TO_DATE"),
            ("select cast(moment as date) from e", "fraction of the second", "TRUNC(t"),
        ],
    ),
    Group(
        "TO_BINARY_DOUBLE",
        SOURCE,
        values=[
            ("to_binary_double('1.5')", 1.5),
            ("to_binary_double('INF')", INF),
            ("to_binary_float('-inf')", -INF),
            ("to_binary_double('NaN')", NAN),
        ],
        faults=[
            ("to_binary_double('x')", "ORA-01722"),
        ],
    ),
]
