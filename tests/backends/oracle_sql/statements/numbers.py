"""Functions of numbers."""

from tests.backends.oracle_sql.statements.group import INF, NAN, Group, _

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "ROUND (number)",
        SOURCE,
        values=[
            ("round(1028.995 / 1, 2)", 1029),
            ("round(0.1 / 1, 20)", 0.1),
            ("round(-0.4 / 1)", 0),
            ("round(15.193, 1)", 15.2),
            ("round(15.193, -1)", 20),
            ("round(1.5)", 2),
            ("round(2.5)", 3),
            ("round(-2.5)", -3),
            ("round(1.005 / 1, 2)", 1.01),
            ("round(2.675 * 1e0, 2)", 2.68),
            ("round(-25 / 10)", -3),
            ("round(1 / 3, 4)", 0.3333),
            ("round(12345, -2)", 12300),
            ("round(-1250, -2)", -1300),
            ("round(null, 2)", _),
            ("round(1.5d)", 2),
            ("round(2.5d)", 2),
            ("round(-2.5d)", -2),
        ],
        answers=[
            ("select round(15.193, 1), round(15.193, -1) from dual", [(15.2, 20)]),
            ("select round(2.5), round(-2.5), round(3.5) from dual", [(3, -3, 4)]),
            ("select round(2.5d), round(3.5d) from dual", [(2, 4)]),
            ("select round(2.345, 2), round(1.005, 2) from dual", [(2.35, 1.01)]),
            ("select round(num, 2), round(num) from e order by id", [(10.01, 10), (0, 0), (_, _), (-7.5, -8), (0.13, 0)]),
        ],
        refusals=[
            ("select round(num, id) from e", "number of places that is not written", "write the number"),
        ],
    ),
    Group(
        "TRUNC (number)",
        SOURCE,
        values=[
            ("trunc(0.29 / 1 * 100)", 29),
            ("trunc(15.79, 1)", 15.7),
            ("trunc(15.79, -1)", 10),
            ("trunc(-15.79)", -15),
            ("trunc(2.3 * 100 / 100, 1)", 2.3),
            ("trunc(999.999, -3)", 0),
        ],
        answers=[
            ("select trunc(15.79, 1), trunc(15.79, -1), trunc(-1.99), trunc(0.29, 2) from dual", [(15.7, 10, -1, 0.29)]),
            ("select trunc(ra * 10, 1) from s where id = 1", [(105,)]),
        ],
    ),
    Group(
        "MOD",
        SOURCE,
        values=[
            ("mod(0.3 / 1, 0.1)", 0),
            ("mod(11, 4)", 3),
            ("mod(-11, 4)", -3),
            ("mod(11, -4)", 3),
            ("mod(-7.5, 2)", -1.5),
            ("mod(7, 0)", 7),
            ("mod(null, 2)", _),
        ],
        answers=[
            ("select mod(num, 0.005), mod(num, 3) from e where id = 1", [(0, 1.005)]),
            ("select mod(11, 4), mod(11, -4), mod(-11, 4), mod(-11, -4) from dual", [(3, 3, -3, -3)]),
            ("select mod(11, 0), mod(5.5, 2) from dual", [(11, 1.5)]),
        ],
    ),
    Group(
        "CEIL",
        SOURCE,
        values=[
            ("ceil(15.7)", 16),
            ("ceil(-15.7)", -15),
            ("ceil(2)", 2),
        ],
        answers=[
            ("select ceil(268651.8), ceil(-1.5), floor(15.7), floor(-1.2) from dual", [(268652, -1, 15, -2)]),
        ],
    ),
    Group(
        "POWER",
        SOURCE,
        values=[
            ("power(3, 2)", 9),
            ("power(2, -1)", 0.5),
            ("power(4, 0.5)", 2),
        ],
        answers=[
            ("select power(3, 2), sqrt(26), abs(-15), sign(-15), sign(0) from dual", [(9, 5.0990195135928, 15, -1, 0)]),
        ],
        faults=[
            ("power(-8, 0.5)", "ORA-01428"),
        ],
    ),
    Group(
        "LOG",
        SOURCE,
        values=[
            ("log(10, 100)", 2),
            ("log(2, 8)", 3),
            ("round(log(3, 81), 10)", 4),
            ("ln(1)", 0),
            ("exp(0)", 1),
        ],
        answers=[
            ("select log(10, 100), log(2, 8), ln(95), exp(4) from dual", [(2, 3, 4.55387689160054, 54.5981500331442)]),
        ],
        faults=[
            ("log(10, -1)", "ORA-01428"),
            ("ln(0)", "ORA-01428"),
        ],
    ),
    Group(
        "ATAN2",
        SOURCE,
        answers=[
            ("select atan2(.3, .2), acos(.3), sin(0) from dual", [(0.982793723247329, 1.26610367277950, 0)]),
        ],
    ),
    Group(
        "BITAND",
        SOURCE,
        values=[
            ("bitand(6, 3)", 2),
            ("bitand(-1, 3)", 3),
            ("bitand(6.9, 3)", 2),
            ("bitand(null, 1)", _),
        ],
        answers=[
            ("select bitand(6, 3), bitand(5, 2) from dual", [(2, 0)]),
            ("select id from s where bitand(flags, 3) = 3", [(2,)]),
            ("select id from e where bitand(small, 2) = 2 order by id", [(1,), (5,)]),
        ],
    ),
    Group(
        "WIDTH_BUCKET",
        SOURCE,
        values=[
            ("width_bucket(0.3 / 1, 0, 1, 10)", 4),
            ("width_bucket(5, 0, 10, 5)", 3),
            ("width_bucket(10, 0, 10, 5)", 6),
            ("width_bucket(-1, 0, 10, 5)", 0),
            ("width_bucket(0, 0, 10, 5)", 1),
            ("width_bucket(5, 10, 0, 5)", 3),
        ],
        answers=[
            ("select width_bucket(5, 0, 10, 5), width_bucket(10, 0, 10, 5), width_bucket(-1, 0, 10, 5) from dual", [(3, 6, 0)]),
            ("select width_bucket(5, 10, 0, 5), width_bucket(10, 10, 0, 5), width_bucket(11, 10, 0, 5) from dual", [(3, 1, 0)]),
            ("select width_bucket(null, 0, 10, 5) from dual", [(_,)]),
        ],
        faults=[
            ("select width_bucket(real, 0, 10, 5) from e where id = 5", "WIDTH_BUCKET of NaN"),
            ("width_bucket(5, 0, 10, 0)", "ORA-30494"),
            ("width_bucket(5, 1, 1, 2)", "ORA-30494"),
        ],
    ),
    Group(
        "ABS",
        SOURCE,
        values=[
            ("abs(-15)", 15),
            ("abs(-1.5)", 1.5),
        ],
    ),
    Group(
        "FLOOR",
        SOURCE,
        values=[
            ("floor((0.1 + 0.7) / 1 * 10)", 8),
            ("floor(15.7)", 15),
            ("floor(-15.7)", -16),
        ],
    ),
    Group(
        "REMAINDER",
        SOURCE,
        values=[
            ("remainder(11, 4)", -1),
            ("remainder(10, 4)", 2),
            ("remainder(14, 4)", -2),
            ("remainder(-11, 4)", 1),
            ("remainder(5.5, 2)", -0.5),
            ("remainder(5, 2)", 1),
            ("remainder(3, 2)", -1),
            ("remainder(3d, 0)", NAN),
            ("remainder(3, null)", _),
        ],
        faults=[
            ("remainder(3, 0)", "ORA-01476"),
        ],
    ),
    Group(
        "SQRT",
        SOURCE,
        values=[
            ("sqrt(16)", 4),
            ("sqrt(-1d)", NAN),
        ],
        faults=[
            ("sqrt(-1)", "ORA-01428"),
            ("select sqrt(num) from e", "ORA-01428"),
        ],
    ),
    Group(
        "SIGN",
        SOURCE,
        values=[
            ("sign(-15)", -1),
            ("sign(0)", 0),
            ("sign(0.5)", 1),
            ("sign(-0.5d)", -1),
            ("sign(0d)", 1),
        ],
    ),
    Group(
        "trigonometric functions",
        SOURCE,
        values=[
            ("cos(0)", 1),
            ("round(acos(-1), 10)", 3.1415926536),
            ("round(atan2(1, 1), 10)", 0.7853981634),
            ("round(sinh(1), 10)", 1.1752011936),
        ],
        faults=[
            ("acos(2)", "ORA-01428"),
        ],
        refusals=[
            ("radians(180)", "no function RADIANS", "ACOS(-1)"),
        ],
    ),
    Group(
        "NANVL",
        SOURCE,
        answers=[
            ("select id, nanvl(real, 0) from e order by id", [(1, 2.25), (2, -2.5), (3, _), (4, INF), (5, 0)]),
        ],
    ),
    Group(
        "ORA_HASH",
        SOURCE,
        refusals=[
            ("select ora_hash(id) from e", "no function ORA_HASH", "MOD(id, n)"),
        ],
    ),
]
