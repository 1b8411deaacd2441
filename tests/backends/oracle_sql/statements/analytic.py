"""Analytic functions."""

from tests.backends.oracle_sql.statements.group import Group, _

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "Analytic Functions",
        SOURCE,
        answers=[
            ("select avg(ra) over (order by ra range between 1 preceding and 1 following) from s", [(11,), (11.5,), (12,), (40.5,)]),
            ("select id, sum(id) over (order by id rows 1 preceding) from s order by id", [(1, 1), (2, 3), (3, 5), (4, 7)]),
            ("select id, sum(id) over (order by hpix) from s order by id", [(1, 3), (2, 3), (3, 6), (4, 10)]),
            ("select hpix, sum(count(*)) over () from s group by hpix order by 1", [(7, 4), (8, 4), (9, 4)]),
            (
                "select id, sum(id) over (order by id rows between 1 preceding and 1 following) from e order by id",
                [(1, 3), (2, 6), (3, 9), (4, 12), (5, 9)],
            ),
            ("select id, sum(id) over (order by id) from e order by id", [(1, 1), (2, 3), (3, 6), (4, 10), (5, 15)]),
            ("select id, sum(id) over (order by mod(id, 2)) from e order by id", [(1, 15), (2, 6), (3, 15), (4, 6), (5, 15)]),
            (
                "select id, count(*) over (order by trunc(moment) range between 31 preceding and current row) "
                "from e where moment is not null order by id",
                [(1, 2), (2, 1), (4, 2), (5, 1)],
            ),
            (
                "select id, count(*) over (order by moment range between interval '31' day preceding and current row) "
                "from e where moment is not null order by id",
                [(1, 2), (2, 1), (4, 2), (5, 1)],
            ),
            ("select id, row_number() over (order by num desc) from e order by id", [(1, 2), (2, 4), (3, 1), (4, 5), (5, 3)]),
            ("select * from (select id, rank() over (order by num desc nulls last) r from e) where r <= 2 order by r", [(1, 1), (5, 2)]),
        ],
        faults=[
            ("select id from e where row_number() over (order by id) = 1", "ORA-30483"),
            ("select row_number() over () from e", "ORA-30485"),
            ("select sum(id) over (rows 1 preceding) from e", "ORA-30485"),
        ],
        refusals=[
            ("select sum(id) over w from e window w as (order by id)", "named windows", "OVER (...)"),
            ("select id, sum(id) over (order by moment range 5 preceding) from e", "a range of days over timestamps", "INTERVAL"),
        ],
    ),
    Group(
        "ROW_NUMBER",
        SOURCE,
        answers=[
            ("select id, row_number() over (partition by hpix order by id desc) from s order by id", [(1, 2), (2, 1), (3, 1), (4, 1)]),
        ],
    ),
    Group(
        "RANK",
        SOURCE,
        answers=[
            (
                "select id, rank() over (order by hpix), dense_rank() over (order by hpix) from s order by id",
                [(1, 1, 1), (2, 1, 1), (3, 3, 2), (4, 4, 3)],
            ),
        ],
    ),
    Group(
        "LAG",
        SOURCE,
        answers=[
            (
                "select id, lag(id) over (order by id), lead(id, 1, 0) over (order by id) from s order by id",
                [(1, _, 2), (2, 1, 3), (3, 2, 4), (4, 3, 0)],
            ),
            (
                "select id, lag(num) over (order by id), lag(num, 2, 99) over (order by id) from e order by id",
                [(1, _, 99), (2, 10.005, 99), (3, 0, 10.005), (4, _, 0), (5, -7.5, _)],
            ),
            ("select id, lag(num) ignore nulls over (order by id) from e order by id", [(1, _), (2, 10.005), (3, 0), (4, 0), (5, -7.5)]),
            (
                "select id, lag(num ignore nulls, 1, -1) over (order by id) from e order by id",
                [(1, -1), (2, 10.005), (3, 0), (4, 0), (5, -7.5)],
            ),
            ("select id, lead(num) ignore nulls over (order by id) from e order by id", [(1, 0), (2, -7.5), (3, -7.5), (4, 0.125), (5, _)]),
        ],
    ),
    Group(
        "FIRST_VALUE",
        SOURCE,
        answers=[
            ("select id, first_value(id) over (partition by flags order by id desc) from s order by id", [(1, 4), (2, 2), (3, 3), (4, 4)]),
        ],
    ),
    Group(
        "LAST_VALUE",
        SOURCE,
        answers=[
            (
                "select id, last_value(tilename ignore nulls) over (order by id) from s order by id",
                [(1, "DES0001-0001"), (2, "DES0001-0001"), (3, "DES0001-0001"), (4, "DES0002")],
            ),
            (
                "select id, last_value(num) ignore nulls over (order by id) from e order by id",
                [(1, 10.005), (2, 0), (3, 0), (4, -7.5), (5, 0.125)],
            ),
            (
                "select id, last_value(id) over (order by id rows between unbounded preceding and unbounded following) from e order by id",
                [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)],
            ),
        ],
    ),
    Group(
        "RATIO_TO_REPORT",
        SOURCE,
        answers=[
            ("select id, ratio_to_report(id) over () from s order by id", [(1, 0.1), (2, 0.2), (3, 0.3), (4, 0.4)]),
        ],
        faults=[
            ("select ratio_to_report(id - 3) over () from e", "sum is zero"),
        ],
    ),
    Group(
        "NTILE",
        SOURCE,
        answers=[
            ("select id, ntile(2) over (order by id) from s order by id", [(1, 1), (2, 1), (3, 2), (4, 2)]),
        ],
    ),
    Group(
        "NTH_VALUE",
        SOURCE,
        answers=[
            ("select id, nth_value(id, 2) over (order by id) from e order by id", [(1, _), (2, 2), (3, 2), (4, 2), (5, 2)]),
        ],
        refusals=[
            ("select nth_value(id, 2) from last over (order by id) from e", "FROM LAST", "order round"),
        ],
    ),
    Group(
        "CUME_DIST",
        SOURCE,
        answers=[
            (
                "select id, cume_dist() over (order by id), percent_rank() over (order by id) from e order by id",
                [(1, 0.2, 0), (2, 0.4, 0.25), (3, 0.6, 0.5), (4, 0.8, 0.75), (5, 1, 1)],
            ),
        ],
    ),
    Group(
        "LISTAGG and PERCENTILE_CONT as analytic functions",
        SOURCE,
        answers=[
            (
                "select id, listagg(id, '+') within group (order by id) over (partition by mod(id, 2)) from e order by id",
                [(1, "1+3+5"), (2, "2+4"), (3, "1+3+5"), (4, "2+4"), (5, "1+3+5")],
            ),
            (
                "select id, percentile_cont(0.5) within group (order by id desc) over (partition by mod(id, 2)) from e order by id",
                [(1, 3), (2, 3), (3, 3), (4, 3), (5, 3)],
            ),
            ("select id, median(id) over (partition by mod(id, 2)) from e order by id", [(1, 3), (2, 3), (3, 3), (4, 3), (5, 3)]),
        ],
        faults=[
            ("select listagg(id, ',') within group (order by id) over (order by id) from e", "ORA-30487"),
        ],
    ),
]
