"""What a cell's workers are given to do: one bag of tasks, one bag each, or tasks until a window ends."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from runner.records import LOOP, Cell, Mode, Sample

if TYPE_CHECKING:
    from runner.settings import Config

USUAL_DURATION_S = 1.0


def contradictions(config: "Config") -> Iterator[str]:
    """Tell which settings mean nothing in the mode."""
    if config.mode is not Mode.throughput:
        # A study that goes on has a mode, which need not be said again.
        if config.duration_s is not None and config.resume is None:
            yield f"duration_s={config.duration_s:g}: only mode=throughput lasts that long; leave it out"
        return
    workload = config.workload
    if workload.snippets:
        made = f"workload '{workload.name}' is made of snippets, which are timed by call"
        yield f"mode=throughput: {made}; use mode=tasks"
    if config.iterations > 1:
        yield f"iterations={config.iterations}: in mode=throughput the pool is warm already; leave it out"
    for key, size in (("chunk_size", config.chunk_size), ("executor.chunk_size", config.executor.chunk_size)):
        is_loop = key == "executor.chunk_size" and config.executor.pool.get("_target_") == LOOP
        if size != 1 and not is_loop and (key == "chunk_size" or size != config.chunk_size):
            told = "null" if size is None else size
            yield f"{key}={told}: in mode=throughput workers take one task after another; leave it out"
    duration_s = duration_of(config)
    if config.time_limit_s is not None and duration_s is not None and config.time_limit_s <= duration_s:
        longer = f"mode=throughput alone runs for duration_s={duration_s:g}; give more"
        yield f"time_limit_s={config.time_limit_s:g}: {longer}"


def duration_of(config: "Config") -> float | None:
    """Give the length of the window in seconds; None in modes without one."""
    if config.mode is not Mode.throughput:
        return None
    return USUAL_DURATION_S if config.duration_s is None else config.duration_s


def program(config: "Config", workers: int | None, *, is_baseline: bool) -> dict[str, Any]:
    """Give what the mode adds to the program of a cell; a baseline always runs one bag."""
    if config.mode is Mode.throughput:
        return {"duration_s": duration_of(config)}
    if config.mode is Mode.weak and not is_baseline and (workers or 1) > 1:
        return {"bags": workers}
    return {}


def is_uncounted(mode: Mode, pool: Mapping[str, Any], workers: int | None) -> bool:
    """Whether a mode that gives every worker its own work meets a pool of unknown size."""
    return mode is not Mode.tasks and workers is None and pool.get("_target_") != LOOP


def bags_of(cell: Cell) -> int:
    """Tell how many times a cell runs the items."""
    return int(cell.settings.get("bags", 1))


def has_window(cell: Cell) -> bool:
    """Whether a cell runs tasks until a window ends."""
    return "duration_s" in cell.settings


def unit_s(cell: Cell, sample: Sample) -> float | None:
    """Give the seconds that cells are compared by: of one bag or, in a window, of one task."""
    if not has_window(cell):
        return None if sample.wall_s is None else sample.wall_s / bags_of(cell)
    return None if sample.work_s is None else sample.work_s / sample.tasks


def mode_of(study: Mapping[str, Any]) -> Mode:
    """Read the mode of a study; those of older versions had one."""
    return Mode(study.get("mode", Mode.tasks))


def lasts_s(cells: Iterable[Cell]) -> float:
    """Give the window of a study's cells in seconds; 0 without one."""
    return max((float(cell.settings.get("duration_s", 0.0)) for cell in cells), default=0.0)
