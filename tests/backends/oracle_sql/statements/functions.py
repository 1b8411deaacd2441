"""Functions that there are not."""

from tests.backends.oracle_sql.statements.group import Group

SOURCE = "SQL Language Reference 19c, chapter 7, Functions"

GROUPS = [
    Group(
        "USER",
        SOURCE,
        refusals=[
            ("user", "USER is not known", "column"),
            ("sys_context('userenv', 'session_user')", "no function SYS_CONTEXT", "editor completes"),
            ("dbms_random.value(1, 2)", "functions of packages", "plain SQL function"),
            ("wm_concat('a')", "no function WM_CONCAT", "LISTAGG"),
        ],
    ),
]
