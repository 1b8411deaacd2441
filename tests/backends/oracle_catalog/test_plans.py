from collections import Counter

import pytest

from skydesk.backends.oracle_catalog import OracleCatalog
from skydesk.errors import InvalidQuery
from skydesk.query.model import PlanStep
from tests.contracts.catalog_contract import STAR_COUNT
from tests.fakes.oracle_wire import WireFake

SQL = "SELECT S.ID FROM STARS S, GALAXIES G WHERE S.RA > G.RA ORDER BY S.ID"


def test_a_plan_comes_as_a_table_and_as_a_tree(catalog: OracleCatalog) -> None:
    explanation = catalog.explain(SQL)
    assert "STARS" in explanation.plan
    first, *others = explanation.steps
    assert first == PlanStep(id=0, parent=None, operation="SELECT STATEMENT", cost=7.0)
    assert [step.id for step in others] == list(range(1, len(others) + 1))
    assert all(step.parent is not None and step.parent < step.id for step in others)
    scanned = {step.object: (step.operation, step.rows, step.cost) for step in others if step.object}
    assert scanned["STARS"] == ("TABLE ACCESS FULL", STAR_COUNT, None)
    assert set(scanned) == {"STARS", "GALAXIES"}
    assert max(Counter(step.parent for step in others).values()) == 2


def test_a_plan_is_made_in_a_transaction_that_may_write_and_does_not(catalog: OracleCatalog, wire: WireFake) -> None:
    wire.log()
    catalog.explain(SQL)
    executed = [what["sql"] for kind, what in wire.log() if kind == "execute"]
    [explained] = [sql for sql in executed if sql.startswith("EXPLAIN PLAN SET STATEMENT_ID = 'skydesk_")]
    assert explained.endswith(SQL)
    assert not any("READ ONLY" in sql or "COMMIT" in sql for sql in executed)


def test_a_statement_that_is_wrong_has_no_plan(catalog: OracleCatalog) -> None:
    with pytest.raises(InvalidQuery) as caught:
        catalog.explain("SELECT NOPE FROM STARS")
    assert (caught.value.line, caught.value.column) == (1, 8)
