"""The columns of every table: the only place that knows a column.

`COLUMNS` are the columns of the cells: summary.csv, the terminal's table, the figures that known answers may
name and the table in docs/reference.md are made from them. To add one, add a field to `CellAnalysis` and a
row here. What a column says in words is in `runner/report/column_sentences.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from runner.records import LawName
from runner.units import percent, seconds, size, three_digits

if TYPE_CHECKING:  # composing needs the names of figures only, and the records take long to import
    from runner.estimate import Estimate
    from runner.facts import (
        BreakEven,
        CellAnalysis,
        Factors,
        KnownAnswerAnalysis,
        LawAnalysis,
        Service,
        Spread,
        StudyFacts,
        TaskAnalysis,
    )
    from runner.modes import ModeSpec

RecordT = TypeVar("RecordT")

BOUNDS = ("_low", "_high")


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    WHOLE = "whole number"
    NUMBER = "number"
    FLAG = "True or False"
    ESTIMATE = "number with bounds"  #: three columns: NAME, NAME_low and NAME_high
    SENTENCE = "sentence"  #: worded by the report


@dataclass(frozen=True, kw_only=True)
class Heading:
    """How the table on the terminal shows a column."""

    text: str  #: `{mode.…}` stands for what the mode says
    place: int  #: position in the order of the columns
    drop: int = 0  #: on a narrow terminal, the column with the highest number is omitted first; 0: never
    show: Callable[[Any], str] = str  #: formats the value, or the value of an estimate
    has_bounds: bool = False  #: a second column shows the bounds
    meaning: str = ""  #: explained below the table, as `text`; empty: it needs no explanation
    justify: Literal["left", "right"] = "right"
    style: str = ""  #: of rich
    is_of_failed: bool = False  #: also shown for cells that failed
    differs_from: str = ""  #: omitted where it repeats this column
    applies: "Callable[[ModeSpec], bool]" = lambda _: True  #: whether the table shows it in a mode
    on_page_only: bool = False  #: the terminal has no room for it


@dataclass(frozen=True, kw_only=True)
class Column(Generic[RecordT]):
    """One column of a table of records; an estimate takes three."""

    name: str
    kind: Kind
    get: Callable[[RecordT], Any] = lambda _: None  #: not used for a sentence
    unit: str = ""
    doc: str
    heading: Heading | None = None  #: None: not on the terminal
    applies: "Callable[[ModeSpec], bool]" = lambda _: True  #: whether tables of a mode have it
    is_figure: bool = False  #: whether known answers may name it

    @property
    def names(self) -> tuple[str, ...]:
        """Names in a CSV file."""
        bounds = BOUNDS if self.kind == Kind.ESTIMATE else ()
        return (self.name, *(f"{self.name}{bound}" for bound in bounds))

    def values(self, record: RecordT) -> tuple[Any, ...]:
        """Return the values in a CSV file, one for each name; None where unknown."""
        value = self.get(record)
        if self.kind != Kind.ESTIMATE:
            return (value,)
        return (None, None, None) if value is None else (value.value, value.low, value.high)


def _strong_or_weak(mode: "ModeSpec") -> bool:
    return not mode.has_window


def _weak(mode: "ModeSpec") -> bool:
    return mode.bags_per_worker > 0


def _window(mode: "ModeSpec") -> bool:
    return mode.has_window


def _spread(get: "Callable[[Spread], float]") -> "Callable[[CellAnalysis], float | None]":
    return lambda cell: None if cell.wall_spread is None else get(cell.wall_spread)


def _service(get: "Callable[[Service], float]") -> "Callable[[CellAnalysis], float | None]":
    return lambda cell: None if cell.service is None else get(cell.service)


def _factor(get: "Callable[[Factors], Estimate | None]") -> "Callable[[CellAnalysis], Estimate | None]":
    return lambda cell: None if cell.factors is None else get(cell.factors)


def _share_of_bound(cell: "CellAnalysis") -> "float | None":
    if cell.speedup is None or cell.speedup_bound is None:
        return None
    return cell.speedup.value / cell.speedup_bound.value


#: The columns that name a cell; `naming_columns` adds the further swept settings after them.
NAMING: "tuple[Column[CellAnalysis], ...]" = (
    Column(name="cell", kind=Kind.TEXT, get=lambda cell: cell.cell.id, doc="id of the cell"),
    Column(name="workload", kind=Kind.TEXT, get=lambda cell: cell.cell.workload, doc="name of the workload"),
    Column(
        name="executor",
        kind=Kind.TEXT,
        get=lambda cell: cell.cell.executor,
        doc="name of the executor",
        heading=Heading(text="executor", place=0, justify="left", is_of_failed=True),
    ),
    Column(
        name="workers",
        kind=Kind.WHOLE,
        get=lambda cell: cell.cell.workers,
        doc="number of workers; empty: the executor takes none, or chooses the number itself",
        heading=Heading(text="workers", place=2, is_of_failed=True),
    ),
    Column(
        name="chunk_size",
        kind=Kind.TEXT,
        get=lambda cell: cell.cell.chunk_size,
        doc="tasks sent to a worker at a time, or `auto`; empty: all at once, or no pool",
    ),
    Column(
        name="python",
        kind=Kind.TEXT,
        get=lambda cell: cell.python,
        doc="version of the interpreter, or its name if several interpreters have that version",
    ),
)

#: The columns of the cells after those that name them.
COLUMNS: "tuple[Column[CellAnalysis], ...]" = (
    Column(
        name="baseline",
        kind=Kind.TEXT,
        get=lambda cell: cell.cell.baseline,
        doc="id of the cell that speedups are relative to",
    ),
    Column(
        name="is_baseline",
        kind=Kind.FLAG,
        get=lambda cell: cell.is_baseline,
        doc="whether the cell is its own baseline",
    ),
    Column(
        name="tasks_per_chunk",
        kind=Kind.WHOLE,
        get=lambda cell: cell.tasks_per_chunk,
        doc="the chunk size; for `auto`, the size that was chosen; empty: all at once, or no pool",
    ),
    Column(
        name="repetitions",
        kind=Kind.WHOLE,
        get=lambda cell: cell.repetitions,
        doc="repetitions that succeeded",
    ),
    Column(
        name="noisy",
        kind=Kind.WHOLE,
        get=lambda cell: cell.disturbed,
        doc="disturbed repetitions: other programs or the host took CPU",
    ),
    Column(
        name="status",
        kind=Kind.TEXT,
        get=lambda cell: cell.status,
        doc="`ok`, or the status of the first iteration that failed; `interrupted`: not measured",
    ),
    Column(
        name="flags",
        kind=Kind.SENTENCE,
        doc="anomalies of the times: outliers, two modes, a trend over the repetitions. Nothing is removed",
    ),
    Column(
        name="wall_s",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.wall_s,
        unit="s",
        doc="wall time: median over the repetitions, and its interval",
        heading=Heading(
            text="time",
            place=3,
            show=seconds,
            applies=_strong_or_weak,
        ),
        is_figure=True,
    ),
    Column(
        name="wall_s_min",
        kind=Kind.NUMBER,
        get=_spread(lambda spread: spread.least),
        unit="s",
        doc="shortest wall time",
    ),
    Column(
        name="wall_s_p10",
        kind=Kind.NUMBER,
        get=_spread(lambda spread: spread.p10),
        unit="s",
        doc="10th percentile of the wall times",
    ),
    Column(
        name="wall_s_p90",
        kind=Kind.NUMBER,
        get=_spread(lambda spread: spread.p90),
        unit="s",
        doc="90th percentile of the wall times",
    ),
    Column(
        name="wall_s_max",
        kind=Kind.NUMBER,
        get=_spread(lambda spread: spread.most),
        unit="s",
        doc="longest wall time",
    ),
    Column(
        name="bags",
        kind=Kind.WHOLE,
        get=lambda cell: cell.bags,
        doc="number of bags; only with `mode=weak`",
        applies=_weak,
    ),
    Column(
        name="bag_s",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.bag_s,
        unit="s",
        doc="`wall_s` / `bags`; only with `mode=weak`",
        applies=_weak,
    ),
    Column(
        name="tasks_per_s",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.tasks_per_s,
        unit="1/s",
        doc="tasks per second that ended within the window; only with `mode=throughput`",
        heading=Heading(text="tasks/s", place=3, show=three_digits),
        applies=_window,
    ),
    Column(
        name="service_p50_s",
        kind=Kind.NUMBER,
        get=_service(lambda service: service.p50_s),
        unit="s",
        doc="median duration of a task; only with `mode=throughput`",
        heading=Heading(
            text="p50",
            place=6,
            show=seconds,
            meaning="half of the tasks take at most this long (p99: 99 of 100)",
        ),
        applies=_window,
    ),
    Column(
        name="service_p90_s",
        kind=Kind.NUMBER,
        get=_service(lambda service: service.p90_s),
        unit="s",
        doc="90th percentile of the durations of tasks; only with `mode=throughput`",
        heading=Heading(text="p90", place=7, drop=4, show=seconds),
        applies=_window,
    ),
    Column(
        name="service_p99_s",
        kind=Kind.NUMBER,
        get=_service(lambda service: service.p99_s),
        unit="s",
        doc="99th percentile of the durations of tasks; only with `mode=throughput`",
        heading=Heading(text="p99", place=8, show=seconds),
        applies=_window,
    ),
    Column(
        name="speedup",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.speedup,
        doc=(
            "median `wall_s` of the baseline over that of the cell. With `mode=weak`: the scaled speedup, "
            "computed from `bag_s`; with `mode=throughput`: the ratio of tasks per second"
        ),
        heading=Heading(
            text="{mode.ratio_heading}",
            place=4,
            show=three_digits,
            has_bounds=True,
            meaning="{mode.ratio_meaning}",
        ),
        is_figure=True,
    ),
    Column(
        name="warm_speedup",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.warm_speedup,
        doc="speedup of `work_s` on a warm pool; empty: no warm pool (`iterations=1`)",
        heading=Heading(
            text="warm",
            place=10,
            drop=4,
            show=three_digits,
            meaning="speedup of the tasks alone, on a pool that is already open",
        ),
        is_figure=True,
    ),
    Column(
        name="marginal_speedup",
        kind=Kind.ESTIMATE,
        get=lambda cell: None if cell.marginal is None else cell.marginal.ratio,
        doc="speedup over the cell with the next smaller number of workers",
        is_figure=True,
    ),
    Column(
        name="speedup_of_best",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.speedup_of_best,
        doc="speedup over the fastest baseline of the same work, in any interpreter or environment",
        heading=Heading(
            text="vs best",
            place=11,
            show=three_digits,
            meaning="speedup over the fastest baseline",
            differs_from="speedup",
        ),
        is_figure=True,
    ),
    Column(
        name="cpu_s",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.cpu_s,
        unit="s",
        doc="CPU time of all processes: median over the repetitions",
        heading=Heading(text="CPU", place=15, drop=3, show=seconds),
        is_figure=True,
    ),
    Column(
        name="peak_pss_bytes",
        kind=Kind.WHOLE,
        get=lambda cell: cell.peak_pss_bytes,
        unit="bytes",
        doc=(
            "peak memory of all processes together, from an untimed run ([method.md](method.md)); empty: not "
            "measured. It needs `memory=true`, on Linux"
        ),
        heading=Heading(
            text="memory", place=16, drop=5, show=size, meaning="peak memory of all its processes"
        ),
    ),
    Column(
        name="among_best",
        kind=Kind.FLAG,
        get=lambda cell: cell.among_best,
        doc=(
            "whether it is not measurably slower than the best cell with the same baseline; empty: too few "
            "repetitions to compare that many cells"
        ),
    ),
    Column(
        name="speedup_bound",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.speedup_bound,
        doc="largest speedup that these tasks and CPUs allow with any executor; computed from measured times",
        heading=Heading(
            text="bound",
            place=12,
            drop=6,
            show=three_digits,
            meaning="largest speedup that these tasks and CPUs allow",
        ),
        is_figure=True,
    ),
    Column(
        name="chunk_bound",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.chunk_bound,
        doc="largest speedup with its chunks, each of which one worker runs; empty if they are single tasks",
        is_figure=True,
    ),
    Column(
        name="share_of_bound",
        kind=Kind.NUMBER,
        get=_share_of_bound,
        doc="`speedup` / `speedup_bound`: 1 if no executor can be faster",
        heading=Heading(
            text="of bound",
            place=13,
            show=percent,
            meaning="speedup over its bound: at 100% no executor can be faster",
            on_page_only=True,
        ),
    ),
    Column(
        name="efficiency",
        kind=Kind.ESTIMATE,
        get=lambda cell: cell.efficiency,
        doc="`speedup` / `workers`",
        heading=Heading(
            text="eff.",
            place=14,
            drop=2,
            show=percent,
            meaning="speedup per worker",
            applies=_strong_or_weak,
        ),
        is_figure=True,
    ),
    Column(
        name="attributed_speedup",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.attributed_speedup),
        doc=(
            "speedup of the pair of runs of median duration, with its interval over all pairs; the following "
            "factors explain it ([method.md](method.md)), and are empty if they cannot"
        ),
        is_figure=True,
    ),
    Column(
        name="serial_overhead",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.serial_overhead),
        doc="factor B, at least 1: wall time of the baseline over the time of its tasks",
        is_figure=True,
    ),
    Column(
        name="computation_scaling",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.computation_scaling),
        doc="factor K: time of the tasks in the baseline over their time in the cell",
        is_figure=True,
    ),
    Column(
        name="cpu_scaling",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.cpu_scaling),
        doc="the part of K that is CPU time: memory bandwidth, shared cores",
        is_figure=True,
    ),
    Column(
        name="on_cpu",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.on_cpu),
        doc="the other part of K: the GIL, locks, too few CPUs, other programs",
        is_figure=True,
    ),
    Column(
        name="granularity",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.granularity),
        doc="factor G: how evenly the tasks can be divided among the workers",
        is_figure=True,
    ),
    Column(
        name="placement",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.placement),
        doc="factor Q: how well the tasks are assigned to the workers",
        is_figure=True,
    ),
    Column(
        name="dispatch_efficiency",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.dispatch_efficiency),
        doc="factor D: dispatch of tasks and data transfer",
        is_figure=True,
    ),
    Column(
        name="pool_efficiency",
        kind=Kind.ESTIMATE,
        get=_factor(lambda factors: factors.pool_efficiency),
        doc="factor L: start-up and shutdown of the pool",
        is_figure=True,
    ),
    Column(
        name="main_loss",
        kind=Kind.TEXT,
        get=lambda cell: None if cell.main_loss is None else str(cell.main_loss.cause.code),
        doc=(
            "code of the cause of the largest loss; empty for the baseline, if no cause is shown to cost "
            "more than a hundredth, and if tracing cannot explain the cell"
        ),
        heading=Heading(
            text="main loss",
            place=17,
            drop=1,
            meaning="largest loss of worker time",
            justify="left",
        ),
    ),
    Column(
        name="main_loss_share",
        kind=Kind.ESTIMATE,
        get=lambda cell: None if cell.main_loss is None else cell.main_loss.share,
        doc="share of the workers' time (workers times wall time) that the main loss takes",
    ),
    Column(
        name="note",
        kind=Kind.SENTENCE,
        doc="why a figure is missing, and what limits comparisons",
        heading=Heading(text="note", place=18, justify="left", style="dim", is_of_failed=True),
    ),
)


def swept_column(key: str) -> "Column[CellAnalysis]":
    """Make the column of a further swept setting."""
    return Column(name=key, kind=Kind.TEXT, get=lambda cell: cell.swept.get(key), doc="a swept setting")


def naming_columns(swept: Sequence[str]) -> "tuple[Column[CellAnalysis], ...]":
    """List the columns that name a cell, which come first in every table."""
    return (*NAMING, *map(swept_column, swept))


def cell_columns(study: "StudyFacts") -> "tuple[Column[CellAnalysis], ...]":
    """List the columns of summary.csv for a study."""
    return (*naming_columns(study.swept), *(column for column in COLUMNS if column.applies(study.spec)))


BY_NAME: "Mapping[str, Column[CellAnalysis]]" = {column.name: column for column in (*NAMING, *COLUMNS)}

Figure = Callable[["CellAnalysis", "Sequence[LawAnalysis]"], "Estimate | float | None"]


def _figure_of_cell(column: "Column[CellAnalysis]") -> Figure:
    def get(cell: "CellAnalysis", _: "Sequence[LawAnalysis]") -> "Estimate | float | None":
        figure: Estimate | float | None = column.get(cell)
        return figure

    return get


def _figure_of_law(name: LawName, parameter: "Callable[[LawAnalysis], Estimate | None]") -> Figure:
    def get(cell: "CellAnalysis", laws: "Sequence[LawAnalysis]") -> "Estimate | None":
        curves = (law for law in laws if law.law == name and cell.cell.id in law.cells)
        curve = next(curves, None)
        return None if curve is None else parameter(curve)

    return get


#: What known answers may name: figures of a cell, and parameters of the law of its curve. A figure is None
#: where it is unknown.
KNOWN_FIGURES: Mapping[str, Figure] = {
    **{column.name: _figure_of_cell(column) for column in COLUMNS if column.is_figure},
    "amdahl_alpha": _figure_of_law("amdahl", lambda law: law.alpha),
    "usl_alpha": _figure_of_law("usl", lambda law: law.alpha),
    "usl_beta": _figure_of_law("usl", lambda law: law.beta),
    "usl_peak_workers": _figure_of_law("usl", lambda law: law.peak_workers),
}

#: tasks.csv, after the columns that name the cell.
TASK_COLUMNS: "tuple[Column[TaskAnalysis], ...]" = (
    Column(
        name="per_call",
        kind=Kind.FLAG,
        get=lambda task: task.per_call,
        doc="whether it is a snippet: times are per call",
    ),
    Column(name="task", kind=Kind.WHOLE, get=lambda task: task.task, doc="position among the items, from 0"),
    Column(
        name="label", kind=Kind.TEXT, get=lambda task: task.label, doc="the item, or the name of the snippet"
    ),
    Column(
        name="calls",
        kind=Kind.WHOLE,
        get=lambda task: task.calls,
        doc="calls in the inner loop of a snippet, otherwise 1",
    ),
    Column(
        name="time_s",
        kind=Kind.ESTIMATE,
        get=lambda task: task.time_s,
        unit="s",
        doc="time of one task, or of one call of a snippet: median over the repetitions",
    ),
    Column(
        name="relative",
        kind=Kind.ESTIMATE,
        get=lambda task: task.relative,
        doc="time of a snippet over that of the quickest snippet in the same cell",
    ),
    Column(
        name="among_best",
        kind=Kind.FLAG,
        get=lambda task: task.among_best,
        doc="whether a snippet is not measurably slower than the quickest; empty: too few repetitions",
    ),
    Column(
        name="differing",
        kind=Kind.WHOLE,
        get=lambda task: task.differing,
        doc="repetitions in which the result differed",
    ),
)

#: fits.csv, after the columns that name the curve.
LAW_COLUMNS: "tuple[Column[LawAnalysis], ...]" = (
    Column(name="law", kind=Kind.TEXT, get=lambda law: law.law, doc="`amdahl` or `usl`"),
    Column(
        name="levels",
        kind=Kind.WHOLE,
        get=lambda law: law.levels,
        doc="how many different numbers of workers it was fitted to",
    ),
    Column(
        name="alpha", kind=Kind.ESTIMATE, get=lambda law: law.alpha, doc="contention: the serial fraction"
    ),
    Column(
        name="beta",
        kind=Kind.ESTIMATE,
        get=lambda law: law.beta,
        doc="coherency: the cost of each pair of workers; only `usl`",
    ),
    Column(
        name="peak_workers",
        kind=Kind.ESTIMATE,
        get=lambda law: law.peak_workers,
        doc="number of workers at which the speedup is largest; only `usl`",
    ),
    Column(name="note", kind=Kind.SENTENCE, doc="why the law is not identifiable, or has no peak"),
)

#: break_even.csv, after the columns that name the pool.
BREAK_EVEN_COLUMNS: "tuple[Column[BreakEven], ...]" = (
    Column(name="size", kind=Kind.TEXT, get=lambda row: row.setting, doc="the swept setting"),
    Column(name="sizes", kind=Kind.WHOLE, get=lambda row: len(row.sizes), doc="how many sizes were measured"),
    Column(
        name="break_even",
        kind=Kind.ESTIMATE,
        get=lambda row: row.size,
        doc=(
            "size from which on the pool is faster than its baseline. 0: it is faster at every measured "
            "size; inf: it is faster at none, or not at the largest"
        ),
    ),
    Column(name="note", kind=Kind.SENTENCE, doc="what the figure means where it is 0, inf or empty"),
)

#: known_answers.csv, and the table of known answers on the terminal.
KNOWN_ANSWER_COLUMNS: "tuple[Column[KnownAnswerAnalysis], ...]" = (
    Column(
        name="workload",
        kind=Kind.TEXT,
        get=lambda answer: answer.known.workload,
        doc="name of the workload",
        heading=Heading(text="workload", place=0, justify="left"),
    ),
    Column(
        name="cell",
        kind=Kind.SENTENCE,
        doc="name of the cell",
        heading=Heading(text="cell", place=1, justify="left"),
    ),
    Column(
        name="figure",
        kind=Kind.TEXT,
        get=lambda answer: answer.known.figure,
        doc="the figure that is known",
        heading=Heading(text="figure", place=2, drop=2, justify="left"),
    ),
    Column(
        name="expected",
        kind=Kind.SENTENCE,
        doc="its known value or range",
        heading=Heading(text="expected", place=3),
    ),
    Column(
        name="measured",
        kind=Kind.NUMBER,
        get=lambda answer: None if answer.measured is None else answer.measured.value,
        doc="its measured value",
        heading=Heading(text="measured", place=4),
    ),
    Column(
        name="low",
        kind=Kind.NUMBER,
        get=lambda answer: None if answer.measured is None else answer.measured.low,
        doc="lower bound of the measured value",
    ),
    Column(
        name="high",
        kind=Kind.NUMBER,
        get=lambda answer: None if answer.measured is None else answer.measured.high,
        doc="upper bound of the measured value",
    ),
    Column(
        name="outcome",
        kind=Kind.SENTENCE,
        doc=(
            "`holds`: the value is as expected; `cannot tell`: it is not, but its interval allows it, or "
            "there are too few repetitions for an interval; `does not hold`; `not run`"
        ),
        heading=Heading(text="outcome", place=5, justify="left"),
    ),
    Column(
        name="disturbed",
        kind=Kind.WHOLE,
        get=lambda answer: None if answer.not_run else answer.disturbed,
        doc="disturbed repetitions of the cell",
        heading=Heading(text="disturbed", place=6, drop=1, show=lambda count: str(count or "")),
    ),
    Column(
        name="repetitions",
        kind=Kind.WHOLE,
        get=lambda answer: None if answer.not_run else answer.repetitions,
        doc="repetitions of the cell that succeeded",
    ),
    Column(name="because", kind=Kind.SENTENCE, doc="why the answer is known, or why it was not run"),
)

#: samples.csv, after the columns that name the cell: the fields of `Sample`.
SAMPLE_COLUMNS: Mapping[str, str] = {
    "repetition": "from 1; 0 is the reference run, which is excluded from all statistics",
    "position": "place of the invocation in the random order of its repetition, from 0",
    "iteration": "0 is the headline run, with a pool of its own; later ones share a second, warm pool",
    "warmup": "`True`: the iteration warms up the second pool and is excluded from all statistics",
    "tracing": "`True`: a separate run that only traces tasks too short to be traced in the headline run",
    "tasks": "number of tasks; with `mode=throughput`, only those that ended within the window",
    "tasks_per_chunk": "tasks sent to a worker at a time: the size chosen for `auto`; empty: all at once",
    "started_at": "time at which it started (UTC)",
    "start_s": "time from before the pool is constructed to the start of the first task, or of the window",
    "work_s": "time from then to the end of the last task, or of the window",
    "end_s": "time from then to the return of `shutdown`",
    "wall_s": "the sum of the three: the time of `with Pool() as pool: list(pool.map(f, items))`",
    "cpu_s": "user and system time of all processes of the invocation",
    "own_cpu_s": "the part of `cpu_s` of the measured interpreter, without workers and helper processes",
    "main_cpu_s": "the part of `own_cpu_s` that its main thread used, without native threads",
    "main_delay_s": "time for which that thread was runnable but had no CPU; Linux only",
    "system_s": "the part of `cpu_s` that the kernel used",
    "minor_faults": "page faults of all processes without disk access, such as copies of pages after a fork",
    "in_progress": "tasks in progress at the end of the window; only with `mode=throughput`",
    "service_p50_s": "median duration of the tasks that ended within the window",
    "service_p90_s": "90th percentile of these durations",
    "service_p99_s": "99th percentile of these durations",
    "noisy": "how other programs or the host disturbed the run; empty if they did not",
    "status": (
        "`ok`, `failed` (a task raised), `crashed` (a worker or the interpreter died), `timeout`, "
        "`wrong_result` or `interrupted`; times are empty unless it is `ok` or `wrong_result`"
    ),
    "error": "what went wrong",
    "invocation_s": (
        "duration of the whole invocation, including the start of the interpreter; only in the last row of "
        "the invocation, which completes it"
    ),
}

#: untimed.csv, after the columns that name the cell: the fields of `UntimedRun`.
UNTIMED_COLUMNS: Mapping[str, str] = {
    "purpose": "`memory`, `cpu-profile` or `memory-profile`",
    "started_at": "time at which it started (UTC)",
    "peak_pss_bytes": "peak memory of all processes together",
    "looks": "how many times the memory was read",
    "profile": "the profiler's file, in `profiles/`",
    "status": "as in samples.csv. A cell whose untimed run failed keeps its times",
    "error": "what went wrong, or why a figure is missing",
}

#: The trace: the fields of `TaskRecord`.
TRACE_COLUMNS: Mapping[str, str] = {
    "cell": "id of the cell",
    "repetition": "as in samples.csv",
    "iteration": "as in samples.csv",
    "task": "position of the (first) task among the items, from 0",
    "label": "the item, or the name of the snippet",
    "worker": "number of the worker; workers are numbered in the order of their first tasks",
    "host": "name of the worker's host",
    "process_id": "process of the worker",
    "thread_id": "thread of the worker",
    "submitted_ns": "when it was submitted; all times are in nanoseconds of one monotonic clock",
    "started_ns": "when it started on the worker",
    "ended_ns": "when it ended on the worker",
    "received_ns": "when its result arrived",
    "busy_ns": "time within the tasks of the record",
    "cpu_ns": "CPU time of its thread; empty for chunks of short tasks",
    "run_delay_ns": "time for which its thread was runnable but had no CPU; Linux only",
    "tasks": "number of tasks in the record",
    "calls": "calls in the inner loop of a snippet, otherwise 1",
    "differs": "whether a result is wrong",
}
