"""Aggregate functions."""

from tests.backends.oracle_sql.statements.group import Group, _, day

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "SUM",
        SOURCE,
        answers=[
            ("select sum(case when flags = 0 then 1 else 0 end) / count(*) from s", [(0.5,)]),
            ("select sum(id), avg(id), min(tilename), max(ra), sum(flags) / count(*) from s", [(10, 2.5, "DES0001-0001", 40.5, 1.75)]),
        ],
    ),
    Group(
        "COUNT",
        SOURCE,
        answers=[
            ("select count(tilename), count(distinct tilename), count(unique flags), count(all id) from s", [(3, 2, 3, 4)]),
            ("select count(distinct small), count(all small), count(unique small) from e", [(4, 4, 4)]),
            ("select count(distinct mod(id, 2)) from e", [(2,)]),
            ("select sum(distinct mod(id, 2)), avg(distinct mod(id, 2)) from e", [(1, 0.5)]),
        ],
        refusals=[
            ("select median(distinct id) from e", "MEDIAN(DISTINCT", "subquery"),
            ("select approx_count_distinct(id) from e", "no function APPROX_COUNT_DISTINCT", "COUNT(DISTINCT x)"),
        ],
    ),
    Group(
        "MEDIAN",
        SOURCE,
        answers=[
            ("select median(ra), median(id) from s", [(12, 2.5)]),
            ("select median(small) from e", [(3.5,)]),
            ("select median(num) from e where num >= 0", [(0.125,)]),
        ],
        refusals=[
            ("select median(moment) from e", "MEDIAN of dates", "PERCENTILE_DISC"),
        ],
    ),
    Group(
        "STDDEV",
        SOURCE,
        answers=[
            ("select stddev(id), stddev_samp(id), variance(id), stddev_pop(id) from s where id = 1", [(0, _, 0, 0)]),
            ("select stddev(id) from s where id < 0", [(_,)]),
            ("select variance(id), var_pop(id) from s", [(1.66666666666667, 1.25)]),
            ("select id, stddev(id) over (partition by flags) from s where id in (2, 3) order by id", [(2, 0), (3, 0)]),
            ("select stddev(small), stddev_samp(small), stddev_pop(small) from e where id = 1", [(0, _, 0)]),
            ("select round(stddev(small), 6), round(stddev_pop(small), 6) from e", [(6.027714, 5.220153)]),
        ],
    ),
    Group(
        "LISTAGG",
        SOURCE,
        answers=[
            ("select listagg(distinct tilename, ',') within group (order by tilename) from s", [("DES0001-0001,DES0002",)]),
            ("select listagg(id, '; ') within group (order by id desc) from s", [("4; 3; 2; 1",)]),
            ("select listagg(tilename, ',') within group (order by id) from s where id in (3, 4)", [("DES0002",)]),
            ("select listagg(txt, ',') within group (order by id) from e", [("abc,  pad ,10,Ünï_%",)]),
            ("select listagg(id) within group (order by id desc) from e", [("54321",)]),
            ("select listagg(id, ', ') within group (order by id) from e where id > 9", [(_,)]),
            ("select listagg(id, ',' on overflow error) within group (order by id) from e", [("1,2,3,4,5",)]),
        ],
        faults=[
            ("select listagg(rpad('x', 2000), ',') within group (order by id) from e", "ORA-01489"),
        ],
        refusals=[
            ("select listagg(txt, ',' on overflow truncate) within group (order by id) from e", "ON OVERFLOW TRUNCATE", "leave it out"),
        ],
    ),
    Group(
        "PERCENTILE_CONT",
        SOURCE,
        answers=[
            ("select percentile_cont(0.5) within group (order by id), percentile_disc(0.5) within group (order by id) from s", [(2.5, 2)]),
            (
                "select percentile_cont(0.25) within group (order by id), percentile_cont(0.25) within group (order by id desc) from e",
                [(2, 4)],
            ),
            ("select percentile_disc(0.5) within group (order by num) from e", [(0,)]),
            ("select percentile_disc(0.3) within group (order by id desc) from e", [(4,)]),
        ],
        faults=[
            ("select percentile_cont(1.5) within group (order by id) from e", "from 0 to 1"),
        ],
        refusals=[
            ("select percentile_cont(0.5) within group (order by moment) from e", "PERCENTILE_CONT of dates", "PERCENTILE_DISC"),
        ],
    ),
    Group(
        "FIRST",
        SOURCE,
        answers=[
            ("select max(id) keep (dense_rank first order by flags) from s", [(4,)]),
            ("select max(id) keep (dense_rank first order by num) from e", [(4,)]),
            ("select max(id) keep (dense_rank last order by num) from e", [(3,)]),
            ("select max(id) keep (dense_rank last order by num nulls first) from e", [(1,)]),
            ("select sum(id) keep (dense_rank first order by mod(id, 2)) from e", [(6,)]),
            ("select mod(id, 2), min(id) keep (dense_rank last order by id) from e group by mod(id, 2) order by 1", [(0, 4), (1, 5)]),
        ],
        refusals=[
            ("select max(id) keep (dense_rank first order by num) over () from e", "with OVER", "subquery"),
            ("select rank(3) within group (order by id) from e", "RANK of a value WITHIN GROUP", "COUNT"),
        ],
    ),
    Group(
        "LAST",
        SOURCE,
        answers=[
            ("select min(ra) keep (dense_rank last order by flags, id) from s", [(12.5,)]),
            (
                "select hpix, max(id) keep (dense_rank last order by mag_r), count(*) keep (dense_rank first order by "
                "hpix) from s group by hpix order by 1",
                [(7, 2, 2), (8, 3, 1), (9, 4, 1)],
            ),
        ],
    ),
    Group(
        "Aggregate Functions",
        SOURCE,
        answers=[
            (
                "select sum(num), avg(num), min(num), max(num), stddev(num), variance(num), median(num), count(num), count(*) "
                "from e where id > 9",
                [(_, _, _, _, _, _, _, 0, 0)],
            ),
            ("select sum(num), avg(num), count(*), count(num) from e", [(2.63, 0.6575, 5, 4)]),
            ("select min(txt), max(txt), min(moment) from e", [("  pad ", "Ünï_%", day(2019, 12, 31))]),
            ("select avg(nvl(num, 0)) from e", [(0.526,)]),
        ],
        faults=[
            ("select id from e where sum(num) > 1", "ORA-00934"),
            ("select sum(txt) from e", "ORA-01722"),
        ],
        refusals=[
            ("select max(sum(num)) from e group by small", "SUM inside another aggregate", "subquery"),
        ],
    ),
    Group(
        "VARIANCE",
        SOURCE,
        answers=[
            ("select variance(small), var_samp(small), var_pop(small) from e where id = 1", [(0, _, 0)]),
            ("select round(variance(small), 6), var_pop(small) from e", [(36.333333, 27.25)]),
        ],
    ),
    Group(
        "CORR",
        SOURCE,
        answers=[
            ("select round(corr(id, small), 6), corr(id, 1), round(corr(num, num), 10) from e", [(-0.090867, _, 1)]),
            ("select corr(id, small) from e where id = 1", [(_,)]),
            ("select corr(id, small) from e where id > 9", [(_,)]),
            ("select covar_pop(id, id), covar_samp(id, id) from e", [(2, 2.5)]),
        ],
        faults=[
            ("select corr(real, id) from e", "ORA-01428"),
        ],
    ),
    Group(
        "REGR_ (Linear Regression) Functions",
        SOURCE,
        answers=[
            (
                "select regr_slope(2 * id + 1, id), regr_intercept(2 * id + 1, id), regr_r2(2 * id + 1, id), regr_count(num, id) from e",
                [(2, 1, 1, 4)],
            ),
            (
                "select regr_avgx(num, id), regr_avgy(id, num), regr_sxx(id, id), regr_syy(id, 1), regr_sxy(id, id) from e",
                [(3, 3, 10, 10, 10)],
            ),
            ("select regr_r2(id, 1), regr_r2(1, id), regr_slope(id, 1) from e", [(_, 1, _)]),
        ],
    ),
    Group(
        "GROUPING",
        SOURCE,
        answers=[
            (
                "select mod(id, 2) m, grouping(mod(id, 2)) g, sum(id) from e group by rollup(mod(id, 2)) order by g, m",
                [(0, 0, 6), (1, 0, 9), (_, 1, 15)],
            ),
            (
                "select small, id, grouping_id(small, id) g from e where id < 3 group by rollup(small, id) order by g, small",
                [(-3, 2, 0), (10, 1, 0), (-3, _, 1), (10, _, 1), (_, _, 3)],
            ),
        ],
        faults=[
            ("select grouping(id, small) from e group by id, small", "ORA-00909"),
        ],
    ),
]
