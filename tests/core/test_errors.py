"""Errors that hold several faults."""

import pickle

from skydesk.errors import Fault, InvalidRequest


def test_an_error_holds_every_fault_and_its_text_names_the_first_twenty() -> None:
    faults = [Fault(field="RA", row=row, message="is missing") for row in range(1, 1236)]
    error = InvalidRequest(faults)
    assert error.faults == tuple(faults)
    assert str(error).startswith("row 1, RA: is missing; row 2, RA: is missing; ")
    assert str(error).endswith("; row 20, RA: is missing; and 1,215 more")
    assert len(error.detail["faults"]) == 1235
    assert str(InvalidRequest(faults[:20])).endswith("row 20, RA: is missing")


def test_it_is_the_same_after_a_journey_to_another_process() -> None:
    error = pickle.loads(pickle.dumps(InvalidRequest([Fault(message="is wrong", field="a"), Fault(message="is odd", field="b")])))
    assert (str(error), error.faults[1].field) == ("a: is wrong; b: is odd", "b")
