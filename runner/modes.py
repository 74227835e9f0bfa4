"""The modes of a study: what the workers of a cell run, and by which figure cells are compared.

A mode is one `ModeSpec`; everything that depends on the mode asks the spec of the study. To add a mode, add a
member to `Mode`, a spec to `MODES`, and a loop to the probe if neither a bag nor a window serves.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner.records import LOOP, Cell, Mode, Sample
from runner.units import seconds, three_digits

if TYPE_CHECKING:
    from runner.folder.study_description import StudyDescription
    from runner.settings import Config

DEFAULT_WINDOW_S = 1.0


@dataclass(frozen=True, kw_only=True)
class ComparedFigure:
    """The figure by which the cells of a mode are compared."""

    column: str  #: its column in summary.csv
    text: Callable[[float], str]  #: formats it for a sentence, with its unit
    higher_is_better: bool = False  #: it is a rate: the inverse of the seconds that `unit_s` returns


@dataclass(frozen=True, kw_only=True)
class ModeSpec:
    """Everything that is specific to a mode."""

    mode: Mode
    figure: ComparedFigure
    # What runs
    has_window: bool = False  #: workers run tasks until a window closes, instead of bags of tasks
    bags_per_worker: int = 0  #: that each worker runs for itself; 0: all workers share one bag
    counted_nodes: tuple[str, ...] = ()  #: which of executor and baseline need a known number of workers
    # What applies to it
    is_strong_scaling: bool = False  #: one bag for any number of workers: laws and known answers apply
    why_unexplained: str = ""  #: why there are no bounds, factors and losses; empty: there are
    # What it is called
    ratio: str  #: name of `speedup`
    ratio_heading: str  #: the same, as the heading of a column
    ratio_meaning: str = ""  #: explains the heading; empty: it needs no explanation
    efficiency: str = "efficiency"  #: name of the ratio per worker
    title: str = ""  #: `{window}` stands for the length of the window; empty for the default mode
    caption: str = ""  #: a sentence for the captions of plots

    def describe(self, window_s: float) -> str:
        """Describe the mode with the length of its window; empty for the default mode."""
        return self.title.format(window=seconds(window_s))

    def program(self, config: "Config", workers: int | None, *, is_baseline: bool) -> dict[str, Any]:
        """Return the settings that the mode adds to a cell; a baseline always runs a single bag."""
        if self.has_window:
            return {"duration_s": self.duration_of(config)}
        # Only the plain loop has no number of workers here: it runs a single bag, as a baseline does.
        bags = 1 if is_baseline or workers is None else self.bags_per_worker * workers
        return {"bags": bags} if bags > 1 else {}

    def duration_of(self, config: "Config") -> float | None:
        """Return the length of the window in seconds; None without one."""
        if not self.has_window:
            return None
        return DEFAULT_WINDOW_S if config.duration_s is None else config.duration_s

    def needs_worker_count(self, node: str, pool: Mapping[str, Any], workers: int | None) -> bool:
        """Whether the number of workers is unknown although the mode depends on it.

        Args:
            node: "executor" or "baseline"
            pool: its arguments, with `_target_`
            workers: None if the pool itself chooses the number
        """
        return node in self.counted_nodes and workers is None and pool.get("_target_") != LOOP

    def contradictions(self, config: "Config") -> Iterator[str]:
        """Yield a message for every setting that contradicts the mode."""
        if self.has_window:
            yield from _contradictions_of_window(config, self)
        elif config.duration_s is not None and config.resume is None:  # resume takes the mode from the study
            with_window = " or ".join(f"mode={spec.mode}" for spec in MODES.values() if spec.has_window)
            yield f"duration_s={config.duration_s:g}: it only applies to {with_window}; remove duration_s"


def _contradictions_of_window(config: "Config", spec: ModeSpec) -> Iterator[str]:
    mode, workload = f"mode={spec.mode}", config.workload
    if workload.snippets:
        reason = f"workload '{workload.name}' consists of snippets, which are timed per call"
        yield f"{mode}: {reason}; use mode=tasks"
    if config.iterations > 1:
        yield f"iterations={config.iterations}: the pool is always warm in {mode}; remove iterations"
    for key, size in (("chunk_size", config.chunk_size), ("executor.chunk_size", config.executor.chunk_size)):
        is_loop = key == "executor.chunk_size" and config.executor.pool.get("_target_") == LOOP
        if size != 1 and not is_loop and (key == "chunk_size" or size != config.chunk_size):
            value = "null" if size is None else size
            yield f"{key}={value}: workers take one task at a time in {mode}; remove {key}"
    duration_s = spec.duration_of(config)
    if config.time_limit_s is not None and duration_s is not None and config.time_limit_s <= duration_s:
        reason = f"the window of {mode} alone lasts duration_s={duration_s:g}"
        yield f"time_limit_s={config.time_limit_s:g}: {reason}; increase time_limit_s"


MODES: Mapping[Mode, ModeSpec] = {
    spec.mode: spec
    for spec in (
        ModeSpec(
            mode=Mode.tasks,
            figure=ComparedFigure(column="wall_s", text=seconds),
            is_strong_scaling=True,
            ratio="speedup",
            ratio_heading="speedup",
        ),
        ModeSpec(
            mode=Mode.weak,
            figure=ComparedFigure(column="bag_s", text=lambda bag_s: f"{seconds(bag_s)} per bag"),
            bags_per_worker=1,
            counted_nodes=("executor",),
            ratio="scaled speedup",
            ratio_heading="scaled",
            ratio_meaning="work done per time, relative to the baseline",
            efficiency="scaled efficiency",
            title="weak scaling, one bag per worker",
            caption="Weak scaling: one bag per worker.",
        ),
        ModeSpec(
            mode=Mode.throughput,
            figure=ComparedFigure(
                column="tasks_per_s",
                text=lambda rate: f"{three_digits(rate)} tasks per second",
                higher_is_better=True,
            ),
            has_window=True,
            counted_nodes=("executor", "baseline"),
            why_unexplained="no bound, factors or losses, because they explain the time of a bag",
            ratio="ratio of tasks per second",
            ratio_heading="ratio",
            ratio_meaning="tasks per second, relative to the baseline",
            title="throughput over {window}",
        ),
    )
}


def mode_of(study: "StudyDescription") -> ModeSpec:
    """Return the mode of a study."""
    return MODES[study.mode]


def bags_of(cell: Cell) -> int:
    """Return how many times a cell runs the items of its workload."""
    return int(cell.settings.get("bags", 1))


def has_window(cell: Cell) -> bool:
    """Whether a cell runs tasks until a window closes."""
    return "duration_s" in cell.settings


def window_s(cells: Iterable[Cell]) -> float:
    """Return the length in seconds of the window of a study's cells; 0 without one."""
    return max((float(cell.settings.get("duration_s", 0.0)) for cell in cells), default=0.0)


def unit_s(cell: Cell, sample: Sample) -> float | None:
    """Return what cells are compared by: seconds per bag or, in a window, per task. None: it failed."""
    if has_window(cell):
        return None if sample.work_s is None else sample.work_s / sample.tasks
    return None if sample.wall_s is None else sample.wall_s / bags_of(cell)
