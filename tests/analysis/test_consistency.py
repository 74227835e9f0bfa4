"""No two statements about a study contradict each other, whatever was measured."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from runner.analysis.study import analyse
from runner.facts import Answer, CellAnalysis, Comparison, GroupAnalysis, StudyAnalysis
from runner.report.wording import break_even_sentence, sentences_of, warning_sentence
from tests.factories import MakeResults, cell

if TYPE_CHECKING:
    from runner.records import Cell

COUNT = "workload.items.count"
TIMES = st.lists(st.floats(0.2, 3.0), min_size=5, max_size=5)  # of the pools, over that of the loop

pytestmark = pytest.mark.slow


#: A study takes about a second, so examples with a contradiction are not shrunk.
@settings(
    max_examples=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    TIMES, TIMES, st.sampled_from([0.001, 0.03, 0.3]), st.sampled_from([1, 2, 3, 5, 7, 8]), st.integers(0, 99)
)
def test_no_two_statements_contradict_each_other(  # noqa: PLR0917 - what a study may vary in
    make_results: MakeResults,
    small: list[float],
    large: list[float],
    noise: float,
    repetitions: int,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    walls: dict[Cell, list[float]] = {}
    for count, pools in ((10, small), (1000, large)):
        loop = f"serial{count}"
        swept = {COUNT: count}
        names = [("serial", None), *(("process", n) for n in (1, 2, 4)), ("thread", 1), ("thread", 2)]
        for (executor, workers), time_s in zip(names, [1.0, *pools], strict=True):
            identity = f"{executor}{workers or ''}_{count}" if workers else loop
            made = cell(executor, workers, id=identity, baseline=loop, swept=swept)
            walls[made] = (time_s * rng.lognormal(0, noise, repetitions)).tolist()
    study = analyse(make_results(walls, swept=[COUNT]))
    contradictions = [text for group in study.groups for text in _contradictions(group, study)]
    assert [*contradictions, *_contradictions_of_study(study)] == []


def _contradictions(group: GroupAnalysis, study: StudyAnalysis) -> Iterator[str]:
    cells = [study.cells[name] for name in group.cells]
    for analysis in cells:
        yield from _of_cell(analysis)
    yield from _of_best(study.cells[group.baseline], cells)
    yield from _of_recommended(group, study.cells[str(group.recommended)])
    if (group.more_repetitions is not None) != (group.answer is Answer.CANNOT_TELL):
        yield "more repetitions would tell what is known, or not what is unknown"
    if group.reason is not None and group.answer is not Answer.DOES_NOT_HELP:
        yield "the bound allows no pool to help, and one does"
    fewer = group.fewer_workers
    if fewer and fewer.enough and not study.cells[fewer.enough].among_best:
        yield "fewer workers are enough that are measurably slower"
    for comparison in filter(None, (*group.executors, group.more_workers)):
        yield from _of_comparison(comparison, study)


def _of_best(loop: CellAnalysis, cells: Sequence[CellAnalysis]) -> Iterator[str]:
    if all(analysis.among_best is False for analysis in cells):
        yield "no cell is among the best"
    is_beaten = any(analysis.beats_baseline for analysis in cells)
    if loop.among_best is not None and loop.among_best == is_beaten:
        yield "the loop is among the best although a pool beats it, or is not although none does"


def _of_recommended(group: GroupAnalysis, recommended: CellAnalysis) -> Iterator[str]:
    is_provisional = group.answer is Answer.CANNOT_TELL and group.repetitions < group.needed_repetitions
    beats = recommended.is_pool and recommended.beats_baseline is True
    if (group.answer is Answer.HELPS) != beats and not is_provisional:
        yield "a pool is recommended that does not help, or none although one helps"
    if recommended.is_pool and (recommended.cell.workers or 0) < 2:
        yield "a pool of one worker is recommended"
    if group.answer is Answer.DOES_NOT_HELP and recommended.is_pool:
        yield "a pool is recommended although none helps"


def _of_cell(analysis: CellAnalysis) -> Iterator[str]:
    speedup = analysis.speedup
    if speedup is None or analysis.is_baseline:
        return
    if not speedup.is_range and speedup.high < 1 and analysis.among_best:
        yield f"{analysis.name}: among the best, and slower than the loop"
    if analysis.beats_baseline and speedup.low <= 1:
        yield f"{analysis.name}: beats the loop, and its interval includes 1"
    if analysis.is_at_bound and analysis.exceeds_bound:
        yield f"{analysis.name}: at its bound and above it"
    if not speedup.low <= speedup.value <= speedup.high:
        yield f"{analysis.name}: outside its interval"
    if analysis.repetitions >= 6 and not speedup.low < speedup.value < speedup.high:
        yield f"{analysis.name}: at the very edge of its interval"


def _of_comparison(comparison: Comparison, study: StudyAnalysis) -> Iterator[str]:
    loser = comparison.slower if comparison.ratio.value > 1 else comparison.faster
    if comparison.is_shown and study.cells[loser].among_best:
        yield f"{loser}: among the best, and shown to be slower"


def _contradictions_of_study(study: StudyAnalysis) -> Iterator[str]:
    """Compare the sentences: numbers of repetitions, and sizes at which a pool is faster."""
    words = [sentences_of(group, study) for group in study.groups]
    texts = [warning_sentence(warning, study) for warning in study.warnings]
    texts += [text for sentences in words for text in (sentences.answer, sentences.more_repetitions)]
    at_least = {int(number) for text in texts for number in re.findall(r"use repetitions=(\d+)", text)}
    done = max(group.repetitions for group in study.groups)
    if any(number <= done for number in at_least):
        yield f"no more repetitions than there are: {at_least}"
    few = [text for text in texts if "cannot tell" in text or text.startswith("bounds are ranges")]
    asked = {number for text in few for number in re.findall(r"use repetitions=(\d+)", text)}
    if len(asked) > 1:
        yield f"two numbers of repetitions: {asked}"
    for text in texts:
        if "with fewer workers it is measurably slower" in text and "is not measurably faster and" in text:
            yield f"two answers to whether fewer workers do: {text}"
    for row in study.break_evens:
        sentence = break_even_sentence(row, study.study)
        if row.size is None or row.size.is_range or " is faster than its baseline from" not in sentence:
            continue
        for size, name in zip(row.sizes, row.cells, strict=True):
            if size > row.size.value and not study.cells[name].beats_baseline:
                yield f"{name}: {sentence}, and not measurably faster"
