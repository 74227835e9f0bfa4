"""Cells for the benchmarks, made as the command line makes them, and measured one invocation at a time."""

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
    """Make the cells that a command line measures."""
    with mock.patch.object(sys, "argv", ["runner", *overrides]):
        return plan(collect())


def cell_of(*overrides: str) -> Cell:
    """Make the cell that a command line measures (not its baseline, unless it is that)."""
    return cells_of(*overrides).cells[-1]


def measure(
    cell: Cell,
    supervisor: Supervisor,
    folder: Path,
    reference: Reference = LONG_TASKS,
    *,
    dispatch: bool = False,
) -> Outcome:
    """Make one invocation of a cell, as a study does; RuntimeError unless it ends well.

    A study makes the reference by itself; it tells whether tasks are long enough to be stamped.
    """
    request = Request(
        cell=cell,
        repetition=2,  # the first one also looks into a worker, when all is measured
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
