"""What if: a model of what was measured, for other numbers of items and workers and other lengths of tasks.

Seconds of a pool of P workers for n tasks of length t, in chunks of c:

    once(P) + uneven(P) · t + max(⌈⌈n / c⌉ / P⌉ · (c · t · slowdown(P) + round(P)), n · t · u / κ)

`slowdown` is how much longer a task takes than in the loop. `once` is start-up and shutdown of the pool,
and what each worker prepares; `uneven` what uneven tasks cost, in lengths of a task; `round` the rest of
the measured time, for each round of chunks: dispatch and data transfer. So the model gives the times that
were measured. All four are interpolated between the measured numbers of workers, and continued in a
straight line beyond them, but the slowdown never falls below the smallest that was measured. u is the
share of a task's time for which the loop used a CPU, κ the number of usable CPUs. Tasks count as equally
long.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median

from runner.analysis.alike import alike_but_for
from runner.analysis.explain.causes import PLACEMENT, UNEVEN_TASKS
from runner.analysis.explain.first_tasks import FIRST_TASKS
from runner.analysis.explain.start_up import INITIALIZER, LATE_WORKERS, MODULE_IMPORT
from runner.estimate import Estimate
from runner.facts import CellAnalysis, Prediction, WhatIf, WhatIfPoint
from runner.modes import ModeSpec

_UNEVEN = (UNEVEN_TASKS.code, PLACEMENT.code)
_PREPARATION = (LATE_WORKERS.code, INITIALIZER.code, MODULE_IMPORT.code, FIRST_TASKS.code)


def analyse_what_if(cells: Mapping[str, CellAnalysis], mode: ModeSpec) -> Iterator[WhatIf]:
    """Make a model of every pool and its other numbers of workers, where the time of a bag was explained."""
    if mode.has_window or mode.bags_per_worker:
        return
    pools = [cell for cell in cells.values() if cell.is_pool and _is_modelled(cell, cells)]
    by_id = {cell.cell.id: cell for cell in pools}
    for curve in alike_but_for((cell.cell for cell in pools), "workers"):
        model = _model([by_id[cell.id] for cell in curve], cells[curve[0].baseline])
        if model is not None:
            yield model


def predict(model: WhatIf, items: int, task_s: float, workers: int) -> Prediction:
    """Predict the time of a bag.

    Args:
        model: of a pool
        items: number of tasks
        task_s: mean length of a task in the loop
        workers: of the pool
    """
    loop_s = items * task_s
    most = _most(model, items, workers)
    measured = next((point.speedup for point in model.points if point.workers == workers), None)
    if measured is not None and items == model.items and math.isclose(task_s, model.task_s):
        return Prediction(
            time_s=loop_s / measured.value,
            loop_s=loop_s,
            speedup=measured,
            most=max(most, measured.value),  # noise may have made it faster than equal tasks could be
            is_extrapolated=False,
        )
    times = [_time_s(model, items, task_s, workers, bound) for bound in ("value", "low", "high")]
    speedups = [min(loop_s / time_s, most) for time_s in times]
    return Prediction(
        time_s=loop_s / speedups[0],
        loop_s=loop_s,
        speedup=Estimate(value=speedups[0], low=min(speedups), high=max(speedups)),
        most=most,
        is_extrapolated=True,
    )


def _is_modelled(cell: CellAnalysis, cells: Mapping[str, CellAnalysis]) -> bool:
    baseline = cells.get(cell.cell.baseline)
    return bool(
        cell.factors
        and cell.cell.workers
        and baseline
        and baseline.cell.is_loop
        and not cell.cell.settings["workload"].get("snippets")
        and baseline.wall_s
        and baseline.tasks
        and not cell.shares_event_loop
        and any(run.start_s is not None for run in cell.runs)
    )


def _model(curve: Sequence[CellAnalysis], loop: CellAnalysis) -> WhatIf | None:
    """Make the model of one curve; None if the size of its chunks depends on the number of workers."""
    if loop.wall_s is None or not loop.tasks or len({cell.tasks_per_chunk for cell in curve}) > 1:
        return None
    task_s = loop.wall_s.value / loop.tasks
    points = [point for cell in curve if (point := _point(cell, task_s)) is not None]
    if not points:
        return None
    return WhatIf(
        cells=tuple(cell.cell.id for cell in curve),
        workload=loop.cell.workload,
        executor=curve[0].cell.executor,
        items=loop.tasks,
        task_s=task_s,
        cpu_share=_cpu_share(curve, loop, points, task_s),
        usable_cpus=curve[0].usable_cpus,
        tasks_per_chunk=curve[0].tasks_per_chunk,
        points=tuple(sorted(points, key=lambda point: point.workers)),
    )


def _cpu_share(
    curve: Sequence[CellAnalysis], loop: CellAnalysis, points: Sequence[WhatIfPoint], task_s: float
) -> float:
    """Return the share of its time for which the loop used a CPU; no more than the measured pools allow.

    A loop may have several CPUs for a task, and the pools one: native threads that compete do less in more
    CPU time.
    """
    wall_s, tasks, cpus = loop.wall_s, loop.tasks or 1, curve[0].usable_cpus
    if wall_s is None or loop.cpu_s is None or not cpus:
        return 1.0
    walls_s = {cell.cell.workers: cell.wall_s.value for cell in curve if cell.wall_s}
    active_s = [walls_s[point.workers] - point.once_s - point.uneven * task_s for point in points]
    return min(loop.cpu_s.value / wall_s.value, *(cpus * each_s / (tasks * task_s) for each_s in active_s))


def _point(cell: CellAnalysis, task_s: float) -> WhatIfPoint | None:
    """Divide the time that was measured with one number of workers; the parts add up to it."""
    if cell.factors is None or cell.wall_s is None or cell.speedup is None:
        return None
    if not cell.cell.workers or not cell.tasks:
        return None
    around_s = median(run.start_s + (run.end_s or 0.0) for run in cell.runs if run.start_s is not None)
    chunk = min(cell.tasks_per_chunk or cell.tasks, cell.tasks)
    rounds = math.ceil(math.ceil(cell.tasks / chunk) / cell.cell.workers)
    slowdown = cell.factors.computation_scaling.inverse()
    active_s, work_s = max(cell.wall_s.value - around_s, 1e-9), rounds * chunk * task_s
    rest_s = active_s - work_s * slowdown.value
    if rest_s < 0:
        slowdown, rest_s = slowdown.over(work_s * slowdown.value / active_s), 0.0
    preparation_s = min(_lost_s(cell, _PREPARATION), rest_s)
    uneven_s = min(_lost_s(cell, _UNEVEN), rest_s - preparation_s)
    return WhatIfPoint(
        workers=cell.cell.workers,
        once_s=around_s + preparation_s,
        uneven=uneven_s / task_s,
        round_s=(rest_s - preparation_s - uneven_s) / rounds,
        slowdown=slowdown,
        speedup=cell.speedup,
    )


def _lost_s(cell: CellAnalysis, codes: Sequence[str]) -> float:
    """Return by how much some causes make a cell longer."""
    wall_s = cell.wall_s.value if cell.wall_s else 0.0
    return wall_s * sum(loss.share.value for loss in cell.losses if loss.cause.code in codes)


def _time_s(model: WhatIf, items: int, task_s: float, workers: int, bound: str) -> float:
    chunk = min(model.tasks_per_chunk or items, items)
    rounds = math.ceil(math.ceil(items / chunk) / workers)
    slowdowns = [(1, 1.0), *_curve(model, bound)]
    slowdown = max(_at(workers, slowdowns), min(value for _, value in slowdowns))
    round_s = _at(workers, [(point.workers, point.round_s) for point in model.points])
    once_s = _at(workers, [(point.workers, point.once_s) for point in model.points])
    uneven = _at(workers, [(point.workers, point.uneven) for point in model.points])
    work_s = rounds * (chunk * task_s * slowdown + round_s)
    cpus_s = items * task_s * model.cpu_share / model.usable_cpus if model.usable_cpus else 0.0
    return once_s + uneven * task_s + max(work_s, cpus_s)


def _curve(model: WhatIf, bound: str) -> list[tuple[int, float]]:
    return [(point.workers, getattr(point.slowdown, bound)) for point in model.points]


def _at(workers: int, curve: Sequence[tuple[int, float]]) -> float:
    """Interpolate between the measured numbers of workers; beyond them, continue in a straight line."""
    known = sorted(dict(curve).items())
    if len(known) == 1:
        return known[0][1]
    after = next((place for place, (count, _) in enumerate(known) if count >= workers), len(known) - 1)
    (left, low), (right, high) = known[max(after, 1) - 1], known[max(after, 1)]
    return max(0.0, low + (high - low) * (workers - left) / (right - left))


def _most(model: WhatIf, items: int, workers: int) -> float:
    """Return the speedup that no pool of equal tasks exceeds."""
    at_most = items / math.ceil(items / workers)
    if model.usable_cpus and model.cpu_share:
        at_most = min(at_most, model.usable_cpus / model.cpu_share)
    return max(at_most, 1.0)
