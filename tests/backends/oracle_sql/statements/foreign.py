"""What is not Oracle SQL, or more than SQL."""

from tests.backends.oracle_sql.statements.group import Group

SOURCE = "not in the SQL Language Reference"

GROUPS = [
    Group(
        "bind and substitution variables",
        SOURCE,
        refusals=[
            (":1", "bind variables", "write the value"),
            ("select id from e where id = :name", "bind variables", "write the value"),
            ("?", "bind variables", "write the value"),
            ("&x", "substitution variables", "write the value"),
        ],
    ),
    Group(
        "PL/SQL",
        SOURCE,
        refusals=[
            ("select id into :x from e", "SELECT INTO", "output file"),
        ],
    ),
    Group(
        "commands of easyaccess",
        SOURCE,
        refusals=[
            ("select id from e; > m2.csv", "easyaccess", "output file box"),
            ("select id from e; < check", "easyaccess", "Check"),
            ("select /*p: f(id) as x */ id from e", "easyaccess", "notebook"),
        ],
    ),
    Group(
        "other databases",
        SOURCE,
        faults=[
            ("1::int", "expected"),
        ],
        refusals=[
            ("substring('abc', 1)", "no function SUBSTRING", "did you mean SUBSTR"),
            ("left('abc', 1)", "no function LEFT", "SUBSTR"),
            ("ifnull(1, 2)", "no function IFNULL", "NVL"),
        ],
    ),
]
