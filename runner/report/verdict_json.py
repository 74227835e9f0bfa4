"""verdict.json: the result for programs, with the sentences and the code for people.

The fields are declared once: `VERDICT` makes both the file and its tables in docs/reference.md. Figures that
summary.csv has, too, are taken from its columns. Cells are referred to by id; the map `cells` has them all.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic

from runner.columns import BY_NAME, COLUMNS, Kind
from runner.disturbances import DisturbanceKind
from runner.estimate import Estimate
from runner.facts import (
    Answer,
    BoundLimit,
    BreakEven,
    CellAnalysis,
    CellsFailed,
    CellsNotMeasured,
    Comparison,
    CpusTogether,
    CrowdedCpus,
    DisturbanceCount,
    DisturbedRuns,
    Explanation,
    FewerWorkers,
    GroupAnalysis,
    InEachWorker,
    KnownAnswerAnalysis,
    KnownOutcome,
    LawAnalysis,
    Loss,
    MoreRepetitions,
    NativeThreads,
    NoGain,
    NotIdentifiable,
    NotRun,
    OddTimes,
    OutOfReach,
    PrecisionMissed,
    Remedy,
    RemedyCode,
    Restarts,
    Sent,
    ShortWindow,
    ShortWindows,
    SnippetRanking,
    StudyAnalysis,
    StudyFacts,
    TinyTasks,
    TooFewRepetitions,
    Unexplained,
    WorkComparison,
)
from runner.records import FAILED_STATUSES, LAWS, Mode
from runner.report import wording
from runner.report.json_fields import (
    INFINITE,
    UNKNOWN,
    Field,
    Object,
    RecordT,
    by_id,
    of_column,
    one_of,
    part,
    parts,
    value,
    within,
)
from runner.report.pasted_code import code_of

#: Increased whenever a field is removed or changes its meaning.
FORMAT = 2

_STATUSES = ("ok", *FAILED_STATUSES, "interrupted")


def render_verdict(study: StudyAnalysis) -> str:
    """Render verdict.json."""
    return json.dumps(VERDICT.content(study), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


# --- figures ------------------------------------------------------------------------------------------

_ESTIMATE = Object[Estimate](
    name="estimate",
    fields=(
        value("value", lambda estimate: estimate.value, "number", f'infinite: the text "{INFINITE}"'),
        value("low", lambda estimate: estimate.low, "number", "lower bound"),
        value("high", lambda estimate: estimate.high, "number", f'upper bound; infinite: "{INFINITE}"'),
        value(
            "bounds",
            lambda estimate: "range" if estimate.is_range else "interval",
            "string",
            "an interval at the study's confidence, or the range of few repetitions",
            codes=("interval", "range"),
        ),
    ),
)

_COMPARISON = Object[Comparison](
    name="comparison",
    fields=(
        value("faster", lambda comparison: comparison.faster, "id", "the faster cell"),
        value("slower", lambda comparison: comparison.slower, "id", "the slower cell"),
        part(
            "ratio",
            lambda comparison: comparison.ratio,
            _ESTIMATE,
            "how many times as long the slower cell takes; below 1 if it is not slower after all",
        ),
        value(
            "is_shown",
            lambda comparison: comparison.is_shown,
            "boolean",
            "whether the difference is shown, allowing for all comparisons of its group",
        ),
    ),
)

# --- losses -------------------------------------------------------------------------------------------

#: What more is known of a loss than its share.
DETAILS: Mapping[type[Any], Object[Any]] = {
    Sent: Object[Sent](
        name="sent",
        fields=(
            value("kind", lambda _: "sent", "string", "what is pickled and sent between processes"),
            value("bytes", lambda sent: sent.bytes, "number", "mean size of each object", unit="bytes"),
            value(
                "repeated_bytes",
                lambda sent: sent.repeated_bytes,
                "number",
                "the part of each object after the first that consists of the same objects again",
                unit="bytes",
            ),
            value(
                "each_worker",
                lambda sent: sent.each_worker,
                "boolean",
                "whether it is sent once to each worker, not with every chunk or task",
            ),
        ),
    ),
    InEachWorker: Object[InEachWorker](
        name="in_each_worker",
        fields=(
            value("kind", lambda _: "in_each_worker", "string", "what every worker does once"),
            value("seconds", lambda detail: detail.seconds, "number", "time in each worker", unit="s"),
        ),
    ),
    Restarts: Object[Restarts](
        name="restarts",
        fields=(
            value("kind", lambda _: "restarts", "string", "workers that are replaced between tasks"),
            value("count", lambda detail: detail.count, "number", "how often: median over the repetitions"),
            value("seconds", lambda detail: detail.seconds, "number", "time of each restart", unit="s"),
        ),
    ),
    CpusTogether: Object[CpusTogether](
        name="cpus_together",
        fields=(
            value("kind", lambda _: "cpus_together", "string", "CPUs that share a core or a clock limit"),
            value(
                "cpus", lambda detail: detail.cpus, "integer", "number of CPUs that are busy at the same time"
            ),
            value(
                "delivered",
                lambda detail: detail.delivered,
                "number",
                "work that they do together, in multiples of a single busy CPU",
            ),
        ),
    ),
    TinyTasks: Object[TinyTasks](
        name="tiny_tasks",
        fields=(
            value("kind", lambda _: "tiny_tasks", "string", "tasks that take less time than their dispatch"),
            value("tasks_per_chunk", lambda detail: detail.tasks_per_chunk, "integer", "tasks in a chunk"),
            value("work_s", lambda detail: detail.work_s, "number", "work of a chunk, in the loop", unit="s"),
            value("dispatch_s", lambda detail: detail.dispatch_s, "number", "dispatch of a chunk", unit="s"),
            value(
                "break_even_s",
                lambda detail: detail.break_even_s,
                "number",
                "least work in a chunk with which a pool could pay",
                unit="s",
                null="threads share the GIL, so no chunk size pays",
            ),
            value(
                "chunk_size",
                lambda detail: detail.chunk_size,
                "integer",
                "number of tasks of this length in such a chunk",
                null="no chunk size can pay",
            ),
            value("all_work_s", lambda detail: detail.all_work_s, "number", "work of all tasks", unit="s"),
        ),
    ),
}

_LOSS = Object[Loss](
    name="loss",
    fields=(
        value("cause", lambda loss: loss.cause.code, "string", "code of the cause, from the table below"),
        value("name", lambda loss: loss.cause.name, "string", "the cause in words"),
        part(
            "share",
            lambda loss: loss.share,
            _ESTIMATE,
            "share of the workers' time (workers times wall time)",
        ),
        one_of(
            "detail",
            lambda loss: loss.detail,
            DETAILS,
            "further figures, for some causes, by `kind`; see below",
            null="there are none",
        ),
    ),
)


@dataclass(frozen=True, kw_only=True)
class _RemedyOfCell:
    remedy: Remedy
    cell: CellAnalysis


_REMEDY = Object[_RemedyOfCell](
    name="remedy",
    fields=(
        value("code", lambda of: of.remedy.code, "string", "what helps", codes=RemedyCode),
        value("cause", lambda of: of.remedy.cause.code, "string", "code of the cause that it helps against"),
        value("text", lambda of: wording.remedy_text(of.remedy, of.cell), "string", "the remedy in words"),
    ),
)

# --- cells --------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _CellOfGroup:
    cell: CellAnalysis
    remedy: Remedy | None

    @property
    def remedy_of_cell(self) -> _RemedyOfCell | None:
        return None if self.remedy is None else _RemedyOfCell(remedy=self.remedy, cell=self.cell)


_NAMING: tuple[Field[CellAnalysis], ...] = (
    value("name", lambda cell: cell.name, "string", "name of the cell among those of its workload"),
    of_column(BY_NAME["workload"], _ESTIMATE),
    of_column(BY_NAME["executor"], _ESTIMATE),
    of_column(BY_NAME["workers"], _ESTIMATE),
    value(
        "chunk_size",
        lambda cell: cell.cell.chunk_size,
        'integer or "auto"',
        "tasks sent to a worker at a time, as it was set",
        null="all at once, or no pool",
    ),
    of_column(BY_NAME["python"], _ESTIMATE),
    value("swept", lambda cell: cell.swept, "map", "further swept settings: their values, by key"),
)

#: Columns that are an object here, or a code.
_DIFFERENT = ("status", "marginal_speedup", "main_loss", "main_loss_share")

_FIGURES: tuple[Field[CellAnalysis], ...] = tuple(
    of_column(column, _ESTIMATE)
    for column in COLUMNS
    if column.kind != Kind.SENTENCE and column.name not in _DIFFERENT
)

_FACTS: tuple[Field[CellAnalysis], ...] = (
    value(
        "status",
        lambda cell: cell.status,
        "string",
        "`interrupted` if it was not measured, or the status of the first iteration that failed",
        codes=_STATUSES,
    ),
    value(
        "beats_baseline",
        lambda cell: cell.beats_baseline,
        "boolean",
        "whether it is shown to be faster than its baseline",
        null="too few repetitions",
    ),
    value(
        "error",
        lambda cell: cell.error,
        "string",
        "error of the first iteration that failed; empty if none did",
    ),
    value("tasks", lambda cell: cell.tasks, "integer", "number of tasks", null="not measured"),
    part(
        "marginal",
        lambda cell: cell.marginal,
        _COMPARISON,
        "comparison with the next smaller number of workers, all else being equal",
        null="no smaller number was measured",
    ),
    value(
        "bound_limit",
        lambda cell: cell.bound_limit,
        "string",
        "what sets `speedup_bound`",
        codes=BoundLimit,
        null=UNKNOWN,
    ),
    value(
        "is_at_bound",
        lambda cell: None if cell.speedup is None or cell.speedup_bound is None else cell.is_at_bound,
        "boolean",
        "whether the speedup reaches `speedup_bound`",
        null="one of them is unknown",
    ),
    parts(
        "losses",
        lambda cell: cell.known_losses,
        _LOSS,
        "what the time of its workers is lost to, the largest loss first",
        null="unknown; `unexplained` says why",
    ),
    value(
        "unexplained",
        lambda cell: cell.unexplained,
        "string",
        "why a pool has no losses",
        codes=Unexplained,
        null="it has some, or is the plain loop",
    ),
)

_CELL = Object[_CellOfGroup](
    name="cell",
    fields=(
        *within(lambda of: of.cell, _NAMING),
        *within(lambda of: of.cell, _FIGURES),
        *within(lambda of: of.cell, _FACTS),
        part(
            "remedy",
            lambda of: of.remedy_of_cell,
            _REMEDY,
            "what is most likely to help",
            null=UNKNOWN,
        ),
    ),
)

# --- groups -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _GroupOfStudy:
    group: GroupAnalysis
    sentences: wording.GroupSentences
    code: str
    every_cell: tuple[str, ...]  #: also those that failed, in the order of the grid


def _groups(study: StudyAnalysis) -> list[_GroupOfStudy]:
    cells: dict[str, list[str]] = {}
    for cell in study.cells.values():
        cells.setdefault(cell.cell.baseline, []).append(cell.cell.id)
    return [
        _GroupOfStudy(
            group=group,
            sentences=wording.sentences_of(group, study),
            code=code_of(group, study),
            every_cell=tuple(cells[group.baseline]),
        )
        for group in study.groups
    ]


def _fewer_workers_code(fewer: FewerWorkers | None) -> str:
    if fewer is None:
        return "not_measured"
    if fewer.enough is not None:
        return "enough"
    return "slower" if fewer.hidden is None else "hidden_by_noise"


_FEWER_WORKERS = Object[FewerWorkers | None](
    name="fewer workers",
    fields=(
        value(
            "code",
            _fewer_workers_code,
            "string",
            "whether they are enough",
            codes=("enough", "hidden_by_noise", "slower", "not_measured"),
        ),
        value(
            "cell",
            lambda fewer: None if fewer is None else fewer.enough,
            "id",
            "the smallest pool that is enough: not measurably slower than the best, and faster than the loop",
            null="there is none, or it was not measured",
        ),
        value(
            "hidden",
            lambda fewer: None if fewer is None else fewer.hidden,
            "id",
            "the smallest pool not measurably slower than the best, but not shown to beat the loop either",
            null="there is none, or it was not measured",
        ),
    ),
)

_MORE_REPETITIONS = Object[MoreRepetitions](
    name="more repetitions",
    fields=(
        value("done", lambda more: more.done, "integer", "repetitions so far"),
        value(
            "total",
            lambda more: more.total,
            "integer",
            "number of repetitions, including those so far, that is likely to decide it",
            null="too many to be practical",
        ),
        value(
            "at_least",
            lambda more: more.at_least,
            "boolean",
            "whether `total` is the minimum for comparing that many cells at all",
        ),
        value(
            "nearest", lambda more: more.nearest, "id", "the cell that is closest to a decision", null=UNKNOWN
        ),
    ),
)

_EXPLANATION = Object[Explanation](
    name="explanation",
    fields=(
        value(
            "cell",
            lambda explanation: explanation.cell,
            "id",
            "the recommended cell or, if that has fewer than 2 workers, the fastest pool with more",
        ),
        value(
            "is_at_bound",
            lambda explanation: explanation.is_at_bound,
            "boolean",
            "whether it is not faster because it reaches its bound",
        ),
        value(
            "is_noise",
            lambda explanation: explanation.is_noise,
            "boolean",
            "whether its times vary too much to say whether it is faster, and so why",
        ),
    ),
)

_SNIPPETS = Object[SnippetRanking](
    name="snippets",
    fields=(
        value("quickest", lambda ranking: ranking.quickest.label, "string", "name of the quickest snippet"),
        part(
            "time_s",
            lambda ranking: ranking.quickest.time_s,
            _ESTIMATE,
            "time per call of the quickest snippet",
            unit="s",
        ),
        value("next", lambda ranking: ranking.next.label, "string", "name of the next quickest snippet"),
        part(
            "ratio",
            lambda ranking: ranking.next.relative,
            _ESTIMATE,
            "how many times as long the next one takes",
            null=UNKNOWN,
        ),
        value(
            "rivals",
            lambda ranking: ranking.rivals,
            "list of string",
            "names of the others that are not measurably slower than the quickest",
        ),
        value("repetitions", lambda ranking: ranking.repetitions, "integer", "repetitions of its cell"),
        value(
            "needed_repetitions",
            lambda ranking: ranking.needed_repetitions,
            "integer",
            "fewest repetitions with which that many snippets can be compared",
        ),
    ),
)

_SENTENCES = Object[wording.GroupSentences](
    name="sentences",
    fields=(
        value(
            "trust",
            lambda text: text.trust,
            "string",
            "how far the answer can be trusted, if nearly all runs were disturbed",
        ),
        value("answer", lambda text: text.answer, "string", "the decision, and how sure it is"),
        value("executors", lambda text: text.executors, "string", "the best cell of every other executor"),
        value("memory", lambda text: text.memory, "string", "what the recommended pool costs in memory"),
        value(
            "more_repetitions",
            lambda text: text.more_repetitions,
            "string",
            "how many more repetitions would decide",
        ),
        value("more_workers", lambda text: text.more_workers, "string", "what more workers gain"),
        value("explanation", lambda text: text.explanation, "string", "why the explained cell is not faster"),
        value("snippets", lambda text: text.snippets, "string", "which snippet is the quickest"),
    ),
)

_GROUP_FACTS: tuple[Field[GroupAnalysis], ...] = (
    value("workload", lambda group: group.workload, "string", "name of the workload"),
    value(
        "where",
        lambda group: group.where,
        "map",
        "settings that distinguish the group from others, such as `python`: their values, by key",
    ),
    value(
        "answer",
        lambda group: group.answer,
        "string",
        "whether an executor is faster than the plain loop",
        codes=Answer,
        null="there is nothing to compare, or every cell failed",
    ),
    value(
        "reason",
        lambda group: group.reason,
        "string",
        "why no pool can help, whatever was measured",
        codes=NoGain,
        null="the measured times decide",
    ),
    value(
        "repetitions",
        lambda group: group.repetitions,
        "integer",
        "repetitions in which all its cells succeeded",
    ),
    value(
        "needed_repetitions",
        lambda group: group.needed_repetitions,
        "integer",
        "fewest repetitions with which that many cells can be compared",
    ),
    value("baseline", lambda group: group.baseline, "id", "the cell that speedups are relative to"),
    value(
        "no_busier",
        lambda group: list(group.no_busier),
        "list of id",
        "pools in one process that keep no more CPUs busy than the loop, so that they cannot be 5 % faster",
    ),
    value(
        "recommended",
        lambda group: group.recommended,
        "id",
        (
            "the cell to use: the loop or, where a pool helps, the fewest workers among those shown to be "
            "faster than the loop and not measurably slower than the best"
        ),
        null="every cell failed",
    ),
    value("fastest", lambda group: group.fastest, "id", "the fastest cell", null="every cell failed"),
    parts(
        "executors",
        lambda group: group.executors,
        _COMPARISON,
        "the best cell of every other executor compared with the recommended cell",
    ),
    part(
        "more_workers",
        lambda group: group.more_workers,
        _COMPARISON,
        "the recommended cell compared with the next larger number of workers",
        null="not measured",
    ),
    Field(
        name="fewer_workers",
        get=lambda group: _FEWER_WORKERS.content(group.fewer_workers),
        type=_FEWER_WORKERS.name,
        doc="whether fewer workers than those of the fastest cell are enough, all else being equal",
        kinds=(_FEWER_WORKERS,),
    ),
    part(
        "more_repetitions",
        lambda group: group.more_repetitions,
        _MORE_REPETITIONS,
        "how many repetitions would decide between a pool and the loop",
        null="it is decided",
    ),
    part(
        "explanation",
        lambda group: group.explanation,
        _EXPLANATION,
        "why the recommended cell is not faster; its losses and its remedy are those of the cell",
        null=UNKNOWN,
    ),
    part(
        "snippets",
        lambda group: group.snippets,
        _SNIPPETS,
        "the quickest snippet",
        null="there are fewer than two",
    ),
)

_GROUP = Object[_GroupOfStudy](
    name="group",
    fields=(
        *within(lambda of: of.group, _GROUP_FACTS),
        value("cells", lambda of: of.every_cell, "list of id", "its cells, also those that failed"),
        part(
            "sentences",
            lambda of: of.sentences,
            _SENTENCES,
            "the same, in sentences; empty if not applicable",
        ),
        value(
            "code",
            lambda of: of.code,
            "string",
            "Python that runs the workload as the recommended cell does; empty for snippets",
        ),
    ),
)

# --- beyond one group ---------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Worded(Generic[RecordT]):
    record: RecordT
    sentence: str


_WORK = Object[_Worded[WorkComparison]](
    name="work",
    fields=(
        value(
            "baselines",
            lambda of: of.record.groups,
            "list of id",
            "baselines of the groups, the fastest group first",
        ),
        value("fastest", lambda of: of.record.fastest, "id", "the fastest recommended cell"),
        part(
            "second",
            lambda of: of.record.second,
            _COMPARISON,
            "the recommended cell of the next group, compared with `fastest`",
            null=UNKNOWN,
        ),
        value("sentence", lambda of: of.sentence, "string", "the same, as a sentence"),
    ),
)


def _where_faster(row: BreakEven) -> str | None:
    if row.size is None:
        return None
    if row.size.value == 0:
        return "at_every_size"
    return "from_size" if math.isfinite(row.size.value) else "not_at_largest_size"


_BREAK_EVEN = Object[_Worded[BreakEven]](
    name="break-even",
    fields=(
        value("workload", lambda of: of.record.workload, "string", "name of the workload"),
        value("setting", lambda of: of.record.setting, "string", "key of the swept setting"),
        value("cells", lambda of: of.record.cells, "list of id", "the cells of the pool, by size"),
        value("sizes", lambda of: of.record.sizes, "list of number", "the sizes that were measured"),
        value(
            "faster",
            lambda of: _where_faster(of.record),
            "string",
            "where the pool is faster than its baseline",
            codes=("at_every_size", "from_size", "not_at_largest_size"),
            null=UNKNOWN,
        ),
        part(
            "size",
            lambda of: of.record.size,
            _ESTIMATE,
            "size from which on the pool is faster; 0: at every size; infinite: not at the largest",
            null=UNKNOWN,
        ),
        value(
            "faster_at",
            lambda of: of.record.faster_at,
            "list of number",
            "sizes at which its median speedup is above 1",
        ),
        value(
            "shown_at",
            lambda of: of.record.shown_at,
            "list of number",
            "sizes at which it is shown to be faster",
        ),
        value(
            "is_shown", lambda of: of.record.is_shown, "boolean", "whether the bounds agree with the value"
        ),
        value(
            "problem",
            lambda of: of.record.problem,
            "string",
            "why it is unknown",
            codes=("sizes_not_positive", "times_missing"),
            null="it is known",
        ),
        value("sentence", lambda of: of.sentence, "string", "the same, as a sentence; empty if unknown"),
    ),
)

_PROBLEM = Object[NotIdentifiable](
    name="problem",
    fields=(
        value(
            "reason",
            lambda problem: problem.reason,
            "string",
            "too few repetitions, too few numbers of workers, too small a span of these numbers, or the mode",
            codes=("mode", "repetitions", "levels", "span"),
        ),
        value("found", lambda problem: problem.found, "number", "how many there are; 0 for the mode"),
        value("needed", lambda problem: problem.needed, "number", "how many are needed; 0 for the mode"),
    ),
)

_LAW = Object[_Worded[LawAnalysis]](
    name="law",
    fields=(
        value("law", lambda of: of.record.law, "string", "the scaling law", codes=LAWS),
        value("workload", lambda of: of.record.workload, "string", "name of the workload"),
        value(
            "name",
            lambda of: of.record.name,
            "string",
            "name of the curve: that of its cells, without the number of workers",
        ),
        value("cells", lambda of: of.record.cells, "list of id", "the cells of the curve, by workers"),
        value(
            "levels",
            lambda of: of.record.levels,
            "integer",
            "how many different numbers of workers it was fitted to",
        ),
        part("alpha", lambda of: of.record.alpha, _ESTIMATE, "contention: the serial fraction", null=UNKNOWN),
        part(
            "beta",
            lambda of: of.record.beta,
            _ESTIMATE,
            "coherency: the cost of each pair of workers",
            null="unknown, or the law is `amdahl`",
        ),
        part(
            "peak_workers",
            lambda of: of.record.peak_workers,
            _ESTIMATE,
            "number of workers at which the speedup is largest",
            null="no peak is shown, or the law is `amdahl`",
        ),
        part("problem", lambda of: of.record.problem, _PROBLEM, "why it is not identifiable", null="it is"),
        value(
            "sentence", lambda of: of.sentence, "string", "the same, as a sentence; empty if it was fitted"
        ),
    ),
)

_OUT_OF_REACH = Object[OutOfReach](
    name="out of reach",
    fields=(
        value("speedup", lambda reach: reach.speedup, "number", "the smallest speedup that is expected"),
        part("bound", lambda reach: reach.bound, _ESTIMATE, "bound of the cell"),
        value("limit", lambda reach: reach.limit, "string", "what sets the bound", codes=BoundLimit),
        value(
            "count", lambda reach: reach.count, "number", "number of CPUs or, if these limit it, of workers"
        ),
        value(
            "needed",
            lambda reach: reach.needed,
            "integer",
            "number of CPUs, with one worker each, whose bound reaches the speedup",
            null="no number does",
        ),
    ),
)

_KNOWN_ANSWER = Object[_Worded[KnownAnswerAnalysis]](
    name="known answer",
    fields=(
        value("workload", lambda of: of.record.known.workload, "string", "name of the workload"),
        value("executor", lambda of: of.record.known.executor, "string", "name of the executor"),
        value("workers", lambda of: of.record.known.workers, "integer", "number of workers", null="any"),
        value("cell", lambda of: of.record.cell, "id", "the cell", null="the study has no such cell"),
        value("figure", lambda of: of.record.known.figure, "string", "the figure that is known"),
        value(
            "about",
            lambda of: of.record.known.about,
            "number",
            "its value, if that is known",
            null="not given",
        ),
        value(
            "within", lambda of: of.record.known.within, "number", "relative deviation from `about` allowed"
        ),
        value("at_least", lambda of: of.record.known.at_least, "number", "its lower limit", null="not given"),
        value("at_most", lambda of: of.record.known.at_most, "number", "its upper limit", null="not given"),
        value(
            "contains",
            lambda of: of.record.known.contains,
            "number",
            "a value that its interval contains",
            null="not given",
        ),
        part("measured", lambda of: of.record.measured, _ESTIMATE, "its measured value", null="not measured"),
        value("outcome", lambda of: of.record.outcome, "string", "whether it holds", codes=KnownOutcome),
        value(
            "not_run",
            lambda of: of.record.not_run,
            "string",
            "why it was not run",
            codes=NotRun,
            null="it was run",
        ),
        value(
            "needed",
            lambda of: of.record.needed,
            "number",
            "CPUs, or quota of CPUs, that it needs and the machine does not have",
            null="not applicable",
        ),
        value(
            "available",
            lambda of: of.record.available,
            "number",
            "CPUs, or quota of CPUs, that the machine has",
            null="not applicable, or no quota",
        ),
        part(
            "out_of_reach",
            lambda of: of.record.out_of_reach,
            _OUT_OF_REACH,
            "why it cannot hold here: the bound of the cell is lower",
            null="it can",
        ),
        value("disturbed", lambda of: of.record.disturbed, "integer", "disturbed repetitions of the cell"),
        value("repetitions", lambda of: of.record.repetitions, "integer", "repetitions that succeeded"),
        value("sentence", lambda of: of.sentence, "string", "why it is known, or why it was not run"),
    ),
)

# --- warnings -----------------------------------------------------------------------------------------

_SHORT_WINDOW = Object[ShortWindow](
    name="short window",
    fields=(
        value(
            "tasks",
            lambda window: window.tasks,
            "number",
            "tasks within the window: median over the repetitions",
        ),
        value(
            "needed_s",
            lambda window: window.needed_s,
            "number",
            "a sufficient length of the window",
            unit="s",
        ),
    ),
)

_THREADS = Object[NativeThreads](
    name="native threads",
    fields=(
        value("per_worker", lambda threads: threads.per_worker, "integer", "native threads of each worker"),
        value("per_cpu", lambda threads: threads.per_cpu, "number", "native threads of all workers per CPU"),
    ),
)

_DISTURBANCE = Object[DisturbanceCount](
    name="disturbance",
    fields=(
        value("kind", lambda count: count.kind, "string", "what disturbed runs", codes=DisturbanceKind),
        value("runs", lambda count: count.runs, "integer", "number of runs that it disturbed"),
        value(
            "most",
            lambda count: count.most,
            "number",
            "largest disturbance: CPUs taken or, for a slow CPU, how many times slower it was",
        ),
    ),
)

#: The facts of each kind of warning.
WARNINGS: Mapping[type[Any], Object[Any]] = {
    CellsFailed: Object[CellsFailed](
        name=CellsFailed.code,
        fields=(
            value("workload", lambda warning: warning.workload, "string", "name of the workload"),
            value("status", lambda warning: warning.status, "string", "how they failed", codes=_STATUSES),
            value("cells", lambda warning: warning.cells, "list of id", "cells that failed for one reason"),
            value(
                "is_all",
                lambda warning: warning.is_all,
                "boolean",
                "whether every cell of the workload failed",
            ),
            value(
                "in_loop", lambda warning: warning.in_loop, "boolean", "whether a plain loop is among them"
            ),
            value("error", lambda warning: warning.error, "string", "the reason"),
            value(
                "from_reference",
                lambda warning: warning.from_reference,
                "boolean",
                "whether a wrong result differs from that of the reference run, not from the expected one",
            ),
        ),
    ),
    CellsNotMeasured: Object[CellsNotMeasured](
        name=CellsNotMeasured.code,
        fields=(
            value("workload", lambda warning: warning.workload, "string", "name of the workload"),
            value("cells", lambda warning: warning.cells, "list of id", "cells without a single run"),
            value("of", lambda warning: warning.of, "integer", "number of cells of the workload"),
        ),
    ),
    TooFewRepetitions: Object[TooFewRepetitions](
        name=TooFewRepetitions.code,
        fields=(
            value("fewest", lambda warning: warning.fewest, "integer", "fewest repetitions of any group"),
            value("needed", lambda warning: warning.needed, "integer", "repetitions that an interval needs"),
            value("asked", lambda warning: warning.asked, "integer", "repetitions that were requested"),
            value(
                "reason",
                lambda warning: warning.reason,
                "string",
                "why there are no more",
                codes=("asked", "interrupted", "time_budget", "ended"),
            ),
        ),
    ),
    PrecisionMissed: Object[PrecisionMissed](
        name=PrecisionMissed.code,
        fields=(
            value("cells", lambda warning: warning.cells, "list of id", "cells that missed the precision"),
            value("asked", lambda warning: warning.asked, "number", "precision that was requested"),
            value(
                "worst",
                lambda warning: warning.worst,
                "number",
                "largest half-width of an interval, relative to its value",
            ),
        ),
    ),
    ShortWindows: Object[ShortWindows](
        name=ShortWindows.code,
        fields=(
            value(
                "cells", lambda warning: warning.cells, "list of id", "cells with too few tasks in a window"
            ),
            part(
                "worst",
                lambda warning: warning.worst,
                _SHORT_WINDOW,
                "the window of the cell with the fewest tasks",
            ),
        ),
    ),
    DisturbedRuns: Object[DisturbedRuns](
        name=DisturbedRuns.code,
        fields=(
            value("disturbed", lambda warning: warning.disturbed, "integer", "number of disturbed runs"),
            value("runs", lambda warning: warning.runs, "integer", "number of runs"),
            parts(
                "kinds",
                lambda warning: warning.kinds,
                _DISTURBANCE,
                "what disturbed them, the kind that disturbed most runs first",
            ),
        ),
    ),
    CrowdedCpus: Object[CrowdedCpus](
        name=CrowdedCpus.code,
        fields=(
            value("cell", lambda warning: warning.cell, "id", "cell with the most native threads per CPU"),
            value("workers", lambda warning: warning.workers, "integer", "number of its workers"),
            part("threads", lambda warning: warning.threads, _THREADS, "their native threads (BLAS, OpenMP)"),
            value("usable_cpus", lambda warning: warning.usable_cpus, "integer", "CPUs that it may use"),
        ),
    ),
    OddTimes: Object[OddTimes](
        name=OddTimes.code,
        fields=(
            value(
                "cells",
                lambda warning: warning.cells,
                "list of id",
                "cells with anomalies of their times; see `flags` in summary.csv",
            ),
        ),
    ),
}

_WARNING = Object[_Worded[Any]](
    name="warning",
    fields=(
        value(
            "code",
            lambda of: of.record.code,
            "string",
            "kind of the warning",
            codes=[kind.name for kind in WARNINGS.values()],
        ),
        one_of("facts", lambda of: of.record, WARNINGS, "its facts, by code; see below"),
        value("sentence", lambda of: of.sentence, "string", "the same, as a sentence"),
    ),
)

# --- the study ----------------------------------------------------------------------------------------

_STUDY_FACTS: tuple[Field[StudyFacts], ...] = (
    value("name", lambda study: study.name, "string", "name of the study"),
    value("mode", lambda study: study.mode, "string", "mode of the study", codes=Mode),
    value("window_s", lambda study: study.window_s, "number", "length of the window; 0: no window", unit="s"),
    value("confidence", lambda study: study.confidence, "number", "confidence level of intervals"),
    value(
        "repetitions_asked",
        lambda study: study.repetitions_asked,
        "integer",
        "repetitions that were requested",
    ),
    value("cpu_model", lambda study: study.cpu_model, "string", "name of the CPU; empty: unknown"),
    value(
        "usable_cpus",
        lambda study: study.usable_cpus,
        "integer",
        "CPUs that the study could use",
        null=UNKNOWN,
    ),
    value("is_interrupted", lambda study: study.is_interrupted, "boolean", "whether the user interrupted it"),
)

_STUDY = Object[StudyAnalysis](
    name="study",
    fields=(
        *within(lambda study: study.study, _STUDY_FACTS),
        value(
            "started_at",
            lambda study: study.provenance.started_at,
            "string",
            "start of the first run, in UTC",
        ),
        value(
            "is_complete",
            lambda study: study.is_complete,
            "boolean",
            "whether every cell was measured, and none failed",
        ),
    ),
)


def _cells(study: StudyAnalysis) -> dict[str, _CellOfGroup]:
    remedies = {cell: remedy for group in study.groups for cell, remedy in group.remedies.items()}
    return {
        identity: _CellOfGroup(cell=cell, remedy=remedies.get(identity))
        for identity, cell in study.cells.items()
    }


VERDICT = Object[StudyAnalysis](
    name="verdict",
    fields=(
        value("format", lambda _: FORMAT, "integer", f"version of the format: {FORMAT}"),
        part("study", lambda study: study, _STUDY, "the study as a whole"),
        parts("groups", _groups, _GROUP, "one object for each group of cells with one baseline"),
        by_id("cells", _cells, _CELL, "every cell, also those that failed"),
        parts(
            "work",
            lambda study: [
                _Worded(record=work, sentence=wording.work_sentence(work, study)) for work in study.work
            ],
            _WORK,
            "groups that do the same work in different interpreters or environments, compared",
        ),
        parts(
            "break_evens",
            lambda study: [
                _Worded(record=row, sentence=wording.break_even_sentence(row, study.study))
                for row in study.break_evens
            ],
            _BREAK_EVEN,
            "from which size of a workload on a pool is faster, if a size is swept",
        ),
        parts(
            "laws",
            lambda study: [
                _Worded(record=law, sentence=wording.law_note(law, study.study)) for law in study.laws
            ],
            _LAW,
            "scaling laws fitted to cells that differ in the number of workers alone",
        ),
        parts(
            "known_answers",
            lambda study: [
                _Worded(record=answer, sentence=wording.known_reason(answer, study))
                for answer in study.known_answers
            ],
            _KNOWN_ANSWER,
            "what the authors of workloads knew beforehand, compared with what was measured",
        ),
        parts(
            "warnings",
            lambda study: [
                _Worded(record=warning, sentence=wording.warning_sentence(warning, study))
                for warning in study.warnings
            ],
            _WARNING,
            "what limits the result, the worst first",
        ),
    ),
)
