"""Expressions."""

from tests.backends.oracle_sql.statements.group import Group, _

SOURCE = "SQL Language Reference 19c, chapter 5, Expressions"

GROUPS = [
    Group(
        "CASE Expressions",
        SOURCE,
        values=[
            ("case when null = null then 'eq' else 'ne' end", "ne"),
            ("case null when null then 'eq' else 'ne' end", "ne"),
            ("case when 1 = 2 then 'x' end", _),
            ("case when 1 = 1 then 1 else 2.5 end", 1),
            ("case 2 when 1 then 'one' when 2 then 'two' when 2 then 'too late' end", "two"),
            ("case when 1 = 1 then 0 when 1 / 0 = 1 then 1 end", 0),
        ],
        answers=[
            ("select case when ra > 40 then 'far' when ra > 11 then 'mid' end from s order by id", [(_,), ("mid",), ("mid",), ("far",)]),
            ("select case flags when 0 then 1 else 2.5 end from s order by id", [(1,), (2.5,), (2.5,), (1,)]),
            (
                "select case when num > 0 then 'up' when num < 0 then 'down' when num = 0 then 'flat' else 'none' end from e order by id",
                [("up",), ("flat",), ("none",), ("down",), ("up",)],
            ),
        ],
        faults=[
            ("case 1 when '1' then 'x' end", "ORA-00932"),
            ("case when 1 = 1 then 1 else 'x' end", "ORA-00932"),
            ("case 1 when 1 then 'a' when 2 then 3 end", "ORA-00932"),
        ],
    ),
    Group(
        "Scalar Subquery Expressions",
        SOURCE,
        values=[
            ("(select max(id) from e) + 1", 6),
            ("nvl((select id from e where id = 99), -1)", -1),
        ],
        answers=[
            (
                "select id, (select max(ra_cent) from t where t.tilename = s.tilename) from s order by id",
                [(1, 11), (2, 11), (3, _), (4, _)],
            ),
            ("select id, (select count(*) from e f where f.id < e.id) from e order by id", [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)]),
        ],
        faults=[
            ("select (select id from e) from dual", "ore than one row"),
            ("select (select id, num from e) from dual", "ORA-00913"),
        ],
    ),
]
