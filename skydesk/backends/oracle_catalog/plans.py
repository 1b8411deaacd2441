"""How Oracle would carry a statement out: `DBMS_XPLAN` for the table, and the rows of `PLAN_TABLE` for the tree."""

import secrets
from typing import Any

import oracledb

from ...query.model import Explanation, PlanStep

__all__ = ["read_plan"]

_DISPLAY = "SELECT plan_table_output FROM TABLE(DBMS_XPLAN.DISPLAY(NULL, :id, 'TYPICAL'))"
_STEPS = """
    SELECT id, parent_id, operation, options, object_name, cardinality, cost
    FROM plan_table
    WHERE statement_id = :id AND id >= 0
    ORDER BY id"""
"""Columns of PLAN_TABLE: *SQL Tuning Guide* 19c, 6.3. Oracle numbers a step after the one that it serves."""


def read_plan(connection: oracledb.Connection, text: str) -> Explanation:
    """Have a statement's plan made, and read it.

    It is written into PLAN_TABLE, which is a temporary table of the session, so the transaction is not read only, but rolled back.
    """
    name = f"skydesk_{secrets.token_hex(6)}"
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN PLAN SET STATEMENT_ID = '{name}' FOR {text}")
        lines = [line or "" for (line,) in cursor.execute(_DISPLAY, id=name)]
        steps = tuple(_step(*row) for row in cursor.execute(_STEPS, id=name))
    return Explanation(plan="\n".join(lines), statement=text, steps=steps)


def _step(number: Any, parent: Any, operation: str, options: str | None, name: str | None, rows: Any, cost: Any) -> PlanStep:
    return PlanStep(
        id=int(number),
        parent=None if parent is None else int(parent),
        operation=f"{operation} {options}" if options else operation,
        object=name or "",
        rows=None if rows is None else int(rows),
        cost=None if cost is None else float(cost),
    )
