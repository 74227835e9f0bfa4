"""Curves of cells that differ in nothing but the number of workers, and the scaling laws fitted to them."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from runner.analysis.alike import alike_but_for
from runner.analysis.headline import CellTimes
from runner.analysis.laws import Fit, fit
from runner.analysis.machine import Machine
from runner.facts import CellAnalysis, LawAnalysis, NotIdentifiable
from runner.modes import ModeSpec
from runner.records import LAWS, Cell, LawName, names_within_workloads

_LITTLE_CPU = (
    0.1  # CPU time over wall time of the baseline: below it tasks wait, and more workers than CPUs help
)


def analyse_laws(
    cells: Mapping[str, CellAnalysis], times: CellTimes, machine: Machine, mode: ModeSpec
) -> tuple[LawAnalysis, ...]:
    """Fit both laws to every curve, in the order of the grid."""
    curves = alike_but_for((cell.cell for cell in cells.values() if cell.cell.workers is not None), "workers")
    named = names_within_workloads((cells[curve[0].id].as_shown for curve in curves), without="workers")
    laws: list[LawAnalysis] = []
    for curve in curves:
        fitted = _fitted_cells(curve, cells, machine)
        unattributed = sum(cells[cell.id].factors is None for cell in curve) if mode.is_strong_scaling else 0
        laws += (
            LawAnalysis(
                law=law,
                workload=curve[0].workload,
                cells=tuple(cell.id for cell in sorted(curve, key=_workers)),
                name=named[curve[0].id],
                levels=len(fitted),
                unattributed=unattributed,
                alpha=result.alpha if isinstance(result, Fit) else None,
                beta=result.beta if isinstance(result, Fit) else None,
                peak_workers=result.peak_workers if isinstance(result, Fit) else None,
                curve=result.curve if isinstance(result, Fit) else None,
                problem=None if isinstance(result, Fit) else result,
            )
            for law, result in _fit_laws(fitted, times, mode)
        )
    return tuple(laws)


def _fitted_cells(
    curve: Sequence[Cell], cells: Mapping[str, CellAnalysis], machine: Machine
) -> list[CellAnalysis]:
    """List the cells to fit a law to, by workers.

    Failed cells are omitted, and so are cells with more workers than CPUs, unless their tasks wait.
    """
    limit = min(machine.cpus(cell) for cell in curve)
    if _waits(cells[curve[0].baseline]):
        limit = np.inf
    attributed = (cells[cell.id] for cell in sorted(curve, key=_workers) if _workers(cell) <= limit)
    return [cell for cell in attributed if cell.is_ok and cell.factors is not None]


def _waits(baseline: CellAnalysis) -> bool:
    """Whether the tasks of a curve use so little CPU that more workers than CPUs help."""
    if baseline.cpu_s is None or baseline.wall_s is None:
        return False
    return baseline.cpu_s.value < _LITTLE_CPU * baseline.wall_s.value


def _workers(cell: Cell) -> int:
    return cell.workers or 0


def _fit_laws(
    curve: Sequence[CellAnalysis], times: CellTimes, mode: ModeSpec
) -> Iterator[tuple[LawName, Fit | NotIdentifiable]]:
    blocks = times.together([cell.cell.id for cell in curve])
    repetitions = blocks.shape[1] if curve else 0
    fewest = times.level.fewest_blocks
    for law in LAWS:
        if not mode.is_strong_scaling:
            yield law, NotIdentifiable(reason="mode")
        elif repetitions < fewest:
            yield law, NotIdentifiable(reason="repetitions", found=repetitions, needed=fewest)
        else:
            granularity = np.array([cell.factors.granularity.value for cell in curve if cell.factors])
            counts = [_workers(cell.cell) for cell in curve]
            yield law, fit(law, counts, blocks * granularity[:, np.newaxis], *times.level)
