"""Remedies: what is most likely to help a pool, given the settings and figures of the study.

A remedy is not given if it is set already, if the study shows that it does not help, or if little is left to
gain. A cause without a rule here has the remedy that it declares.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from runner.analysis.headline import CellTimes
from runner.facts import CellAnalysis, Remedy, RemedyCode
from runner.records import AUTO

_LITTLE = 0.05  # share of the workers' time: removing a smaller loss does not help
_EFFICIENT = 0.95  # efficiency from which little is left to gain
_FEWEST_TO_DIVIDE = 2  # workers
_POOL_LOSSES = ("pool_start", "pool_shutdown")
_SLOW_STARTS = ("spawn", "forkserver")
_PROCESS_POOL_NAMES = ("process", "multiprocessing", "loky")


class Compared(Protocol):
    """The cells that a pool is compared with."""

    times: CellTimes
    cells: Sequence[CellAnalysis]
    has_equal_tasks: bool | None  #: None: unknown

    @property
    def loop(self) -> CellAnalysis | None:
        """The plain loop."""

    def fewer_workers(self, cell: CellAnalysis) -> list[CellAnalysis]:
        """Return the cells that differ from this one only in having fewer workers, fewest first."""


def remedy_of(group: Compared, cell: CellAnalysis) -> Remedy | None:
    """Choose the remedy that is most likely to help a pool; None if none is known."""
    if cell.efficiency is not None and cell.efficiency.value >= _EFFICIENT:
        return None
    if _is_too_small(group, cell):
        return Remedy(code=RemedyCode.MORE_ITEMS, cause=cell.losses[0].cause)
    for loss in cell.losses:
        if loss.share.value < _LITTLE:
            return None
        rule = _RULES.get(loss.cause.code)
        code = RemedyCode.OF_CAUSE if rule is None else rule(group, cell)
        if code is not None:
            return Remedy(code=code, cause=loss.cause)
    return None


def _is_too_small(group: Compared, cell: CellAnalysis) -> bool:
    """Whether start-up or shutdown is the largest loss, and they cost all that the workers could save."""
    loop, workers, losses = group.loop, cell.cell.workers or 0, cell.losses
    if loop is None or loop.wall_s is None or cell.wall_s is None or workers < _FEWEST_TO_DIVIDE:
        return False
    if not losses or losses[0].cause.code not in _POOL_LOSSES:
        return False
    share = sum(loss.share.value for loss in losses if loss.cause.code in _POOL_LOSSES)
    loop_s = loop.wall_s.value * cell.bags
    return share * cell.wall_s.value >= loop_s * (1 - 1 / workers)


def _are_fewer_refuted(group: Compared, cell: CellAnalysis) -> bool:
    """Whether fewer workers were measured, and every smaller number is shown to be slower."""
    fewer = group.fewer_workers(cell)
    if not fewer:
        return False
    if cell.among_best and all(other.among_best is False for other in fewer):
        return True
    ratios = [group.times.ratio(other.cell.id, cell.cell.id) for other in fewer]
    return all(ratio is not None and ratio.excludes(1) and ratio.value > 1 for ratio in ratios)


def _pool(cell: CellAnalysis) -> Mapping[str, Any]:
    settings: Mapping[str, Any] = cell.cell.settings["executor"]["pool"]
    return settings


def _runs_in_processes(cell: CellAnalysis) -> bool:
    target = str(_pool(cell).get("_target_", "")).lower()
    return any(name in target for name in _PROCESS_POOL_NAMES)


def _are_processes_refuted(group: Compared, cell: CellAnalysis) -> bool:
    """Whether processes were measured, and none of them is shown to be faster than a cell."""
    return _are_refuted(group, cell, [other for other in _others(group, cell) if _runs_in_processes(other)])


def _are_threads_refuted(group: Compared, cell: CellAnalysis) -> bool:
    """Whether threads were measured, and none of them is shown to be faster than a cell."""
    others = _others(group, cell)
    return _are_refuted(group, cell, [other for other in others if not _runs_in_processes(other)])


def _others(group: Compared, cell: CellAnalysis) -> list[CellAnalysis]:
    """List the pools of other executors."""
    return [other for other in group.cells if other.is_pool and other.cell.executor != cell.cell.executor]


def _are_refuted(group: Compared, cell: CellAnalysis, others: Sequence[CellAnalysis]) -> bool:
    ratios = [group.times.ratio(cell.cell.id, other.cell.id) for other in others]
    return bool(others) and not any(ratio is not None and ratio.low > 1 for ratio in ratios)


# --- the rules ----------------------------------------------------------------------------------------


def _late_workers(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    has_slow_start = _pool(cell).get("mp_context") in _SLOW_STARTS
    if _are_fewer_refuted(group, cell):
        return RemedyCode.QUICKER_START if has_slow_start else None
    return RemedyCode.OF_CAUSE if has_slow_start else RemedyCode.FEWER_WORKERS


def _dispatch(_: Compared, cell: CellAnalysis) -> RemedyCode | None:
    size, tasks, workers = cell.cell.chunk_size, cell.tasks or 0, cell.cell.workers or 1
    has_bigger = isinstance(size, int) and size * workers < tasks
    return RemedyCode.OF_CAUSE if has_bigger and size != AUTO else RemedyCode.LESS_DATA


def _uneven_tasks(group: Compared, _: CellAnalysis) -> RemedyCode | None:
    return RemedyCode.MORE_TASKS if group.has_equal_tasks else RemedyCode.OF_CAUSE


def _placement(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    """Order helps only unequal tasks, and chunks of one task or of `auto` size cannot be smaller."""
    is_smallest = cell.cell.chunk_size == AUTO or cell.tasks_per_chunk == 1 or cell.cell.chunk_size == 1
    if group.has_equal_tasks:
        return None if is_smallest else RemedyCode.SMALLER_CHUNKS
    return RemedyCode.LONGEST_FIRST if is_smallest else RemedyCode.OF_CAUSE


def _lock(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    return None if _are_processes_refuted(group, cell) else RemedyCode.OF_CAUSE


def _full_event_loop(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    return RemedyCode.LESS_WORK if _are_processes_refuted(group, cell) else RemedyCode.OF_CAUSE


def _copied_pages(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    is_refuted = _are_fewer_refuted(group, cell) or _are_threads_refuted(group, cell)
    return RemedyCode.COMPACT_DATA if is_refuted else RemedyCode.OF_CAUSE


def _shared_objects(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    return RemedyCode.OWN_COPIES if _are_processes_refuted(group, cell) else RemedyCode.OF_CAUSE


def _oversubscribed(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    return None if _are_fewer_refuted(group, cell) else RemedyCode.OF_CAUSE


def _slower_cpu(group: Compared, cell: CellAnalysis) -> RemedyCode | None:
    return RemedyCode.LESS_TRAFFIC if _are_fewer_refuted(group, cell) else RemedyCode.OF_CAUSE


def _native_threads(_: Compared, cell: CellAnalysis) -> RemedyCode | None:
    env = cell.cell.settings["env"]
    is_set = any(str(env.get(name)) == "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"))
    return None if is_set else RemedyCode.OF_CAUSE


_Rule = Callable[[Compared, CellAnalysis], RemedyCode | None]

#: By the code of a cause: a rule that returns the remedy for a pool, or None if the study rules out all.
_RULES: Mapping[str, _Rule] = {
    "late_workers": _late_workers,
    "dispatch": _dispatch,
    "uneven_tasks": _uneven_tasks,
    "placement": _placement,
    "gil_or_lock": _lock,
    "full_event_loop": _full_event_loop,
    "copied_pages": _copied_pages,
    "shared_objects": _shared_objects,
    "shared_cores": _oversubscribed,
    "oversubscribed": _oversubscribed,
    "slower_cpu": _slower_cpu,
    "native_threads": _native_threads,
}
