"""verdict.json: the answer for programs, with the sentences and the code for people.

The fields are declared once: `VERDICT` makes both the file and its tables in docs/reference.md.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, get_args

from runner.analysis.facts import (
    BreakEven,
    CellAnalysis,
    Explanation,
    GroupAnalysis,
    RemedyCode,
    StudyAnalysis,
    StudyWarning,
    Unexplained,
)
from runner.report import wording

#: Increased whenever a field is removed or changes its meaning.
FORMAT = 2

Getter = Callable[[Any, StudyAnalysis], Any]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object in verdict.json."""

    name: str
    get: Getter  #: takes the record that the object is made of, and the study
    doc: str
    holds: "Object | None" = None  #: None: a plain value, or a list of them
    is_list: bool = False


@dataclass(frozen=True, kw_only=True)
class Object:
    """A kind of object in verdict.json."""

    name: str
    fields: tuple[Field, ...]


def render_verdict(study: StudyAnalysis) -> str:
    """Render verdict.json."""
    content = _content(VERDICT, study, study)
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def documented_objects() -> Iterator[Object]:
    """List the kinds of objects, each once, those that hold others first."""
    waiting = [VERDICT]
    listed: set[str] = set()
    while waiting:
        kind = waiting.pop(0)
        if kind.name not in listed:
            listed.add(kind.name)
            yield kind
            waiting += [field.holds for field in kind.fields if field.holds is not None]


def warning_facts() -> Iterator[tuple[str, tuple[str, ...]]]:
    """List the codes of warnings, each with the names of its facts."""
    for kind in get_args(StudyWarning):
        yield kind.code, tuple(field.name for field in dataclasses.fields(kind))


def _content(kind: Object, record: Any, study: StudyAnalysis) -> dict[str, Any]:
    return {field.name: _value(field, field.get(record, study), study) for field in kind.fields}


def _value(field: Field, value: Any, study: StudyAnalysis) -> Any:
    if value is None or field.holds is None:
        return value
    if field.is_list:
        return [_content(field.holds, item, study) for item in value]
    return _content(field.holds, value, study)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def listed_codes(codes: type[StrEnum]) -> str:
    """List the codes that a field may have."""
    return ", ".join(f"`{code.value}`" for code in codes)


_ESTIMATE = Object(
    name="estimate",
    fields=(
        Field(name="value", get=lambda estimate, _: _finite(estimate.value), doc="null: infinite"),
        Field(name="low", get=lambda estimate, _: _finite(estimate.low), doc="lower bound; null: infinite"),
        Field(name="high", get=lambda estimate, _: _finite(estimate.high), doc="upper bound; null: infinite"),
        Field(
            name="bounds",
            get=lambda estimate, _: "range" if estimate.is_range else "interval",
            doc="`interval`: at the study's confidence; `range`: smallest and largest of few repetitions",
        ),
    ),
)

_LOSS = Object(
    name="loss",
    fields=(
        Field(name="cause", get=lambda loss, _: loss.cause.code, doc="code of the cause"),
        Field(name="name", get=lambda loss, _: loss.cause.name, doc="the cause in words"),
        Field(
            name="share",
            get=lambda loss, _: loss.share,
            doc="its share of the workers' time (workers times wall time)",
            holds=_ESTIMATE,
        ),
        Field(
            name="detail",
            get=lambda loss, _: None if loss.detail is None else dataclasses.asdict(loss.detail),
            doc="figures that say more of some causes, such as `seconds` for each worker; otherwise null",
        ),
    ),
)

_CELL = Object(
    name="cell",
    fields=(
        Field(name="id", get=lambda cell, _: cell.cell.id, doc="id of the cell, as in summary.csv"),
        Field(name="name", get=lambda cell, _: cell.name, doc="name of the cell among those of its workload"),
        Field(name="executor", get=lambda cell, _: cell.cell.executor, doc="name of the executor"),
        Field(
            name="workers",
            get=lambda cell, _: cell.cell.workers,
            doc="null: the executor takes none, or chooses the number itself",
        ),
        Field(
            name="chunk_size",
            get=lambda cell, _: cell.cell.chunk_size,
            doc="as it was set; null: all tasks at once, or no pool",
        ),
        Field(
            name="tasks_per_chunk",
            get=lambda cell, _: cell.tasks_per_chunk,
            doc="the chunk size; for `auto`, the size that was chosen",
        ),
        Field(name="python", get=lambda cell, _: cell.python, doc="version of the interpreter"),
        Field(
            name="swept",
            get=lambda cell, _: dict(cell.swept),
            doc="further swept settings and their values",
        ),
        Field(name="status", get=lambda cell, _: cell.status, doc="as in summary.csv"),
        Field(
            name="error",
            get=lambda cell, _: cell.error,
            doc="of the first iteration that failed; empty if none did",
        ),
        Field(name="repetitions", get=lambda cell, _: cell.repetitions, doc="repetitions that succeeded"),
        Field(
            name="speedup",
            get=lambda cell, _: cell.speedup,
            doc="as in summary.csv; null: unknown",
            holds=_ESTIMATE,
        ),
        Field(
            name="speedup_bound",
            get=lambda cell, _: cell.speedup_bound,
            doc="largest speedup that these tasks and CPUs allow; null: unknown",
            holds=_ESTIMATE,
        ),
        Field(
            name="bound_limit",
            get=lambda cell, _: cell.bound_limit,
            doc="what sets that bound: `workers`, `longest_task` or `cpus`; null: unknown",
        ),
        Field(
            name="is_at_bound",
            get=lambda cell, _: cell.is_at_bound,
            doc="whether the speedup reaches that bound",
        ),
        Field(
            name="among_best",
            get=lambda cell, _: cell.among_best,
            doc="whether it is not measurably slower than the best; null: too few repetitions",
        ),
        Field(
            name="beats_baseline",
            get=lambda cell, _: cell.beats_baseline,
            doc="whether it is shown to be faster than its baseline; null: too few repetitions",
        ),
        Field(
            name="losses",
            get=lambda cell, _: cell.known_losses,
            doc="what the time of its workers is lost to, the largest loss first; null: unknown",
            holds=_LOSS,
            is_list=True,
        ),
        Field(
            name="unexplained",
            get=lambda cell, _: cell.unexplained,
            doc=(
                f"why a pool has no losses: {', '.join(f'`{why}`' for why in Unexplained)}; null: it has "
                "some, or it is the plain loop"
            ),
        ),
    ),
)

_COMPARISON = Object(
    name="comparison",
    fields=(
        Field(name="faster", get=lambda comparison, _: comparison.faster, doc="id of the faster cell"),
        Field(name="slower", get=lambda comparison, _: comparison.slower, doc="id of the slower cell"),
        Field(
            name="ratio",
            get=lambda comparison, _: comparison.ratio,
            doc="how many times as long the slower cell takes; below 1 if it is not slower after all",
            holds=_ESTIMATE,
        ),
    ),
)

_MORE_REPETITIONS = Object(
    name="more repetitions",
    fields=(
        Field(name="done", get=lambda more, _: more.done, doc="repetitions so far"),
        Field(
            name="total",
            get=lambda more, _: more.total,
            doc="repetitions in all that would tell; null: too many to be practical",
        ),
        Field(
            name="at_least",
            get=lambda more, _: more.at_least,
            doc="whether `total` is the minimum of any comparison of that many cells",
        ),
        Field(
            name="nearest",
            get=lambda more, _: more.nearest,
            doc="id of the cell nearest to a decision; null: unknown",
        ),
    ),
)


def _remedy(group: GroupAnalysis, _: StudyAnalysis) -> Explanation | None:
    explanation = group.explanation
    return None if explanation is None or explanation.remedy is None else explanation


def _remedy_text(explanation: Explanation, study: StudyAnalysis) -> str:
    if explanation.remedy is None:
        return ""
    return wording.remedy_text(explanation.remedy, study.cells[explanation.cell])


_REMEDY = Object(
    name="remedy",
    fields=(
        Field(
            name="cell",
            get=lambda explanation, _: explanation.cell,
            doc="id of the cell: the recommended one or, if that has fewer than 2 workers, the fastest pool",
        ),
        Field(
            name="code",
            get=lambda explanation, _: explanation.remedy.code,
            doc=f"what helps: {listed_codes(RemedyCode)}",
        ),
        Field(
            name="cause",
            get=lambda explanation, _: explanation.remedy.cause.code,
            doc="code of the cause that it helps against",
        ),
        Field(name="text", get=_remedy_text, doc="the remedy in words"),
    ),
)

_SENTENCES = Object(
    name="sentences",
    fields=(
        Field(
            name="trust",
            get=lambda text, _: text.trust,
            doc="how far the answer can be trusted, where nearly all runs were disturbed",
        ),
        Field(name="answer", get=lambda text, _: text.answer, doc="the decision, and how sure it is"),
        Field(
            name="executors",
            get=lambda text, _: text.executors,
            doc="the best cell of every other executor against the recommended one",
        ),
        Field(
            name="memory", get=lambda text, _: text.memory, doc="what the recommended pool costs in memory"
        ),
        Field(name="more_repetitions", get=lambda text, _: text.more_repetitions, doc="how many would tell"),
        Field(name="more_workers", get=lambda text, _: text.more_workers, doc="what more workers gain"),
        Field(name="explanation", get=lambda text, _: text.explanation, doc="why it is not faster"),
        Field(name="snippets", get=lambda text, _: text.snippets, doc="which snippet is the quickest"),
    ),
)


def _cell(cell: str | None, study: StudyAnalysis) -> CellAnalysis | None:
    return None if cell is None else study.cells[cell]


def _cells(group: GroupAnalysis, study: StudyAnalysis) -> list[CellAnalysis]:
    return [cell for cell in study.cells.values() if cell.cell.baseline == group.baseline]


def _sentences(group: GroupAnalysis, study: StudyAnalysis) -> wording.GroupSentences:
    return wording.sentences_of(group, study)


_GROUP = Object(
    name="group",
    fields=(
        Field(name="workload", get=lambda group, _: group.workload, doc="name of the workload"),
        Field(
            name="where",
            get=lambda group, _: dict(group.where),
            doc="settings that tell the group from others, such as `python`, and their values",
        ),
        Field(
            name="answer",
            get=lambda group, _: group.answer,
            doc=(
                "whether an executor is faster than the plain loop: `helps`, `does_not_help` or "
                "`cannot_tell`; null: there is nothing to compare, or every cell failed"
            ),
        ),
        Field(
            name="repetitions",
            get=lambda group, _: group.repetitions,
            doc="repetitions in which all its cells succeeded",
        ),
        Field(
            name="needed_repetitions",
            get=lambda group, _: group.needed_repetitions,
            doc="fewest repetitions with which that many cells can be compared",
        ),
        Field(
            name="baseline",
            get=lambda group, _: group.baseline,
            doc="id of the cell that speedups are relative to",
        ),
        Field(
            name="recommended",
            get=lambda group, study: _cell(group.recommended, study),
            doc=(
                "the cell to use: the loop or, where a pool helps, the fewest workers among those shown to "
                "be faster than the loop and not measurably slower than the best; null: every cell failed"
            ),
            holds=_CELL,
        ),
        Field(
            name="fastest",
            get=lambda group, study: _cell(group.fastest, study),
            doc="the fastest cell; null: every cell failed",
            holds=_CELL,
        ),
        Field(
            name="more_workers",
            get=lambda group, _: group.more_workers,
            doc="gain of the next larger number of workers over the recommended cell; null: not measured",
            holds=_COMPARISON,
        ),
        Field(
            name="fewer_workers",
            get=lambda group, _: group.fewer_workers.enough if group.fewer_workers else None,
            doc=(
                "id of the smallest pool that is not measurably slower than the fastest, all else being "
                "equal, and shown to be faster than the loop; null: there is none, or it was not measured"
            ),
        ),
        Field(
            name="hidden_fewer_workers",
            get=lambda group, _: group.fewer_workers.hidden if group.fewer_workers else None,
            doc=(
                "id of the smallest pool of which noise hides whether it would do: it is not shown to be "
                "slower than the best, nor faster than the loop; null: none"
            ),
        ),
        Field(
            name="more_repetitions",
            get=lambda group, _: group.more_repetitions,
            doc="how many repetitions would tell; null: the answer is known",
            holds=_MORE_REPETITIONS,
        ),
        Field(
            name="remedy",
            get=_remedy,
            doc="what is most likely to help; null: unknown",
            holds=_REMEDY,
        ),
        Field(
            name="cells",
            get=_cells,
            doc="every cell of the group, also those that failed",
            holds=_CELL,
            is_list=True,
        ),
        Field(
            name="sentences",
            get=_sentences,
            doc="the same for people; those that do not apply are empty",
            holds=_SENTENCES,
        ),
        Field(
            name="code",
            get=lambda group, study: wording.sentences_of(group, study).code,
            doc="Python that runs the workload as the recommended cell does; empty for snippets",
        ),
    ),
)

_WORK = Object(
    name="work",
    fields=(
        Field(
            name="baselines",
            get=lambda work, _: work.groups,
            doc="ids of the baselines of the groups, the fastest group first",
            is_list=True,
        ),
        Field(name="fastest", get=lambda work, _: work.fastest, doc="id of the fastest recommended cell"),
        Field(
            name="second",
            get=lambda work, _: work.second,
            doc="the recommended cell of the next group, compared with it; null: unknown",
            holds=_COMPARISON,
        ),
        Field(name="sentence", get=wording.work_sentence, doc="the same for people"),
    ),
)


def _where_faster(row: BreakEven, _: StudyAnalysis) -> str | None:
    if row.size is None:
        return None
    if row.size.value == 0:
        return "at_every_size"
    return "from_size" if math.isfinite(row.size.value) else "not_at_largest_size"


_BREAK_EVEN = Object(
    name="break-even",
    fields=(
        Field(name="workload", get=lambda row, _: row.workload, doc="name of the workload"),
        Field(name="setting", get=lambda row, _: row.setting, doc="the swept setting"),
        Field(
            name="cells", get=lambda row, _: row.cells, doc="ids of the pool's cells, by size", is_list=True
        ),
        Field(name="sizes", get=lambda row, _: row.sizes, doc="the sizes that were measured", is_list=True),
        Field(
            name="faster",
            get=_where_faster,
            doc="`at_every_size`, `from_size` or `not_at_largest_size`; null: unknown",
        ),
        Field(
            name="size",
            get=lambda row, _: row.size,
            doc="size from which on the pool is faster than its baseline; 0: at every size",
            holds=_ESTIMATE,
        ),
        Field(
            name="faster_at",
            get=lambda row, _: row.faster_at,
            doc="sizes at which its median speedup is above 1",
            is_list=True,
        ),
        Field(
            name="is_shown", get=lambda row, _: row.is_shown, doc="whether the bounds agree with the value"
        ),
        Field(
            name="sentence",
            get=lambda row, study: wording.break_even_sentence(row, study.study),
            doc="the same for people; empty where it is unknown",
        ),
    ),
)

_WARNING = Object(
    name="warning",
    fields=(
        Field(name="code", get=lambda warning, _: warning.code, doc="kind of the warning"),
        Field(
            name="facts",
            get=lambda warning, _: dataclasses.asdict(warning),
            doc="its facts, which depend on the code",
        ),
        Field(name="sentence", get=wording.warning_sentence, doc="the same for people"),
    ),
)

_STUDY = Object(
    name="study",
    fields=(
        Field(name="name", get=lambda study, _: study.name, doc="name of the study"),
        Field(name="mode", get=lambda study, _: study.mode.mode, doc="`tasks`, `weak` or `throughput`"),
        Field(name="window_s", get=lambda study, _: study.window_s, doc="length of the window; 0: no window"),
        Field(name="confidence", get=lambda study, _: study.confidence, doc="confidence level of intervals"),
        Field(
            name="repetitions",
            get=lambda study, _: study.repetitions_asked,
            doc="repetitions that were asked for",
        ),
        Field(name="cpu_model", get=lambda study, _: study.cpu_model, doc="name of the CPU; empty: unknown"),
        Field(
            name="usable_cpus",
            get=lambda study, _: study.usable_cpus,
            doc="CPUs that the study could use; null: unknown",
        ),
        Field(
            name="is_interrupted",
            get=lambda study, _: study.is_interrupted,
            doc="whether the user interrupted it",
        ),
        Field(
            name="is_complete",
            get=lambda _, study: study.is_complete,
            doc="whether every cell was measured and none failed",
        ),
    ),
)

VERDICT = Object(
    name="verdict",
    fields=(
        Field(name="format", get=lambda *_: FORMAT, doc=f"version of the format: {FORMAT}"),
        Field(name="study", get=lambda study, _: study.study, doc="the study as a whole", holds=_STUDY),
        Field(
            name="groups",
            get=lambda study, _: study.groups,
            doc="one object for each group of cells with one baseline",
            holds=_GROUP,
            is_list=True,
        ),
        Field(
            name="work",
            get=lambda study, _: study.work,
            doc="groups that do the same work in different interpreters or environments",
            holds=_WORK,
            is_list=True,
        ),
        Field(
            name="break_evens",
            get=lambda study, _: study.break_evens,
            doc="from which size of a workload on a pool is faster, where a size is swept",
            holds=_BREAK_EVEN,
            is_list=True,
        ),
        Field(
            name="warnings",
            get=lambda study, _: study.warnings,
            doc="what limits the result, the worst first",
            holds=_WARNING,
            is_list=True,
        ),
    ),
)
