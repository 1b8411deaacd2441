"""Operators."""

from tests.backends.oracle_sql.statements.group import Group, _

SOURCE = "SQL Language Reference 19c, chapter 4, Operators"

GROUPS = [
    Group(
        "Arithmetic Operators",
        SOURCE,
        values=[
            ("null / 0", _),
            ("5 - null", _),
            ("7 / 2", 3.5),
            ("1 / 4 * 4", 1),
            ("-7 / 2", -3.5),
            ("2 * 3 + 4 / 2 - 1", 7),
            ("- -2", 2),
            ("+5", 5),
            ("2 + 3 * 4", 14),
            ("(2 + 3) * 4", 20),
        ],
        answers=[
            ("select 1/2, 7/2, 3/4*4 from dual", [(0.5, 3.5, 3)]),
            ("select id/2 from s order by id", [(0.5,), (1,), (1.5,), (2,)]),
            ("select 10 - 4 - 3, 2 * (3 + 4), -(-2), - -2 from dual", [(3, 14, 2, 2)]),
            ("select flags * 100000 from s where id = 2", [(300000,)]),
            ("select 30000 + flags * 10000 from s where id = 3", [(70000,)]),
            ("select '5' + 1 from dual", [(6,)]),
            ("select 0.1 + 0.2 from dual where 0.1 + 0.2 = 0.3", [(0.3,)]),
            ("select small * 10000 from e order by id", [(100000,), (-30000,), (_,), (0,), (70000,)]),
            ("select whole / 8 from e order by id", [(12.5,), (-37.5,), (_,), (0,), (8.75,)]),
            ("select big + 1 from e where id = 5", [(9007199254740994,)]),
        ],
        faults=[
            ("select 1 / (id - 1) from e", "ORA-01476"),
            ("mod(1)", "ORA-00909"),
        ],
    ),
    Group(
        "Concatenation Operator",
        SOURCE,
        values=[
            ("'a' || ''", "a"),
            ("1 + 2 || 3", "33"),
            ("'x' || -.50", "x-.5"),
        ],
        answers=[
            ("select 'a' || null || 'b' from dual", [("ab",)]),
            ("select null || null from dual", [(_,)]),
            ("select 'x' || 10 || 0.50 || -.5 from dual", [("x10.5-.5",)]),
            ("select tilename || '!' from s where id = 3", [("!",)]),
            ("select 1 + 2 || 'a' from dual", [("3a",)]),
            ("select txt || '!' from e order by id", [("abc!",), ("  pad !",), ("!",), ("10!",), ("Ünï_%!",)]),
        ],
    ),
    Group(
        "Set Operators",
        SOURCE,
        answers=[
            ("select 1 n from dual union select 1 from dual", [(1,)]),
            ("select 1 n from dual union all select 2 from dual minus select 2 from dual", [(1,)]),
            ("select id from e intersect select 5 from dual", [(5,)]),
            ("select num from e where id = 3 union select real from e where id = 3", [(_,)]),
            ("select id, txt from e where id = 1 union select 9, null from dual order by 1", [(1, "abc"), (9, _)]),
            ("select 1 n from dual union select 2.5 from dual order by n", [(1,), (2.5,)]),
            ("select id from e union select 9 from dual order by 1 desc fetch first 50 percent rows only", [(9,), (5,), (4,)]),
        ],
        faults=[
            ("select 1 from dual union select 'a' from dual", "ORA-01790"),
            ("select 1, 2 from dual union select 1 from dual", "ORA-01789"),
            ("select date '2020-01-01' from dual union select 1 from dual", "ORA-01790"),
            ("select 1 a from dual union select 2 from dual order by 3", "ORA-01785"),
        ],
    ),
]
