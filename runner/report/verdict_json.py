"""verdict.json: the answer for programs, with the sentences and the code for people.

The fields are declared once: `FIELDS` makes both the file and its table in docs/reference.md.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from runner.analysis.facts import (
    BreakEven,
    CellAnalysis,
    GroupAnalysis,
    Loss,
    StudyAnalysis,
    StudyWarning,
)
from runner.report import wording

#: Increased whenever a field is removed or changes its meaning.
FORMAT = 1

Getter = Callable[[Any, StudyAnalysis], Any]


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field of an object in verdict.json."""

    name: str
    get: Getter  #: takes the record that the object is made of, and the study
    doc: str
    fields: tuple["Field", ...] = ()  #: if the value is an object, or a list of objects
    is_list: bool = False


def render_verdict(study: StudyAnalysis) -> str:
    """Render verdict.json."""
    content = _object(FIELDS, study, study)
    return json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def documented_fields(fields: Sequence[Field] | None = None, parent: str = "") -> Iterator[tuple[str, str]]:
    """List every field, such as `groups[].answer`, with what it means."""
    for field in FIELDS if fields is None else fields:
        path = f"{parent}{field.name}{'[]' if field.is_list else ''}"
        yield path, field.doc
        yield from documented_fields(field.fields, f"{path}.")


def warning_facts() -> Iterator[tuple[str, tuple[str, ...]]]:
    """List the codes of warnings, each with the names of its facts."""
    for kind in get_args(StudyWarning):
        yield kind.code, tuple(field.name for field in dataclasses.fields(kind))


def _object(fields: Sequence[Field], record: Any, study: StudyAnalysis) -> dict[str, Any]:
    return {field.name: _value(field, field.get(record, study), study) for field in fields}


def _value(field: Field, value: Any, study: StudyAnalysis) -> Any:
    if value is None:
        return None
    if field.is_list:
        return [_object(field.fields, item, study) if field.fields else item for item in value]
    if field.fields:
        return _object(field.fields, value, study)
    return value


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


_ESTIMATE = (
    Field(name="value", get=lambda estimate, _: _finite(estimate.value), doc="null: infinite"),
    Field(name="low", get=lambda estimate, _: _finite(estimate.low), doc="lower bound; null: infinite"),
    Field(name="high", get=lambda estimate, _: _finite(estimate.high), doc="upper bound; null: infinite"),
    Field(
        name="bounds",
        get=lambda estimate, _: "range" if estimate.is_range else "interval",
        doc="`interval`: at the study's confidence; `range`: the smallest and largest of few repetitions",
    ),
)

_LOSS = (
    Field(name="cause", get=lambda loss, _: loss.cause.code, doc="code of the cause"),
    Field(name="name", get=lambda loss, _: loss.cause.name, doc="the cause in words"),
    Field(
        name="share",
        get=lambda loss, _: loss.share,
        doc="its share of workers times wall time",
        fields=_ESTIMATE,
    ),
)


def _losses(cell: CellAnalysis, _: StudyAnalysis) -> Sequence[Loss]:
    return cell.losses


_NAMED_CELL = (
    Field(name="id", get=lambda cell, _: cell.cell.id, doc="id of the cell, as in summary.csv"),
    Field(name="name", get=lambda cell, _: cell.name, doc="name of the cell, as in sentences"),
    Field(name="executor", get=lambda cell, _: cell.cell.executor, doc="name of the executor"),
    Field(name="workers", get=lambda cell, _: cell.cell.workers, doc="null: none, or chosen by the executor"),
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
        name="swept", get=lambda cell, _: dict(cell.swept), doc="further swept settings, an object of values"
    ),
)

_SPEEDUP = (
    Field(
        name="speedup",
        get=lambda cell, _: cell.speedup,
        doc="as in summary.csv; null: unknown",
        fields=_ESTIMATE,
    ),
    Field(
        name="speedup_bound",
        get=lambda cell, _: cell.speedup_bound,
        doc="largest speedup that these tasks and CPUs allow; null: unknown",
    ),
    Field(
        name="is_at_bound", get=lambda cell, _: cell.is_at_bound, doc="whether its speedup reaches that bound"
    ),
)

_CELL = (
    *_NAMED_CELL,
    Field(name="status", get=lambda cell, _: cell.status, doc="as in summary.csv"),
    Field(
        name="error", get=lambda cell, _: cell.error, doc="of the first iteration that failed; may be empty"
    ),
    *_SPEEDUP,
    Field(
        name="among_best",
        get=lambda cell, _: cell.among_best,
        doc="whether it is not measurably slower than the best; null: too few repetitions",
    ),
    Field(
        name="losses",
        get=_losses,
        doc="what its workers' time is lost to, the largest first",
        fields=_LOSS,
        is_list=True,
    ),
    Field(
        name="unexplained",
        get=lambda cell, _: cell.unexplained,
        doc=(
            "why there are no losses: `slowed_by_tracing`, `blocks_event_loop`; null: there are, or none is "
            "shown"
        ),
    ),
)


def _cell(cell: str | None, study: StudyAnalysis) -> CellAnalysis | None:
    return None if cell is None else study.cells[cell]


def _comparison(faster: str, slower: str) -> tuple[Field, ...]:
    return (
        Field(name="faster", get=lambda comparison, _: comparison.faster, doc=f"id of {faster}"),
        Field(name="slower", get=lambda comparison, _: comparison.slower, doc=f"id of {slower}"),
        Field(
            name="ratio",
            get=lambda comparison, _: comparison.ratio,
            doc="how many times as long the slower one takes",
            fields=_ESTIMATE,
        ),
    )


def _cells(group: GroupAnalysis, study: StudyAnalysis) -> list[CellAnalysis]:
    return [cell for cell in study.cells.values() if cell.cell.baseline == group.baseline]


def _fewer(group: GroupAnalysis, study: StudyAnalysis) -> CellAnalysis | None:
    return None if group.fewer_workers is None else _cell(group.fewer_workers.enough, study)


def _remedy(group: GroupAnalysis, study: StudyAnalysis) -> Mapping[str, str] | None:
    explanation = group.explanation
    if explanation is None or explanation.remedy is None:
        return None
    remedy = explanation.remedy
    text = wording.remedy_text(remedy, study.cells[explanation.cell])
    return {
        "cell": explanation.cell,
        "code": remedy.code,
        "cause": remedy.cause.code,
        "text": text,
    }


def _of_remedy(name: str) -> Getter:
    return lambda remedy, _: remedy[name]


_REMEDY = (
    Field(
        name="cell", get=_of_remedy("cell"), doc="id of the cell: the recommended one, or the fastest pool"
    ),
    Field(
        name="code",
        get=_of_remedy("code"),
        doc="`of_cause`, `longest_tasks_first` or `more_items`",
    ),
    Field(name="cause", get=_of_remedy("cause"), doc="code of the cause that it helps against"),
    Field(name="text", get=_of_remedy("text"), doc="the remedy in words"),
)

_MORE_REPETITIONS = (
    Field(name="done", get=lambda more, _: more.done, doc="repetitions so far"),
    Field(
        name="total",
        get=lambda more, _: more.total,
        doc="repetitions in all that would tell; null: too many to estimate",
    ),
    Field(
        name="at_least",
        get=lambda more, _: more.at_least,
        doc="whether `total` is only the minimum of any comparison of that many cells",
    ),
    Field(
        name="nearest", get=lambda more, _: more.nearest, doc="id of the pool nearest to a decision; or null"
    ),
)

_SENTENCES = (
    Field(name="answer", get=lambda text, _: text.answer, doc="the decision, and how sure it is"),
    Field(name="more_repetitions", get=lambda text, _: text.more_repetitions, doc="how many would tell"),
    Field(name="more_workers", get=lambda text, _: text.more_workers, doc="what more workers gain"),
    Field(name="explanation", get=lambda text, _: text.explanation, doc="why it is not faster still"),
    Field(name="snippets", get=lambda text, _: text.snippets, doc="which snippet is the quickest"),
)


def _sentences(group: GroupAnalysis, study: StudyAnalysis) -> wording.GroupSentences:
    return wording.sentences_of(group, study)


_GROUP = (
    Field(name="workload", get=lambda group, _: group.workload, doc="name of the workload"),
    Field(
        name="where",
        get=lambda group, _: dict(group.where),
        doc="settings that tell this group from the others, such as `python`, an object of values",
    ),
    Field(
        name="answer",
        get=lambda group, _: group.answer,
        doc=(
            "`helps`, `does_not_help`, `cannot_tell`: whether an executor is faster than the plain loop; "
            "null: there is nothing to compare, or every cell failed"
        ),
    ),
    Field(name="repetitions", get=lambda group, _: group.repetitions, doc="in which all cells succeeded"),
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
        doc="the cell to use: fewest workers among those not measurably slower than the best, or null",
        fields=(*_NAMED_CELL, *_SPEEDUP),
    ),
    Field(
        name="fastest",
        get=lambda group, study: _cell(group.fastest, study),
        doc="the fastest cell; null: every cell failed",
        fields=(*_NAMED_CELL, *_SPEEDUP),
    ),
    Field(
        name="more_workers",
        get=lambda group, _: group.more_workers,
        doc="gain of the next larger number of workers over the recommended cell; null: not measured",
        fields=_comparison("the cell with more workers", "the recommended cell"),
    ),
    Field(
        name="fewer_workers",
        get=_fewer,
        doc=(
            "the smallest pool that is not measurably slower than the fastest, all else being equal; null: "
            "none, or not measured"
        ),
        fields=_NAMED_CELL,
    ),
    Field(
        name="more_repetitions",
        get=lambda group, _: group.more_repetitions,
        doc="how many repetitions would tell; null: the answer is known",
        fields=_MORE_REPETITIONS,
    ),
    Field(
        name="remedy",
        get=_remedy,
        doc="what is most likely to make it faster; null: unknown",
        fields=_REMEDY,
    ),
    Field(
        name="cells",
        get=_cells,
        doc="every cell of the group, also those that failed",
        fields=_CELL,
        is_list=True,
    ),
    Field(name="sentences", get=_sentences, doc="the same for people; may be empty", fields=_SENTENCES),
    Field(
        name="code",
        get=lambda group, study: wording.sentences_of(group, study).code,
        doc="Python that runs the workload as the recommended cell does; empty for snippets",
    ),
)

_WORK = (
    Field(
        name="baselines",
        get=lambda work, _: work.groups,
        doc="baselines of the groups, the fastest group first",
        is_list=True,
    ),
    Field(name="fastest", get=lambda work, _: work.fastest, doc="id of the fastest recommended cell"),
    Field(
        name="second",
        get=lambda work, _: work.second,
        doc="the recommended cell of the next group compared with it",
        fields=_comparison("the fastest recommended cell", "that of the next group"),
    ),
    Field(name="sentence", get=wording.work_sentence, doc="the same for people"),
)


def _crossing(row: BreakEven, _: StudyAnalysis) -> str | None:
    if row.size is None:
        return None
    if row.size.value == 0:
        return "at_every_size"
    return "from_size" if math.isfinite(row.size.value) else "not_at_largest_size"


_BREAK_EVEN = (
    Field(name="workload", get=lambda row, _: row.workload, doc="name of the workload"),
    Field(name="setting", get=lambda row, _: row.setting, doc="the swept setting"),
    Field(name="cells", get=lambda row, _: row.cells, doc="ids of the pool's cells, by size", is_list=True),
    Field(name="sizes", get=lambda row, _: row.sizes, doc="the sizes that were measured", is_list=True),
    Field(
        name="faster",
        get=_crossing,
        doc="`at_every_size`, `from_size`, `not_at_largest_size`; null: unknown",
    ),
    Field(
        name="size",
        get=lambda row, _: row.size,
        doc="from which size on the pool is faster than its baseline; 0: at every size",
        fields=_ESTIMATE,
    ),
    Field(
        name="faster_at",
        get=lambda row, _: row.faster_at,
        doc="sizes at which its median speedup is above 1",
        is_list=True,
    ),
    Field(name="is_shown", get=lambda row, _: row.is_shown, doc="whether the bounds agree with the value"),
    Field(
        name="sentence",
        get=lambda row, study: wording.break_even_sentence(row, study.study),
        doc="the same for people; may be empty",
    ),
)


def _facts(warning: Any, _: StudyAnalysis) -> dict[str, Any]:
    return dataclasses.asdict(warning)


_WARNING = (
    Field(name="code", get=lambda warning, _: warning.code, doc="kind of the warning"),
    Field(name="facts", get=_facts, doc="an object; its fields depend on the kind"),
    Field(name="sentence", get=wording.warning_sentence, doc="the same for people"),
)

_STUDY = (
    Field(name="name", get=lambda study, _: study.name, doc="name of the study"),
    Field(name="mode", get=lambda study, _: study.mode.mode, doc="`tasks`, `weak` or `throughput`"),
    Field(name="window_s", get=lambda study, _: study.window_s, doc="length of the window; 0: no window"),
    Field(name="confidence", get=lambda study, _: study.confidence, doc="of intervals"),
    Field(name="repetitions", get=lambda study, _: study.repetitions_asked, doc="that were asked for"),
    Field(name="cpu_model", get=lambda study, _: study.cpu_model, doc="may be empty"),
    Field(name="usable_cpus", get=lambda study, _: study.usable_cpus, doc="null: unknown"),
    Field(name="is_interrupted", get=lambda study, _: study.is_interrupted, doc="by the user"),
    Field(
        name="is_complete",
        get=lambda _, study: study.is_complete,
        doc="whether every cell was measured and none failed",
    ),
)

FIELDS: tuple[Field, ...] = (
    Field(name="format", get=lambda *_: FORMAT, doc=f"version of this format: {FORMAT}"),
    Field(name="study", get=lambda study, _: study.study, doc="the study as a whole", fields=_STUDY),
    Field(
        name="groups",
        get=lambda study, _: study.groups,
        doc="one object per group of cells with one baseline",
        fields=_GROUP,
        is_list=True,
    ),
    Field(
        name="work",
        get=lambda study, _: study.work,
        doc="groups that do the same work in different interpreters or environments",
        fields=_WORK,
        is_list=True,
    ),
    Field(
        name="break_evens",
        get=lambda study, _: study.break_evens,
        doc="from which size of a workload on a pool is faster, where a size is swept",
        fields=_BREAK_EVEN,
        is_list=True,
    ),
    Field(
        name="warnings",
        get=lambda study, _: study.warnings,
        doc="what limits the result, the worst first",
        fields=_WARNING,
        is_list=True,
    ),
)
