"""Queries, joins, set operators."""

from tests.backends.oracle_sql.statements.group import Group, _, day

SOURCE = "SQL Language Reference 19c, chapter 9, SQL Queries and Subqueries"

GROUPS = [
    Group(
        "Selecting from the DUAL Table",
        SOURCE,
        answers=[
            ("select * from dual", [("X",)]),
            ("select dummy from sys.dual", [("X",)]),
        ],
    ),
    Group(
        "Hierarchical Queries",
        SOURCE,
        answers=[
            ("select level from dual connect by level <= 3", [(1,), (2,), (3,)]),
            ("select rownum r from dual connect by rownum < 3", [(1,), (2,)]),
            ("select level from dual connect by level <= 0", [(1,)]),
            ("select sum(level) from dual connect by level <= 100", [(5050,)]),
            (
                "select date '2020-01-01' + level - 1 from dual connect by level <= 3 order by 1",
                [(day(2020, 1, 1),), (day(2020, 1, 2),), (day(2020, 1, 3),)],
            ),
            ("with n as (select level i from dual connect by level <= 4) select sum(i), count(*) from n", [(10, 4)]),
            ("select e.id from e, (select level n from dual connect by level <= 2) g where g.n = e.id order by 1", [(1,), (2,)]),
        ],
        refusals=[
            ("select id from e connect by prior id = small", "PRIOR", "join"),
            ("select id from e start with id = 1 connect by level < 3", "hierarchical queries", "CONNECT BY LEVEL"),
        ],
    ),
    Group(
        "Joins",
        SOURCE,
        answers=[
            ("select 1 from (select 'a ' k from dual) x join (select 'a' k from dual) y using (k)", [(1,)]),
            ("select count(*) from s left join (t join dual on 1 = 1) on s.tilename = t.tilename", [(4,)]),
            ("select s.id, t.band from s join t on s.tilename = t.tilename order by 1", [(1, "g"), (2, "g")]),
            ("select s.id from s left outer join t on s.tilename = t.tilename where t.tilename is null order by 1", [(3,), (4,)]),
            (
                "select tilename, id from s full join t using (tilename) order by id nulls first",
                [("DES0003", _), ("DES0001-0001", 1), ("DES0001-0001", 2), (_, 3), ("DES0002", 4)],
            ),
            (
                "select * from (select id, tilename from s) natural join t order by id",
                [("DES0001-0001", 1, 11, "g"), ("DES0001-0001", 2, 11, "g")],
            ),
            ("select count(*) from s cross join t", [(8,)]),
            ("select count(*) from s, t", [(8,)]),
        ],
    ),
    Group(
        "Outer Joins",
        SOURCE,
        answers=[
            ("select a.id, b.ra_cent from s a, t b where a.tilename = b.tilename(+) order by a.id", [(1, 11), (2, 11), (3, _), (4, _)]),
            (
                "select b.tilename, a.id from s a, t b where a.tilename(+) = b.tilename and a.flags(+) = 0 order by 1",
                [("DES0001-0001", 1), ("DES0003", _)],
            ),
            ("select a.id from s a, t b where a.tilename = b.tilename(+) and b.band is null order by 1", [(3,), (4,)]),
            ("select count(*) from s a, t b, t c where a.tilename = b.tilename(+) and b.band = c.band(+) and a.id < 4", [(3,)]),
            ("select e.id, t.band from e, t where e.txt = t.tilename(+) order by 1", [(1, _), (2, _), (3, _), (4, _), (5, _)]),
            ("select a.id, b.id from e a, e b where a.id = b.id(+) and b.num(+) > 0 order by 1", [(1, 1), (2, _), (3, _), (4, _), (5, 5)]),
            ("select a.id from e a, e b where a.id = b.id(+) + 4 order by 1", [(1,), (2,), (3,), (4,), (5,)]),
        ],
        faults=[
            ("select a.id from e a, e b where a.id(+) = b.id(+)", "ORA-01468"),
            ("select a.id from e a, e b where a.id = b.id(+) and b.small = a.small(+)", "ORA-01416"),
            ("select a.id from e a join e b on a.id = b.id, t where a.txt = t.tilename(+)", "ORA-25156"),
        ],
        refusals=[
            ("select a.id from e a, e b where a.id = b.id(+) or a.num = 1", "ORA-01719", "LEFT JOIN"),
        ],
    ),
    Group(
        "Set Operators",
        SOURCE,
        answers=[
            ("select flags from s minus select 0 from dual", [(3,), (4,)]),
            ("select 1 x from dual union select 2 from dual intersect select 2 from dual", [(2,)]),
            ("select 1 x from dual union all select 1 from dual", [(1,), (1,)]),
            ("select null x from dual union all select 1 from dual", [(_,), (1,)]),
            ("select id, ra from s where id = 1 union select hpix, 1 from s where id = 4 order by 1 desc", [(9, 1), (1, 10.5)]),
        ],
    ),
    Group(
        "Subqueries",
        SOURCE,
        answers=[
            ("select id from e where num = (select max(num) from e)", [(1,)]),
            ("select m, n from (select mod(id, 2) m, count(*) n from e group by mod(id, 2)) where n > 2", [(1, 3)]),
        ],
        refusals=[
            ("select * from e, lateral (select 1 from dual)", "LATERAL", "tables"),
            ("select * from e cross apply (select 1 from dual)", "APPLY", "join"),
        ],
    ),
    Group(
        "Distributed Queries",
        SOURCE,
        refusals=[
            ("select * from e@remote", "database links", "this catalogue"),
        ],
    ),
]
