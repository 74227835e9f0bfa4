"""Cells for the benchmarks, composed as on the command line and measured one invocation at a time."""

import sys
from pathlib import Path
from unittest import mock

from runner.cli.compose import collect
from runner.measure.invocation import Outcome, Request, invoke
from runner.plan import Plan, plan
from runner.records import Cell, Reference
from runner.supervise.client import Supervisor

LONG_TASKS = Reference()


def cells_of(*overrides: str) -> Plan:
    """Plan the cells of a command line."""
    with mock.patch.object(sys, "argv", ["runner", *overrides]):
        return plan(collect())


def cell_of(*overrides: str) -> Cell:
    """Plan the last cell of a command line: the baseline comes first."""
    return cells_of(*overrides).cells[-1]


def measure(
    cell: Cell,
    supervisor: Supervisor,
    folder: Path,
    reference: Reference = LONG_TASKS,
    *,
    dispatch: bool = False,
) -> Outcome:
    """Measure one invocation of a cell, as a study does; raise RuntimeError if it fails.

    `reference` decides whether the tasks are long enough to be traced; a study measures it first.
    """
    request = Request(
        cell=cell,
        repetition=2,  # the first one also inspects a worker
        position=0,
        iterations=1,
        time_limit_s=60.0,
        reference=reference,
        output=folder / "output.txt",
        dispatch=dispatch,
    )
    outcome = invoke(request, supervisor)
    if outcome.status != "ok":
        raise RuntimeError(f"{cell.executor}: {outcome.error}")
    return outcome
