"""ROWNUM, LEVEL."""

from tests.backends.oracle_sql.statements.group import Group

SOURCE = "SQL Language Reference 19c, chapter 3, Pseudocolumns"

GROUPS = [
    Group(
        "ROWNUM",
        SOURCE,
        answers=[
            ("select flags, max(rownum) from s group by flags order by flags", [(0, 4), (3, 2), (4, 3)]),
            ("select count(*) from s where rownum < 3", [(2,)]),
            ("select count(*) from s where 3 >= rownum", [(3,)]),
            ("select count(*) from s where rownum between 1 and 2", [(2,)]),
            ("select count(*) from s where rownum = 1", [(1,)]),
            ("select id from s where rownum = 2", []),
            ("select id from s where rownum > 1", []),
            ("select count(*) from s where rownum > 0 and rownum >= 1", [(4,)]),
            ("select count(*) from s where rownum <> 3", [(2,)]),
            ("select count(*) from s where rownum in (1, 2, 4)", [(2,)]),
            ("select count(*) from s where rownum < 2.5 and flags = 0", [(2,)]),
            ("select count(*) from s where rownum <= 10 - 8", [(2,)]),
            ("select id from s where rownum <= 2 order by id desc", [(2,), (1,)]),
            ("select * from (select id from s order by id desc) where rownum <= 2", [(4,), (3,)]),
            (
                "select * from (select a.*, rownum rn from (select id from s order by id desc) a where rownum <= 3) where rn > 1",
                [(3, 2), (2, 3)],
            ),
            ("select rownum, id from (select id from s order by id desc) order by id", [(4, 1), (3, 2), (2, 3), (1, 4)]),
            ("select max(rownum), sum(id) from s where rownum <= 2", [(2, 3)]),
            ("select distinct 1 from s where rownum <= 3", [(1,)]),
            ("select row_number() over (order by id) from s where rownum <= 1", [(1,)]),
            (
                "select id from s a where exists (select 1 from s b where b.flags = a.flags and rownum < 2) order by id",
                [(1,), (2,), (3,), (4,)],
            ),
            ("select id from (select id from e order by id desc) where rownum <= 2", [(5,), (4,)]),
            (
                "select id from (select id, rownum rn from (select id from e order by id) where rownum <= 4) where rn >= 3 order by id",
                [(3,), (4,)],
            ),
            ("select count(*) from e where rownum < 1", [(0,)]),
            ("select id, rownum from (select id from e order by id) where mod(id, 2) = 1 order by id", [(1, 1), (3, 2), (5, 3)]),
        ],
        refusals=[
            ("select id from e where rownum < 3 or id = 5", "this condition on ROWNUM", "FETCH FIRST"),
            ("select id from e where mod(rownum, 2) = 0", "this condition on ROWNUM", "FETCH FIRST"),
            ("select e.rownum from e", "ROWNUM of a table", "column"),
            ("select rowid from e", "ROWID is not known", "column"),
        ],
    ),
    Group(
        "Hierarchical Query Pseudocolumns",
        SOURCE,
        faults=[
            ("select level from dual", "LEVEL needs CONNECT BY"),
        ],
    ),
]
