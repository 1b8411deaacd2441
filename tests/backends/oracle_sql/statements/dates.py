"""Functions of dates."""

from tests.backends.oracle_sql.statements.group import Group, _, day

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "SYSDATE",
        SOURCE,
        answers=[
            ("select trunc(sysdate) - trunc(sysdate - 1) from dual", [(1,)]),
            ("select 1 from dual where sysdate > date '2020-01-01' and sysdate - trunc(sysdate) < 1", [(1,)]),
            ("select count(*) from dual where sysdate = trunc(sysdate) + (sysdate - trunc(sysdate))", [(1,)]),
            ("select 1 from dual where sysdate - 1 < sysdate and sysdate + interval '1' minute > sysdate", [(1,)]),
            ("select 1 from dual where localtimestamp > timestamp '2020-01-01 00:00:00'", [(1,)]),
            ("select 1 from dual where current_date - sysdate < 1", [(1,)]),
        ],
        refusals=[
            ("systimestamp", "has a time zone", "LOCALTIMESTAMP"),
            ("current_timestamp", "has a time zone", "LOCALTIMESTAMP"),
        ],
    ),
    Group(
        "ROUND and TRUNC Date Functions",
        SOURCE,
        values=[
            ("trunc(date '2020-05-17')", day(2020, 5, 17)),
            ("trunc(timestamp '2020-05-17 13:45:59', 'HH')", day(2020, 5, 17, 13)),
            ("trunc(timestamp '2020-05-17 13:45:59', 'MI')", day(2020, 5, 17, 13, 45)),
            ("trunc(date '2020-05-17', 'CC')", day(2001, 1, 1)),
            ("trunc(date '2000-05-17', 'SCC')", day(1901, 1, 1)),
            ("trunc(date '2020-05-17', 'YYYY')", day(2020, 1, 1)),
            ("trunc(date '2020-05-17', 'YEAR')", day(2020, 1, 1)),
            ("trunc(date '2021-01-02', 'IYYY')", day(2019, 12, 30)),
            ("trunc(date '2020-05-17', 'Q')", day(2020, 4, 1)),
            ("trunc(date '2020-05-17', 'MONTH')", day(2020, 5, 1)),
            ("trunc(date '2020-05-17', 'IW')", day(2020, 5, 11)),
            ("trunc(date '2020-05-17', 'W')", day(2020, 5, 15)),
            ("trunc(date '2020-05-17', 'J')", day(2020, 5, 17)),
            ("round(date '2000-10-27', 'YEAR')", day(2001, 1, 1)),
            ("round(date '2020-06-30', 'YYYY')", day(2020, 1, 1)),
            ("round(date '2020-07-01', 'YYYY')", day(2021, 1, 1)),
            ("round(date '2020-02-15', 'MM')", day(2020, 2, 1)),
            ("round(date '2020-02-16', 'MM')", day(2020, 3, 1)),
            ("round(date '2020-05-15', 'Q')", day(2020, 4, 1)),
            ("round(date '2020-05-16', 'Q')", day(2020, 7, 1)),
            ("round(date '2020-12-16', 'Q')", day(2021, 1, 1)),
            ("round(date '2020-01-01' + 0.5)", day(2020, 1, 2)),
            ("round(date '2020-01-01' + 29/1440, 'HH24')", day(2020, 1, 1)),
            ("round(date '2020-01-01' + 30/1440, 'HH24')", day(2020, 1, 1, 1)),
            ("round(date '2020-01-01' + 30/86400, 'MI')", day(2020, 1, 1, 0, 1)),
        ],
        answers=[
            (
                "select trunc(date '1992-10-27', 'YEAR'), trunc(date '1992-10-27', 'MM'), trunc(date '1992-10-27', 'Q') from dual",
                [(day(1992, 1, 1), day(1992, 10, 1), day(1992, 10, 1))],
            ),
            (
                "select trunc(observed), trunc(observed, 'IW'), trunc(observed, 'HH24') from s where id = 1",
                [(day(2013, 9, 1), day(2013, 8, 26), day(2013, 9, 1, 1))],
            ),
            ("select trunc(date '2020-01-15', 'WW') from dual", [(day(2020, 1, 15),)]),
        ],
        faults=[
            ("trunc(date '2020-05-17', 'XX')", "ORA-01898"),
        ],
        refusals=[
            ("trunc(sysdate, 'DAY')", "depends on the country", "IW"),
            ("round(date '2020-05-17', 'IW')", "where half-way is", "TRUNC"),
            ("select round(moment) from e", "ROUND of a timestamp", "TRUNC"),
        ],
    ),
    Group(
        "ADD_MONTHS",
        SOURCE,
        values=[
            ("add_months(date '2020-01-31', 1)", day(2020, 2, 29)),
            ("add_months(date '2020-02-29', 1)", day(2020, 3, 31)),
            ("add_months(date '2020-01-30', 1)", day(2020, 2, 29)),
            ("add_months(date '2021-02-28', -12)", day(2020, 2, 29)),
            ("add_months(date '2020-03-31', -1.9)", day(2020, 2, 29)),
            ("add_months(date '2020-01-15' + 0.5, 1)", day(2020, 2, 15, 12)),
            ("add_months(date '2020-01-15', null)", _),
        ],
        answers=[
            (
                "select add_months(date '2020-01-31', 1), add_months(date '2020-02-29', 12), add_months(date '2020-02-29', 1) from dual",
                [(day(2020, 2, 29), day(2021, 2, 28), day(2020, 3, 31))],
            ),
        ],
        faults=[
            ("add_months(5, 1)", "ORA-00932"),
        ],
        refusals=[
            ("select add_months(moment, 1) from e", "a timestamp where Oracle takes a date", "TRUNC(t)"),
            ("add_months('2020-01-01', 1)", "a string as a date", "TO_DATE"),
        ],
    ),
    Group(
        "MONTHS_BETWEEN",
        SOURCE,
        values=[
            ("months_between(date '2020-03-15', date '2020-01-15')", 2),
            ("months_between(date '2020-02-29', date '2020-01-31')", 1),
            ("months_between(date '2020-01-01', date '2020-02-15')", -1.45161290322581),
            ("months_between(date '2020-03-15' + 0.5, date '2020-01-15')", 2),
        ],
        answers=[
            ("select months_between(date '1995-02-02', date '1995-01-01') from dual", [(1.03225806451613,)]),
            ("select months_between(date '2020-03-31', date '2020-02-29') from dual", [(1,)]),
        ],
    ),
    Group(
        "LAST_DAY",
        SOURCE,
        values=[
            ("last_day(date '2021-02-10')", day(2021, 2, 28)),
            ("last_day(date '2020-02-10' + 0.25)", day(2020, 2, 29, 6)),
        ],
        answers=[
            ("select last_day(date '2020-02-10') from dual", [(day(2020, 2, 29),)]),
        ],
    ),
    Group(
        "EXTRACT (datetime)",
        SOURCE,
        values=[
            ("extract(year from date '1998-03-07')", 1998),
            ("extract(second from timestamp '2020-01-01 01:02:03.25')", 3.25),
            ("extract(hour from timestamp '2020-01-01 01:02:03')", 1),
        ],
        answers=[
            (
                "select extract(year from date '1998-03-07'), extract(month from observed), extract(hour from observed) "
                "from s where id = 1",
                [(1998, 9, 1)],
            ),
            ("select extract(second from observed) from s where id = 1", [(3,)]),
            ("select extract(month from moment), extract(minute from moment) from e where id = 1", [(2, 34)]),
        ],
        faults=[
            ("extract(hour from date '2020-01-01')", "ORA-30076"),
        ],
        refusals=[
            ("extract(timezone_hour from localtimestamp)", "time zones", "UTC"),
        ],
    ),
    Group(
        "NEXT_DAY",
        SOURCE,
        values=[
            ("next_day(date '2009-10-15', 'TUESDAY')", day(2009, 10, 20)),
            ("next_day(date '2020-03-05', 'Thu')", day(2020, 3, 12)),
            ("next_day(date '2020-03-05' + 0.5, 'friday')", day(2020, 3, 6, 12)),
        ],
        faults=[
            ("next_day(date '2020-03-05', 'Freitag')", "ORA-01846"),
        ],
    ),
    Group(
        "NUMTODSINTERVAL",
        SOURCE,
        values=[
            ("date '2020-01-01' + numtodsinterval(90, 'minute')", day(2020, 1, 1, 1, 30)),
            ("extract(hour from numtodsinterval(1.5, 'DAY'))", 12),
            ("date '2020-01-31' + numtoyminterval(1, 'year')", day(2021, 1, 31)),
            ("date '2020-01-01' + to_dsinterval('1 02:03:04')", day(2020, 1, 2, 2, 3, 4)),
            ("date '2020-01-01' + to_yminterval('01-02')", day(2021, 3, 1)),
        ],
        faults=[
            ("numtodsinterval(1, 'week')", "is no unit"),
            ("date '2020-01-01' + numtoyminterval(0.5, 'month')", "parts of a month"),
        ],
        refusals=[
            ("date '2020-01-01' + to_dsinterval('P1D')", "ISO form", "'1 12:00:00'"),
        ],
    ),
]
