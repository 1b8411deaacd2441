"""Conditions."""

from tests.backends.oracle_sql.statements.group import Group

SOURCE = "SQL Language Reference 19c, chapter 6, Conditions"

GROUPS = [
    Group(
        "Comparison Conditions",
        SOURCE,
        answers=[
            ("select 1 from dual where 0.1 / 1 + 0.2 / 1 = 0.3", [(1,)]),
            ("select id from e where num * 100 = 1000.5", [(1,)]),
            ("select id from e where num * 100 >= 1000.5 and num / 1 <= 10.005", [(1,)]),
            ("select 1 from dual where 0.3 / 1 in (0.1, 0.3)", [(1,)]),
            ("select id from s where observed >= date '2014-01-31' order by id", [(3,), (4,)]),
            ("select id from s where id != 1 and id <> 2 and id ^= 3", [(4,)]),
        ],
    ),
    Group(
        "Floating-Point Conditions",
        SOURCE,
        answers=[
            ("select id from s where mag_g > 1000", [(3,)]),
            ("select id from e where real is nan", [(5,)]),
            ("select id from e where real is infinite or single is infinite order by id", [(4,), (5,)]),
            ("select id from e where real is not infinite and real is not nan order by id", [(1,), (2,)]),
        ],
    ),
    Group(
        "Logical Conditions",
        SOURCE,
        answers=[
            ("select id from s where not (flags = 0 or hpix = 7)", [(3,)]),
            ("select 1 from dual where not (1 = 1 and null = 1)", []),
            ("select 1 from dual where null = 1 or 1 = 1", [(1,)]),
            ("select 1 from dual where not (null = 1 and 1 = 2)", [(1,)]),
            ("select 1 from dual where not (null = 1 or 1 = 2)", []),
        ],
    ),
    Group(
        "BETWEEN Condition",
        SOURCE,
        answers=[
            ("select id from s where ra between 11 and 12.5 order by id", [(2,), (3,)]),
            ("select id from s where ra not between 11 and 12.5 order by id", [(1,), (4,)]),
            ("select 1 from dual where 2 between 3 and 1", []),
            ("select 1 from dual where 5 between null and 3", []),
            ("select 1 from dual where not (5 between null and 3)", [(1,)]),
            ("select 1 from dual where 5 between null and 9 or 5 not between null and 9", []),
            ("select id from e where moment between date '2020-01-01' and date '2020-12-31' order by id", [(1,), (4,)]),
        ],
    ),
    Group(
        "IN Condition",
        SOURCE,
        answers=[
            ("select id from s where (flags, hpix) in ((0, 7), (3, 7)) order by id", [(1,), (2,)]),
            ("select id from s where (flags, hpix) in (select flags, hpix from s where id = 1)", [(1,)]),
            ("select id from s where tilename not in (select tilename from t) order by id", [(4,)]),
            ("select id from e where num not in (0, 0.125) order by id", [(1,), (4,)]),
            ("select id from e where id not in (1, null)", []),
            ("select id from e where id in (1, null)", [(1,)]),
            ("select 1 from dual where null in (1, null)", []),
            ("select id from e where id not in (select num from e)", []),
            (
                "select id from e where id not in (select num from e where num is not null and num > 1000) order by id",
                [(1,), (2,), (3,), (4,), (5,)],
            ),
            ("select id from e where (id, small) in ((1, 10), (2, 0))", [(1,)]),
        ],
        faults=[
            ("select id from e where id in (select id, num from e)", "2 columns where 1"),
        ],
        refusals=[
            ("select id from e where (id, small) = (select id, small from e where id = 1)", "a row compared with a query", "IN"),
        ],
    ),
    Group(
        "LIKE Condition",
        SOURCE,
        answers=[
            ("select id from s where tilename like 'DES____-%' order by id", [(1,), (2,)]),
            (r"select 1 from dual where 'A_B' like 'A\_B' escape '\' and not 'AXB' like 'A\_B' escape '\'", [(1,)]),
            (r"select 1 from dual where 'a\b' like 'a\b'", [(1,)]),
            ("select 1 from dual where 'abc' like 'a_c' and 'abc' like '%' and 'abc' not like 'A%'", [(1,)]),
            ("select 1 from dual where '' like '%'", []),
            ("select 1 from dual where 'a' like ''", []),
            (r"select id from e where txt like '%\_\%' escape '\'", [(5,)]),
            ("select id from e where txt like '__ï%'", [(5,)]),
            ("select 1 from dual where 'a%c' like 'a!%c' escape '!'", [(1,)]),
        ],
        faults=[
            ("select 1 from dual where 'a' like 'a!b' escape '!'", "ORA-01424"),
            ("select 1 from dual where 'a' like 'a' escape 'xx'", "ORA-01425"),
        ],
    ),
    Group(
        "EXISTS Condition",
        SOURCE,
        answers=[
            ("select id from s where exists (select 1 from t where t.tilename = s.tilename) order by id", [(1,), (2,)]),
            ("select 1 from dual where exists (select null from e)", [(1,)]),
            ("select 1 from dual where not exists (select 1 from e where id > 5)", [(1,)]),
        ],
    ),
    Group(
        "Group Comparison",
        SOURCE,
        answers=[
            ("select id from s where ra > any (11, 12) and ra <= all (select 40 from dual) order by id", [(2,), (3,)]),
            ("select id from e where id > all (select id from e where id < 0) order by id", [(1,), (2,), (3,), (4,), (5,)]),
            ("select id from e where id = any (2, 3, 99) order by id", [(2,), (3,)]),
            ("select id from e where id <> all (1, 2, 3, 4)", [(5,)]),
            ("select id from e where id >= some (4, 5) order by id", [(4,), (5,)]),
        ],
    ),
    Group(
        "Null Conditions",
        SOURCE,
        answers=[
            ("select id from e where num is null", [(3,)]),
            ("select id from e where num is not null and moment is not null and id > 2 order by id", [(4,), (5,)]),
        ],
    ),
]
