"""The clauses of SELECT."""

from tests.backends.oracle_sql.statements.group import Group, _

SOURCE = "SQL Language Reference 19c, chapter 19, SELECT"

GROUPS = [
    Group(
        "SELECT",
        SOURCE,
        answers=[
            ("select dec ra, ra, ra + 1 from s where ra = 10.5 order by ra", [(-1, 10.5, 11.5)]),
            ("select unique flags from s order by flags", [(0,), (3,), (4,)]),
            ("select a.id from (select id from s where id > 3) a", [(4,)]),
        ],
    ),
    Group(
        "SAMPLE",
        SOURCE,
        answers=[
            ("select count(*) from s sample (99.999999) where id < 0", [(0,)]),
            ("select count(*) from s sample block (99.999999) seed (4) where id < 0", [(0,)]),
            ("select count(*) from e sample (99.999999) where id < 0", [(0,)]),
            ("select count(*) from e sample block (50) where id < 0", [(0,)]),
            (
                "select x.n - y.n from (select count(*) n from e sample (50) seed (7)) x, (select count(*) n "
                "from e sample (50) seed (7)) y",
                [(0,)],
            ),
        ],
        faults=[
            ("select * from e sample (0)", "ORA-30562"),
            ("select * from e sample (100)", "ORA-30562"),
        ],
        refusals=[
            ("select * from e sample block (1, 2)", "groups of blocks", "SAMPLE BLOCK"),
        ],
    ),
    Group(
        "subquery_factoring_clause",
        SOURCE,
        answers=[
            ("with a(x) as (select id from s), b as (select x from a where x > 2) select * from b order by x", [(3,), (4,)]),
            ("with a as (select id from e where id > 3), b as (select count(*) n from a) select n from b", [(2,)]),
        ],
        refusals=[
            (
                "with r (n) as (select 1 from dual union all select n + 1 from r where n < 3) select * from r",
                "reads itself",
                "CONNECT BY LEVEL",
            ),
            ("with function f return number is begin return 1; end; select f from dual", "PL/SQL", "expression"),
        ],
    ),
    Group(
        "group_by_clause",
        SOURCE,
        answers=[
            ("select flags, count(*) from s group by flags order by flags", [(0, 2), (3, 1), (4, 1)]),
            ("select count(*) from s group by 1", [(4,)]),
            ("select floor(ra / 10) * 10 bin, count(*) from s group by floor(ra / 10) * 10 order by bin", [(10, 3), (40, 1)]),
            ("select tilename, count(*) n from s group by tilename having count(*) > 1", [("DES0001-0001", 2)]),
            (
                "select flags, count(*), grouping(flags) from s group by rollup (flags) order by 1",
                [(0, 2, 0), (3, 1, 0), (4, 1, 0), (_, 4, 1)],
            ),
            ("select count(*) from s where id < 0", [(0,)]),
            ("select count(*) from s where id < 0 group by flags", []),
            ("select max(ra) flags, flags n from s group by flags having flags < 4 order by n", [(40.5, 0), (11.5, 3)]),
            (
                "select mod(id, 2), id, count(*) from e where id < 3 group by cube(mod(id, 2), id) order by 1, 2",
                [(0, 2, 1), (0, _, 1), (1, 1, 1), (1, _, 1), (_, 1, 1), (_, 2, 1), (_, _, 2)],
            ),
            ("select mod(id, 2) m, count(*) from e group by grouping sets ((mod(id, 2)), ()) order by m", [(0, 2), (1, 3), (_, 5)]),
            (
                "select mod(id, 2) m, id, count(*) from e where id < 3 group by mod(id, 2), rollup(id) order by 1, 2",
                [(0, 2, 1), (0, _, 1), (1, 1, 1), (1, _, 1)],
            ),
            ("select mod(id, 2) m, sum(id) from e group by mod(id, 2) having sum(id) > 6", [(1, 9)]),
            ("select count(*) from e having count(*) > 9", []),
            ("select count(*) from e group by ()", [(5,)]),
            ("select num, count(*) from e where id in (2, 3) group by num order by num", [(0, 1), (_, 1)]),
        ],
        faults=[
            ("select id, count(*) from e", "ORA-00937"),
            ("select id, num from e group by id", "ORA-00979"),
            ("select mod(id, 2) m from e group by m", "unknown column M"),
        ],
    ),
    Group(
        "pivot_clause",
        SOURCE,
        answers=[
            (
                "select * from (select hpix, flags, id from s) pivot (count(id) for flags in (0 as zero, 3 as three)) order by hpix",
                [(7, 1, 1), (8, 0, 0), (9, 1, 0)],
            ),
            ("select * from (select flags, ra from s) pivot (max(ra) as top, count(*) as n for flags in (0 z, 4 f))", [(40.5, 2, 12.5, 1)]),
            ("select * from (select mod(id, 2) m, id from e) pivot (sum(id) for m in (0 as even, 1 as odd))", [(6, 9)]),
            ("select * from (select mod(id, 2) m, id from e) pivot (min(id) lo, max(id) hi for m in (0 e, 1 o))", [(2, 4, 1, 5)]),
        ],
        refusals=[
            ("select * from e unpivot (v for c in (small, whole))", "UNPIVOT", "UNION ALL"),
        ],
    ),
    Group(
        "order_by_clause",
        SOURCE,
        answers=[
            ("select tilename from s group by tilename order by count(*) desc, tilename", [("DES0001-0001",), ("DES0002",), (_,)]),
            ("select id from s order by mag_g", [(1,), (2,), (3,), (4,)]),
            ("select id from s order by mag_g desc", [(4,), (3,), (2,), (1,)]),
            ("select id from s order by tilename nulls first, id", [(3,), (1,), (2,), (4,)]),
            ("select id from s order by tilename desc nulls last, id", [(4,), (1,), (2,), (3,)]),
            ("select id, -id less from s order by less", [(4, -4), (3, -3), (2, -2), (1, -1)]),
            ("select flags, id from s order by 1 desc, 2 desc", [(4, 3), (3, 2), (0, 4), (0, 1)]),
            ("select 5, id from s order by 1, 2", [(5, 1), (5, 2), (5, 3), (5, 4)]),
            ("select -ra ra, id from s order by ra", [(-40.5, 4), (-12.5, 3), (-11.5, 2), (-10.5, 1)]),
            ("select id from e order by num", [(4,), (2,), (5,), (1,), (3,)]),
            ("select id from e order by num desc", [(3,), (1,), (5,), (2,), (4,)]),
            ("select id from e order by num nulls first", [(3,), (4,), (2,), (5,), (1,)]),
            ("select id from e order by num desc nulls last", [(1,), (5,), (2,), (4,), (3,)]),
            ("select id n from e order by -n", [(5,), (4,), (3,), (2,), (1,)]),
            ("select id from e order by mod(id, 2), 1 desc", [(4,), (2,), (5,), (3,), (1,)]),
        ],
        faults=[
            ("select id from e order by 2", "ORA-01785"),
            ("select distinct small from e order by id", "ORA-01791"),
        ],
    ),
    Group(
        "row_limiting_clause",
        SOURCE,
        answers=[
            ("select id from s order by id fetch first 2 rows only", [(1,), (2,)]),
            ("select id from s order by id offset 1 row fetch next row only", [(2,)]),
            ("select id from s order by id offset 3 rows", [(4,)]),
            ("select id from s order by id fetch first 0 rows only", []),
            ("select id from s order by hpix fetch first 1 rows with ties", [(1,), (2,)]),
            ("select id from e order by id fetch first 5 percent rows only", [(1,)]),
            ("select id from e order by id fetch first 41 percent rows only", [(1,), (2,), (3,)]),
            ("select id from e order by id fetch first 40 percent rows only", [(1,), (2,)]),
            ("select id from (select id from e order by mod(id, 2) fetch first 20 percent rows with ties) order by id", [(2,), (4,)]),
            ("select mod(id, 2) m, count(*) from e group by mod(id, 2) order by m fetch first 1 percent rows only", [(0, 2)]),
            ("select id from (select id from e order by mod(id, 2) fetch first 1 rows with ties) order by id", [(2,), (4,)]),
            ("select count(*) from (select id from e order by mod(id, 2) offset 1 row fetch first 2 rows with ties)", [(4,)]),
            ("select id from e order by id offset 1 row fetch first 50 percent rows only", [(2,), (3,), (4,)]),
            ("select id from e order by id offset null rows", []),
            ("select id from e order by id offset -2 rows fetch first 1 row only", [(1,)]),
            ("select id from e order by id fetch first 1.9 rows only", [(1,)]),
            ("select id from e order by id fetch first -1 rows only", []),
            ("select id from e order by id fetch first 0 percent rows only", []),
            ("select id from e order by id fetch next row only", [(1,)]),
        ],
        faults=[
            ("select id from e limit 3", "LIMIT is not Oracle SQL"),
        ],
        refusals=[
            ("select distinct id from e order by id fetch first 10 percent rows only", "beside DISTINCT", "subquery"),
            ("select id from e fetch first (select 1 from dual) rows only", "computed from data", "write the number"),
        ],
    ),
    Group(
        "for_update_clause",
        SOURCE,
        refusals=[
            ("select id from e for update", "FOR UPDATE", "leave FOR UPDATE out"),
        ],
    ),
    Group(
        "flashback_query_clause",
        SOURCE,
        refusals=[
            ("select * from e as of timestamp sysdate", "AS after a table", "whole table"),
            ("select * from e partition (p1)", "PARTITION after a table", "whole table"),
        ],
    ),
]
