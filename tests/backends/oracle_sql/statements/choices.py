"""Functions that choose between values."""

from tests.backends.oracle_sql.statements.group import Group, _, day

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "NVL",
        SOURCE,
        values=[
            ("nvl(null, 'x')", "x"),
            ("nvl('a', 'b')", "a"),
            ("nvl(null, null)", _),
            ("nvl('x', 1)", "x"),
            ("nvl(null, 1) + 1", 2),
        ],
        answers=[
            ("select nvl(tilename, 'none') from s where id = 3", [("none",)]),
            ("select nvl(mag_g, -9) from s where id = 4", [(-9,)]),
            ("select nvl(num, -1) from e order by id", [(10.005,), (0,), (-1,), (-7.5,), (0.125,)]),
        ],
        faults=[
            ("nvl(1, 'x')", "ORA-01722"),
        ],
        refusals=[
            ("select nvl(sysdate, moment) from e", "a timestamp made a date", "CAST(d AS TIMESTAMP)"),
        ],
    ),
    Group(
        "NVL2",
        SOURCE,
        values=[
            ("nvl2('a', 1, 2)", 1),
            ("nvl2(null, 1, 2)", 2),
            ("nvl2('a', null, 'x')", _),
        ],
        answers=[
            ("select nvl2('', 'set', 'unset'), nvl2('x', 1, 2), coalesce(null, null, 3), nullif(1, 1) from dual", [("unset", 1, 3, _)]),
        ],
        faults=[
            ("nvl2(null, 1, 'x')", "ORA-01722"),
        ],
    ),
    Group(
        "DECODE",
        SOURCE,
        values=[
            ("decode(1, 1, null, 5) || 'x'", "x"),
            ("decode(2, 1, null, 5)", "5"),
            ("decode(0.1 / 1 * 3, 0.3, 'same', 'other')", "same"),
            ("decode('', null, 'same')", "same"),
            ("decode(2, 1, 'one', 2, 'two', 'more')", "two"),
            ("decode(9, 1, 'one')", _),
            ("decode(1, '1', 'text', 'none')", "text"),
            ("decode('01', 1, 'number', 'none')", "number"),
        ],
        answers=[
            ("select decode(null, null, 'same', 'other') from dual", [("same",)]),
            ("select decode(flags, 0, 'zero', 3, 'three', 'other') from s order by id", [("zero",), ("three",), ("other",), ("zero",)]),
            ("select decode(1, 2, 'x') from dual", [(_,)]),
            ("select decode('a', 'a ', 1, 0) from dual", [(0,)]),
            (
                "select id, decode(num, null, 'null', 0, 'zero', 'other') from e order by id",
                [(1, "other"), (2, "zero"), (3, "null"), (4, "other"), (5, "other")],
            ),
        ],
        refusals=[
            ("select decode(id, 1, null, num) from e", "decimal places as a string", "TO_CHAR"),
        ],
    ),
    Group(
        "GREATEST",
        SOURCE,
        values=[
            ("greatest('HARRY', 'HARRIOT', 'HAROLD')", "HARRY"),
            ("greatest(1, '3.925', '2.4')", 3.925),
            ("greatest('a', 1)", "a"),
            ("least(1, null)", _),
            ("greatest(date '2020-01-01', date '2021-01-01')", day(2021, 1, 1)),
        ],
        answers=[
            ("select greatest(1, 3.925, 2.4), greatest(1, null), least(2, null, 1) from dual", [(3.925, _, _)]),
            ("select greatest('HARRY', 'HARRIOT', 'HAROLD'), least('HARRY', 'HARRIOT', 'HAROLD') from dual", [("HARRY", "HAROLD")]),
        ],
        faults=[
            ("greatest(1, 'x')", "ORA-01722"),
        ],
    ),
    Group(
        "LNNVL",
        SOURCE,
        answers=[
            ("select id from s where lnnvl(tilename = 'DES0002') order by id", [(1,), (2,), (3,)]),
            ("select id from e where lnnvl(num > 0) order by id", [(2,), (3,), (4,)]),
        ],
    ),
    Group(
        "COALESCE",
        SOURCE,
        values=[
            ("coalesce(null, '', 'b')", "b"),
            ("coalesce(null, 1, 2.5)", 1),
        ],
        faults=[
            ("coalesce(1, 'x')", "ORA-00932"),
            ("coalesce(1)", "ORA-00909"),
        ],
    ),
    Group(
        "NULLIF",
        SOURCE,
        values=[
            ("nullif(1, 1)", _),
            ("nullif(1, 2)", 1),
            ("nullif('a ', 'a')", _),
        ],
        faults=[
            ("nullif(null, 1)", "ORA-00932"),
        ],
    ),
]
