"""The dictionary's views."""

from tests.backends.oracle_sql.statements.group import Group

SOURCE = "Oracle Database Reference 19c, part II, Static Data Dictionary Views"

GROUPS = [
    Group(
        "ALL_TABLES",
        SOURCE,
        answers=[
            ("select table_name from all_tables order by table_name", [("E",), ("S",), ("T",)]),
            ("select owner, table_name from all_tables order by table_name", [("DES_ADMIN", "E"), ("DES_ADMIN", "S"), ("DES_ADMIN", "T")]),
        ],
        faults=[
            ("select num_rows from all_tables", "unknown column NUM_ROWS"),
        ],
        refusals=[
            ("select * from dba_tables", "dictionary view DBA_TABLES", "ALL_TABLES"),
            ("select * from v$session", "the dictionary view V$SESSION", "ALL_TABLES"),
        ],
    ),
    Group(
        "ALL_TAB_COLUMNS",
        SOURCE,
        answers=[
            (
                "select column_name, data_type, column_id from all_tab_columns where table_name = 'T' order by column_id",
                [("TILENAME", "VARCHAR2", 1), ("RA_CENT", "BINARY_DOUBLE", 2), ("BAND", "VARCHAR2", 3)],
            ),
            (
                "select column_name, data_type from all_tab_columns where table_name = 'E' order by column_id",
                [
                    ("ID", "NUMBER"),
                    ("SMALL", "NUMBER"),
                    ("WHOLE", "NUMBER"),
                    ("BIG", "NUMBER"),
                    ("SINGLE", "BINARY_FLOAT"),
                    ("REAL", "BINARY_DOUBLE"),
                    ("NUM", "NUMBER"),
                    ("TXT", "VARCHAR2"),
                    ("MOMENT", "TIMESTAMP(6)"),
                ],
            ),
            ("select count(*) from user_tab_columns", [(0,)]),
        ],
    ),
    Group(
        "ALL_COL_COMMENTS",
        SOURCE,
        answers=[
            ("select comments from all_col_comments where table_name = 'S' and column_name = 'RA'", [("right ascension",)]),
        ],
    ),
    Group(
        "USER_TABLES",
        SOURCE,
        answers=[
            ("select count(*) from user_tables", [(0,)]),
        ],
    ),
]
