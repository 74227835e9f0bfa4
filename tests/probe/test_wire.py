"""The declarations of the wire agree with the probe, and measured interpreters do not load them."""

from runner_probe.iteration import RECORD_FIELDS
from runner_probe.wire import RecordFields
from tests.probe.probing import ask, specify


def test_records_have_the_declared_fields_in_order() -> None:
    assert tuple(RecordFields.__annotations__) == RECORD_FIELDS


def test_measured_interpreters_do_not_load_the_declarations() -> None:
    [modules] = ask(specify(function="lean.modules", items=[1])).values()
    assert "runner_probe.iteration" in modules
    assert "runner_probe.wire" not in modules
