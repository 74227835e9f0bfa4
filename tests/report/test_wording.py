"""Sentences, made from facts. Whole answers are golden texts: tests/report/golden/."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runner.analysis.explain import causes
from runner.estimate import Estimate
from runner.facts import (
    Anomaly,
    Answer,
    BoundLimit,
    BreakEven,
    CellAnalysis,
    CellsFailed,
    CellsNotMeasured,
    Comparison,
    CpusTogether,
    CrowdedCpus,
    Explanation,
    FewerWorkers,
    InEachWorker,
    LawAnalysis,
    LawCurve,
    LossDetail,
    Memory,
    MoreRepetitions,
    NativeThreads,
    NoGain,
    NotIdentifiable,
    OutOfReach,
    PrecisionMissed,
    Remedy,
    RemedyCode,
    Restarts,
    Sent,
    SnippetRanking,
    StudyWarning,
    TinyTasks,
    TooFewRepetitions,
    Unexplained,
    WorkComparison,
)
from runner.report import wording
from runner.report.wording import sentences_of, warning_sentence
from tests.analysis_factories import (
    analysed_cell,
    analysed_group,
    analysed_snippet,
    analysed_study,
    estimate,
    loss,
    study_facts,
)

SERIAL = analysed_cell("serial", wall_s=2.0)
TWO = analysed_cell("process", 2, wall_s=1.0, speedup=2.0)
FOUR = analysed_cell("process", 4, wall_s=0.9, speedup=2.2)


def sentences(*cells: Any, **changes: Any) -> wording.GroupSentences:
    """Word the answer for one group."""
    group = analysed_group(cells, **changes)
    return sentences_of(group, analysed_study(cells, groups=(group,)))


# --- the answer ---------------------------------------------------------------------------------------


def test_a_pool_that_is_fastest_is_compared_with_its_baseline() -> None:
    assert sentences(SERIAL, TWO).answer == (
        "Use process × 2. It is fastest at 1.00 s: 2.00 times as fast as serial (95% interval 1.90 to 2.10)"
    )


def test_a_baseline_without_a_time_cannot_be_compared_with() -> None:
    two = analysed_cell("process", 2, speedup=None)
    assert sentences(SERIAL, two).answer.endswith("its baseline serial has no time to compare with")


@pytest.mark.parametrize(
    ("recommended", "needs"),
    [
        ("process2", " and needs 4 times the workers"),
        ("process4", " and needs twice the workers"),
        ("process6", " and needs 8 workers instead of 6"),
    ],
)
def test_the_recommended_cell_needs_fewer_workers(recommended: str, needs: str) -> None:
    six = analysed_cell("process", 6, speedup=2.2)
    eight = analysed_cell("process", 8, wall_s=0.8, speedup=2.5)
    answer = sentences(SERIAL, TWO, FOUR, six, eight, recommended=recommended).answer
    assert answer.endswith(f". process × 8, the fastest at 800 ms, is not measurably faster{needs}")


def test_threads_that_keep_no_more_cpus_busy_cannot_be_faster() -> None:
    threads = analysed_cell("thread", 2, wall_s=2.1, speedup=0.95)
    ratio = Comparison(slower="thread2", faster="serial", ratio=estimate(1.05, 0.8, 1.4), decided=False)
    answer = sentences(
        SERIAL, threads, recommended="serial", no_busier=("thread2",), executors=(ratio,)
    ).answer
    assert answer.endswith("; it keeps no more CPUs busy than serial, so it cannot be 5% faster")


def test_an_executor_without_workers_needs_no_fewer() -> None:
    control = analysed_cell("control", None, wall_s=0.9, speedup=2.2)
    answer = sentences(SERIAL, TWO, control, recommended="process2").answer
    assert answer.endswith("control, the fastest at 900 ms, is not measurably faster")


@pytest.mark.parametrize(
    ("fewer", "text"),
    [
        (FewerWorkers(enough="process2"), "(95% interval 2.09 to 2.31)"),
        (FewerWorkers(enough=None), "; with fewer workers it is measurably slower"),
        (FewerWorkers(enough=None, hidden="process2"), "; noise hides whether process × 2 would be enough"),
    ],
)
def test_fewer_workers_may_be_enough(fewer: FewerWorkers, text: str) -> None:
    assert sentences(SERIAL, TWO, FOUR, fewer_workers=fewer).answer.endswith(text)


SLOW = analysed_cell("process", 8, wall_s=4.4, speedup=0.45)


@pytest.mark.parametrize(
    ("ratio", "decided", "text"),
    [
        (estimate(2.2, 1.9, 3.7), True, "process × 8 takes 2.20 times as long (95% interval 1.90 to 3.70)"),
        (estimate(1.06, 1.02, 1.09), True, "process × 8 is 6% slower (95% interval 2% to 9%)"),
        (
            estimate(1.06, 1.02, 1.09),
            False,
            "process × 8 is 6% slower (95% interval 2% to 9%), which may be chance among 2 cells",
        ),
        (estimate(0.96, 0.95, 0.98), True, "process × 8 is 4% faster (95% interval 2% to 5%)"),
        (
            estimate(1.06, 0.98, 1.09),
            False,
            "process × 8 is not measurably slower (6% slower, 95% interval 2% faster to 9% slower)",
        ),
        (
            estimate(0.83, 0.7, 1.2),
            False,
            "process × 8 is not measurably faster (1.20 times as fast, 95% interval 0.83 to 1.43)",
        ),
        (
            estimate(500.0, 480.0, 510.0, is_range=True),
            True,
            "process × 8 takes 500 times as long (range of 3 repetitions 480 to 510)",
        ),
    ],
)
def test_where_no_pool_helps_the_decision_comes_first(ratio: Any, decided: Any, text: str) -> None:
    comparison = Comparison(slower="process8", faster="serial", ratio=ratio, decided=decided)
    words = sentences(SERIAL, SLOW, executors=(comparison,), repetitions=3 if ratio.is_range else 7)
    assert words.answer == f"Use no pool: serial takes 2.00 s, and {text}"
    assert words.executors == ""


@pytest.mark.parametrize(
    ("reason", "text"),
    [
        (
            NoGain.ALL_CPUS_USED,
            "the tasks already use all CPUs (bound 2.00); a pool could help if each task used one CPU",
        ),
        (
            NoGain.ONE_TASK,
            (
                "one task is nearly all the work, and a task cannot be divided (bound 2.00); "
                "a pool could help if that task were divided"
            ),
        ),
        (
            NoGain.ONE_CPU,
            (
                "there is one usable CPU, and the tasks keep it busy (bound 2.00); "
                "a pool could help with more CPUs"
            ),
        ),
        (
            NoGain.EVENT_LOOP,
            (
                "an event loop has one thread, and the tasks hold it nearly all the time (bound 2.00); "
                "a pool could help if they awaited more, or with several processes "
                "(executor=asyncio_process)"
            ),
        ),
        (
            NoGain.ONE_WORKER,
            "a pool of one worker runs nothing in parallel; a pool could help with more workers",
        ),
        (
            NoGain.PREPARATION,
            (
                "preparing each worker is nearly all the work (bound 2.00); "
                "a pool could help with more tasks for each worker"
            ),
        ),
    ],
)
def test_the_bound_says_why_no_pool_can_help(reason: NoGain, text: str) -> None:
    answer = sentences(SERIAL, SLOW, reason=reason).answer
    assert answer.startswith(f"Use no pool: {text}. serial takes 2.00 s, and process × 8 takes 2.20 times")


def test_a_pool_that_may_be_faster_or_slower_is_not_to_be_used_until_more_is_known() -> None:
    ratio = Comparison(slower="process2", faster="serial", ratio=estimate(0.9, 0.5, 1.2), decided=False)
    words = sentences(
        SERIAL, TWO, answer=Answer.CANNOT_TELL, recommended="serial", fastest="process2", executors=(ratio,)
    )
    assert words.answer == (
        "Use no pool until more is known: serial takes 2.00 s, and process × 2 is not measurably faster "
        "(1.11 times as fast, 95% interval 0.83 to 2.00)"
    )


def test_every_other_executor_has_a_sentence() -> None:
    threads = analysed_cell("thread", 2, wall_s=1.27)
    one = analysed_cell("loky", 2, wall_s=1.05)
    words = sentences(SERIAL, TWO, threads, one)
    assert words.executors == (
        "loky × 2 is not measurably slower than process × 2 (5% slower, 95% interval 0% faster to 10% "
        "slower); thread × 2 takes 1.27 times as long as process × 2 (95% interval 1.21 to 1.33)"
    )


def test_what_the_recommended_pool_costs_in_memory_is_stated() -> None:
    serial = replace(SERIAL, memory=Memory(peak_pss_bytes=6_000_000, error=""))
    two = replace(TWO, memory=Memory(peak_pss_bytes=15_000_000, error=""))
    memory = "process × 2 takes 15 MB of memory at its peak, 2.50 times the 6.0 MB of serial"
    assert sentences(serial, two).memory == memory
    assert sentences(serial, TWO).memory == ""
    assert sentences(serial, two, recommended="serial").memory == ""


@pytest.mark.parametrize(
    ("disturbed", "answer", "text"),
    [
        (5, Answer.HELPS, ""),
        (
            6,
            Answer.HELPS,
            (
                "12 of 14 runs were disturbed: the ranking of the cells is more reliable than their times, "
                "since each repetition measures all of them"
            ),
        ),
        (
            7,
            Answer.CANNOT_TELL,
            "14 of 14 runs were disturbed, so the times vary more than on a quiet machine",
        ),
    ],
)
def test_an_answer_begins_with_how_far_it_can_be_trusted(disturbed: int, answer: Answer, text: str) -> None:
    cells = [replace(cell, disturbed=disturbed) for cell in (SERIAL, TWO)]
    assert sentences(*cells, answer=answer).trust == text


def test_a_single_cell_is_compared_with_nothing() -> None:
    assert sentences(SERIAL).answer == ("serial takes 2.00 s; it was the only cell")


def test_with_too_few_repetitions_the_recommendation_is_provisional() -> None:
    few = {"repetitions": 3, "needed_repetitions": 7, "answer": Answer.CANNOT_TELL}
    two = replace(TWO, speedup=estimate(2.0, is_range=True))
    assert sentences(SERIAL, two, **few).answer == (
        "Until more is known, use process × 2: it was faster in each of 3 repetitions, "
        "2.00 times as fast as serial (range of 3 repetitions 1.90 to 2.10)"
    )


def test_cells_are_named_by_the_settings_that_differ_in_their_group() -> None:
    small = analysed_cell(cell=replace(TWO.cell, id="small", chunk_size=1), wall_s=1.0, speedup=2.0)
    large = analysed_cell(cell=replace(TWO.cell, id="large", chunk_size=None), wall_s=1.5, speedup=1.3)
    assert sentences(SERIAL, small, large).answer.startswith("Use process × 2 (chunk_size=1). It is fastest")


def test_a_group_of_which_every_cell_failed_has_no_sentence() -> None:
    worded = sentences(analysed_cell(status="failed"), analysed_cell("process", 2, status="failed"))
    assert worded.answer == ""


# --- more repetitions, more workers -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"total": 103},
            (
                "about 96 further repetitions would show whether an executor is faster than serial "
                "(process × 2 comes closest); use repetitions=103"
            ),
        ),
        (
            {"total": None},
            (
                "more than 200 further repetitions would be needed to show whether an executor is faster "
                "than serial (process × 2 comes closest)"
            ),
        ),
        (
            {"total": 8, "at_least": True, "cells": 12, "nearest": None},
            "7 repetitions are too few to compare 12 cells; use repetitions=9",
        ),
    ],
)
def test_more_repetitions_would_tell(changes: dict[str, Any], text: str) -> None:
    facts: dict[str, Any] = {"done": 7, "at_least": False, "cells": 2, "nearest": "process2"}
    more = MoreRepetitions(**{**facts, **changes})
    unclear = replace(TWO, beats_baseline=False)
    worded = sentences(SERIAL, unclear, answer=Answer.CANNOT_TELL, more_repetitions=more)
    assert worded.more_repetitions == f"Not sure yet: {text}"


def test_a_small_gain_that_is_shown_may_not_be_worth_it() -> None:
    small = replace(TWO, speedup=estimate(1.03, 1.01, 1.07), beats_baseline=True)
    more = MoreRepetitions(done=7, total=17, at_least=False, cells=2, nearest="process2")
    worded = sentences(SERIAL, small, answer=Answer.CANNOT_TELL, more_repetitions=more)
    assert worded.more_repetitions == (
        "Not sure yet: about 10 further repetitions would show whether the gain of process × 2 is worth it "
        "(5% or more); use repetitions=17"
    )


def test_the_same_number_of_repetitions_is_advised_everywhere() -> None:
    more = MoreRepetitions(done=3, total=8, at_least=True, cells=12, nearest=None)
    group = analysed_group([SERIAL, TWO], needed_repetitions=8, more_repetitions=more)
    study = analysed_study([SERIAL, TWO], groups=(group,))
    few = TooFewRepetitions(fewest=3, needed=6, asked=3, reason="asked")
    assert "use repetitions=9" in warning_sentence(few, study)
    assert "use repetitions=9" in sentences_of(group, study).more_repetitions
    assert wording.how_to_extend(study).endswith(" repetitions=9")


def test_the_command_that_adds_repetitions_can_be_pasted() -> None:
    more = MoreRepetitions(done=7, total=17, at_least=False, cells=2, nearest="process2")
    group = analysed_group([SERIAL, TWO], more_repetitions=more)
    study = analysed_study([SERIAL, TWO], groups=(group,), study=study_facts(folder=Path("my results/made")))
    assert wording.how_to_extend(study) == (
        "to add repetitions: python -m runner 'resume=my results/made' repetitions=17"
    )


@pytest.mark.parametrize(
    ("facts", "more"),
    [
        ({}, None),
        ({}, MoreRepetitions(done=7, total=None, at_least=False, cells=2, nearest="process2")),
        ({"is_interrupted": True}, MoreRepetitions(done=3, total=9, at_least=True, cells=2, nearest=None)),
        ({"time_budget_s": 9.0}, MoreRepetitions(done=3, total=9, at_least=True, cells=2, nearest=None)),
        ({"precision": 0.1}, MoreRepetitions(done=3, total=9, at_least=True, cells=2, nearest=None)),
    ],
    ids=["enough", "too many", "interrupted", "time budget", "precision"],
)
def test_nothing_is_said_of_repetitions_that_would_not_help(
    facts: dict[str, Any], more: MoreRepetitions | None
) -> None:
    group = analysed_group([SERIAL, TWO], more_repetitions=more)
    study = analysed_study([SERIAL, TWO], groups=(group,), study=study_facts(**facts))
    assert not wording.how_to_extend(study)


def test_a_group_that_failed_asks_for_no_repetitions() -> None:
    failed = replace(analysed_group([SERIAL, TWO], repetitions=0), cells=())
    groups = (analysed_group([SERIAL, TWO]), failed)
    assert not wording.how_to_extend(analysed_study([SERIAL, TWO], groups=groups))


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (estimate(1.5, 1.4, 1.6), "is 1.50 times as fast as process × 2 (95% interval 1.40 to 1.60)"),
        (estimate(1.06, 1.02, 1.09), "is 6% faster than process × 2 (95% interval 2% to 8%)"),
        (
            estimate(1.0, 0.95, 1.05),
            (
                "is not measurably slower than process × 2 (less than 1% slower, 95% interval 5% faster to "
                "5% slower)"
            ),
        ),
        (estimate(0.94, 0.91, 0.97), "is 6% slower than process × 2 (95% interval 3% to 10%)"),
        (estimate(0.72, 0.7, 0.75), "takes 1.39 times as long as process × 2 (95% interval 1.33 to 1.43)"),
    ],
)
def test_more_workers_are_compared_in_the_words_of_every_comparison(ratio: Estimate, text: str) -> None:
    gain = Comparison(slower="process2", faster="process4", ratio=ratio)
    worded = sentences(SERIAL, TWO, FOUR, recommended="process2", more_workers=gain).more_workers
    assert worded == f"More workers: process × 4 {text}"


# --- explanation --------------------------------------------------------------------------------------


def explained(two: CellAnalysis = TWO, **changes: Any) -> str:
    facts: dict[str, Any] = {
        "cell": "process2",
        "losses": (),
        "unexplained": None,
        "is_at_bound": False,
        "is_noise": False,
        "remedy": None,
    }
    explanation = Explanation(**{**facts, **changes})
    return sentences(SERIAL, two, explanation=explanation).explanation


@pytest.mark.parametrize(
    ("limit", "most"),
    [
        (BoundLimit.WORKERS, "the most that is possible with 2 workers"),
        (BoundLimit.CPUS, "the most that these tasks and CPUs allow"),
    ],
)
def test_a_pool_at_its_bound_is_told_what_limits_it(limit: BoundLimit, most: str) -> None:
    two = replace(TWO, speedup_bound=estimate(2.2, 2.1, 2.3), bound_limit=limit)
    at_bound = Explanation(
        cell="process2", losses=(), unexplained=None, is_at_bound=True, is_noise=False, remedy=None
    )
    assert sentences(SERIAL, two, explanation=at_bound).explanation.endswith(f", {most}")


def test_the_two_largest_losses_and_what_helps_are_stated() -> None:
    lost = (loss(0.35, causes.OVERSUBSCRIBED), loss(0.18, causes.UNEVEN_TASKS), loss(0.1))
    remedy = Remedy(code=RemedyCode.OF_CAUSE, cause=causes.OVERSUBSCRIBED)
    assert explained(losses=lost, remedy=remedy) == (
        "Why process × 2 is not even faster: 35% of its workers' time is lost to too few CPUs for the "
        "workers (oversubscription) and 18% to too few or too uneven tasks. Most likely to help: "
        "fewer workers"
    )


TINY = TinyTasks(
    tasks_per_chunk=1,
    work_s=1e-7,
    dispatch_s=40e-6,
    break_even_s=80e-6,
    chunk_size=None,
    all_work_s=1e-3,
)


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        (InEachWorker(seconds=0.5), " (500 ms each)"),
        (Sent(bytes=4.1e6, repeated_bytes=0), " (4.1 MB each)"),
        (Sent(bytes=4.1e6, repeated_bytes=0, each_worker=True), " (4.1 MB)"),
        (
            Sent(bytes=4.1e6, repeated_bytes=4e6),
            " (4.1 MB each, of which 4.0 MB are the same objects every time)",
        ),
        (Restarts(count=38, seconds=0.012), " (38 times, 12.0 ms each)"),
        (Restarts(count=1, seconds=0.2), " (1 time, 200 ms each)"),
        (CpusTogether(cpus=2, delivered=1.6875), " (these 2 CPUs together do the work of 1.7)"),
        (
            TINY,
            (
                " (a task takes 100 ns to run and 40.0 µs to dispatch; a pool could pay from 80.0 µs of "
                "work, but all these tasks together take only 1.00 ms)"
            ),
        ),
        (
            replace(TINY, tasks_per_chunk=10, chunk_size=800),
            (
                " (a chunk of 10 tasks takes 100 ns to run and 40.0 µs to dispatch; a pool could pay from "
                "80.0 µs of work, in chunks of 800 tasks)"
            ),
        ),
        (
            replace(TINY, break_even_s=None),
            (
                " (a task takes 100 ns to run and 40.0 µs to dispatch; threads share the GIL, so no chunk "
                "size pays unless the tasks release it)"
            ),
        ),
        (None, ""),
    ],
)
def test_the_figures_of_a_cause_follow_it(detail: LossDetail | None, text: str) -> None:
    lost = replace(loss(0.35, causes.OVERSUBSCRIBED), detail=detail)
    assert explained(losses=(lost,)).endswith(f"too few CPUs for the workers (oversubscription){text}")


def test_a_speedup_at_its_bound_is_stated_first() -> None:
    assert explained(is_at_bound=True, losses=(loss(0.1),)) == (
        "Why process × 2 is not even faster: its speedup is not measurably below the bound of 2.00, the most "
        "that these tasks and CPUs allow; 10% of its workers' time is lost to the GIL or another lock"
    )


@pytest.mark.parametrize(
    ("why", "text"),
    [
        (
            Unexplained.BLOCKS_EVENT_LOOP,
            "its function is not async def, so its tasks block the event loop and run one after another",
        ),
        (
            Unexplained.SLOWED_BY_TRACING,
            "tracing its tasks makes it more than 5% slower, so its losses are unknown",
        ),
    ],
)
def test_unknown_losses_have_a_reason(why: Unexplained, text: str) -> None:
    assert explained(unexplained=why) == f"Why process × 2 is not even faster: {text}"


def test_hardly_anything_is_left_to_gain_where_all_losses_are_small() -> None:
    two = replace(TWO, speedup=estimate(1.96, 1.95, 1.97))
    assert explained(two, losses=(loss(0.02),)) == (
        "process × 2 can hardly be faster: its speedup is 98% of the bound of 2.00"
    )


def test_most_of_what_is_lost_is_not_hidden_behind_a_small_loss() -> None:
    two = replace(TWO, efficiency=estimate(0.6, 0.5, 0.7), speedup=estimate(1.2, 1.0, 1.4))
    assert explained(two, losses=(loss(0.06),)).endswith(
        "6% of its workers' time is lost to the GIL or another lock; another 34% is lost, but to nothing "
        "that is the same in all repetitions"
    )


def test_a_speedup_above_its_bound_is_told_as_such() -> None:
    two = replace(TWO, speedup=estimate(2.5, 1.8, 3.0))
    assert "is above the bound of 2.00, the most that these tasks and CPUs allow: the tasks took longer" in (
        explained(two, is_at_bound=True)
    )


def test_what_no_executor_can_exceed_is_told_where_times_vary_too_much() -> None:
    two = replace(TWO, speedup_bound=Estimate.exact(1.33))
    assert "; no executor can be more than 1.33 times as fast" in explained(two, is_noise=True)


def test_a_slower_executor_is_explained_in_its_own_sentence() -> None:
    threads = replace(analysed_cell("thread", 2, wall_s=1.27), losses=(loss(0.48),))
    assert sentences(SERIAL, TWO, threads).executors.endswith(
        "(95% interval 1.21 to 1.33), because 48% of its workers' time is lost to the GIL or another lock"
    )


def test_without_shown_facts_there_is_no_sentence() -> None:
    assert explained() == ""


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (RemedyCode.LONGEST_FIRST, "submit the longest tasks first"),
        (
            RemedyCode.MORE_ITEMS,
            (
                "more items, since start-up and shutdown of the workers cost all the time "
                "that 2 workers could save"
            ),
        ),
    ],
)
def test_some_remedies_depend_on_more_than_the_cause(code: RemedyCode, text: str) -> None:
    assert wording.remedy_text(Remedy(code=code, cause=causes.PLACEMENT), TWO) == text


# --- snippets, groups, sizes, laws --------------------------------------------------------------------


def test_snippets_that_are_not_measurably_slower_are_named() -> None:
    ranking = SnippetRanking(
        quickest=analysed_snippet("list", 1e-6),
        next=analysed_snippet("sum", 1.1e-6),
        rivals=("sum", "set", "dict", "map", "zip"),
        repetitions=9,
        needed_repetitions=8,
    )
    assert sentences(SERIAL, snippets=ranking).snippets == (
        "'list' is the quickest snippet at 1.00 µs per call, but 'sum', 'set', 'dict' and 2 more are not "
        "measurably slower"
    )


@pytest.mark.parametrize(
    ("ratio", "text"),
    [
        (
            estimate(1.5, 1.4, 1.6),
            (
                "a=2 is fastest (serial at 2.00 s); the next is a=1, where serial takes 1.50 times as long "
                "(95% interval 1.40 to 1.60)"
            ),
        ),
        (
            estimate(1.0),
            (
                "a=2 is fastest (serial at 2.00 s), but a=1 is not measurably slower (serial: 1.00 times as "
                "long, 95% interval 0.95 to 1.05)"
            ),
        ),
        (None, "a=2 is fastest (serial at 2.00 s)"),
    ],
)
def test_groups_that_do_the_same_work_are_compared(ratio: Any, text: str) -> None:
    other = analysed_cell(cell=replace(SERIAL.cell, id="other", baseline="other"))
    groups = (analysed_group([SERIAL], where={"a": 2}), analysed_group([other], where={"a": 1}))
    study = analysed_study([SERIAL, other], groups=groups)
    second = ratio and Comparison(slower="other", faster="serial", ratio=ratio)
    work = WorkComparison(groups=("serial", "other"), fastest="serial", second=second)
    assert wording.work_sentence(work, study) == text


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        (
            {"size": estimate(70.34, 0.0, 900.0)},
            "is faster than its baseline from count=70.3 on (95% interval below 10 to 900)",
        ),
        (
            {"size": estimate(70.3, 60.0, 80.0, is_range=True)},
            (
                "is faster than its baseline from count=70.3 on (range 60 to 80); too few repetitions for an "
                "interval"
            ),
        ),
        ({"size": estimate(0.0, 0.0, 0.0)}, "is faster than its baseline at every size from 10 on (count)"),
        (
            {"size": estimate(math.inf, 5.0, math.inf), "is_shown": False, "faster_at": ()},
            (
                "is not faster than its baseline at any size up to 1000; "
                "more repetitions may show otherwise (count)"
            ),
        ),
        (
            {"size": estimate(math.inf, math.inf, math.inf), "faster_at": (10.0, 100.0)},
            "is faster than its baseline at 10, 100, but not at the largest size, 1000 (count)",
        ),
        (
            {"size": estimate(70.34, 30.0, 900.0), "shown_at": (1000.0,)},
            (
                "may be faster than its baseline from count=70.3 on (95% interval 30 to 900); "
                "this is shown only at 1000"
            ),
        ),
        (
            {"size": estimate(0.0, 0.0, 0.0), "shown_at": ()},
            (
                "may be faster than its baseline at every size from 10 on; this is not shown at any measured "
                "size (count)"
            ),
        ),
    ],
)
def test_the_sentence_of_a_break_even_names_a_size_or_says_that_there_is_none(
    changes: dict[str, Any], text: str
) -> None:
    facts: dict[str, Any] = {
        "setting": "count",
        "workload": "work",
        "cells": (),
        "name": "process × 2",
        "sizes": (10.0, 100.0, 1000.0),
        "faster_at": (100.0, 1000.0),
        "shown_at": (10.0, 100.0, 1000.0),
        "is_shown": True,
        "problem": None,
    }
    row = BreakEven(**{**facts, **changes})
    assert wording.break_even_sentence(row, study_facts()) == f"work: process × 2 {text}"


@pytest.mark.parametrize(
    ("problem", "note"),
    [
        ("sizes_not_positive", "sizes must be positive"),
        ("times_missing", "not every size has a time and a baseline"),
    ],
)
def test_a_break_even_that_cannot_be_estimated_has_a_note_and_no_sentence(problem: Any, note: str) -> None:
    row = BreakEven(
        setting="count",
        workload="work",
        cells=(),
        name="process × 2",
        sizes=(0.0, 1.0),
        size=None,
        faster_at=(),
        shown_at=(),
        is_shown=False,
        problem=problem,
    )
    assert wording.break_even_note(row) == note
    assert wording.break_even_sentence(row, study_facts()) == ""


def law(**changes: Any) -> LawAnalysis:
    facts: dict[str, Any] = {
        "law": "usl",
        "workload": "work",
        "cells": ("process2", "process4"),
        "name": "process",
        "levels": 2,
        "unattributed": 0,
        "alpha": None,
        "beta": None,
        "peak_workers": None,
        "curve": None,
        "problem": None,
    }
    return LawAnalysis(**{**facts, **changes})


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (NotIdentifiable(reason="levels", found=3, needed=6), "3 numbers of workers, 6 needed"),
        (NotIdentifiable(reason="repetitions", found=1, needed=6), "1 repetition, 6 needed"),
        (
            NotIdentifiable(reason="span", found=8, needed=16),
            "the numbers of workers span a factor of 8, 16 needed",
        ),
        (NotIdentifiable(reason="mode"), "the laws describe mode=tasks, and this is mode=tasks"),
    ],
)
def test_a_law_that_cannot_be_fitted_has_a_reason(problem: NotIdentifiable, text: str) -> None:
    assert wording.law_note(law(problem=problem), study_facts()) == f"not identifiable: {text}"


def test_a_law_may_have_no_peak() -> None:
    curve = LawCurve(workers=[1.0, 32.0], speedup=[1.0, 9.0], low=[], high=[], measured={})
    assert wording.law_note(law(curve=curve), study_facts()) == "no peak is shown up to 32 workers"
    assert wording.law_note(law(curve=curve, law="amdahl"), study_facts()) == ""


# --- warnings -----------------------------------------------------------------------------------------


def failed(**changes: Any) -> CellsFailed:
    facts: dict[str, Any] = {
        "workload": "work",
        "status": "failed",
        "cells": ("process2",),
        "is_all": False,
        "in_loop": False,
        "error": "it went wrong",
        "from_reference": False,
    }
    return CellsFailed(**{**facts, **changes})


def warned(warning: StudyWarning) -> str:
    pools = [analysed_cell("process", workers) for workers in (2, 4, 8, 16, 32)]
    return warning_sentence(warning, analysed_study([SERIAL, *pools]))


@pytest.mark.parametrize(
    ("changes", "remedy"),
    [
        (
            {"error": "items[1] = 2 gave -1, but 2 in the reference invocation", "from_reference": True},
            "if results may differ between runs, set workload.compare=none",
        ),
        ({"error": "items[1] = 2 gave -1, but 2 expected"}, "correct the function, or workload.expect"),
    ],
)
def test_the_remedy_of_a_wrong_result_depends_on_what_it_was_compared_with(
    changes: dict[str, Any], remedy: str
) -> None:
    text = warned(failed(status="wrong_result", **changes))
    assert text == (f"process × 2 is excluded from comparisons: wrong result: {changes['error']}; {remedy}")


def test_cells_that_failed_alike_share_a_warning() -> None:
    cells = tuple(f"process{workers}" for workers in (2, 4, 8, 16, 32))
    assert warned(failed(cells=cells)) == (
        "process × 2, process × 4, process × 8 and 2 more are excluded from comparisons: failed: "
        "it went wrong"
    )


@pytest.mark.parametrize(
    ("warning", "text"),
    [
        (
            failed(cells=("serial", "process2"), is_all=True, in_loop=True),
            "work fails in every cell, including the plain loop: it went wrong",
        ),
        (
            CellsNotMeasured(workload="work", cells=("process2",), of=6),
            "1 of 6 cells was not measured",
        ),
        (
            TooFewRepetitions(fewest=3, needed=6, asked=7, reason="time_budget"),
            (
                "bounds are ranges, not 95% intervals: an interval needs 6 repetitions, and there are 3; "
                "the time budget ended the study"
            ),
        ),
        (
            TooFewRepetitions(fewest=1, needed=6, asked=1, reason="asked"),
            (
                "bounds are ranges, not 95% intervals: an interval needs 6 repetitions, and there is 1; "
                "use repetitions=7"
            ),
        ),
        (
            PrecisionMissed(cells=("process2", "process4"), asked=0.01, worst=0.034),
            (
                "precision 0.01 not reached: 0.034 at worst (2 cells); raise max_repetitions or "
                "time_budget_s, or set a larger precision"
            ),
        ),
        (
            CrowdedCpus(
                cell="process4",
                workers=4,
                threads=NativeThreads(per_worker=8, per_cpu=16.0),
                usable_cpus=2,
            ),
            (
                "4 workers × up to 8 native threads (BLAS, OpenMP) on 2 CPUs; one native thread per "
                "worker may be faster: env.OMP_NUM_THREADS=1 env.OPENBLAS_NUM_THREADS=1"
            ),
        ),
    ],
)
def test_a_warning_says_what_is_wrong_and_what_to_do(warning: StudyWarning, text: str) -> None:
    assert warned(warning) == text


def test_anomalies_are_listed() -> None:
    cell = analysed_cell(anomalies={Anomaly.OUTLIERS: 2, Anomaly.SLOWER: 1})
    assert wording.anomalies_text(cell) == "2 outliers, slower over the repetitions"


@pytest.mark.parametrize(
    ("printed", "text"),
    [
        ((), ""),
        (("output/a.txt",), "; their output: results/made/output/a.txt"),
        (("output/a.txt", "output/b.txt"), "; their output: results/made/output/a.txt and 1 more"),
    ],
)
def test_failures_point_to_the_log_and_to_what_was_printed(printed: tuple[str, ...], text: str) -> None:
    study = analysed_study([SERIAL, analysed_cell("process", 2, status="failed", printed=printed)])
    assert (
        wording.where_failures_are(study)
        == f"details of failures, with tracebacks: results/made/study.log{text}"
    )
    assert wording.where_failures_are(analysed_study([SERIAL])) == ""


# --- titles and notes ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("done", "asked", "text"),
    [(7, 7, "7 repetitions"), (1, 1, "1 repetition"), (2, 7, "2 of 7 repetitions"), (9, 7, "9 repetitions")],
)
def test_a_title_counts_cpus_and_repetitions(done: int, asked: int, text: str) -> None:
    group = analysed_group([SERIAL], repetitions=done)
    study = analysed_study([SERIAL], groups=(group,), study=study_facts(repetitions_asked=asked))
    assert wording.title("work", study) == f"work, 2 CPUs, {text}"


@pytest.mark.parametrize(
    ("changes", "note"),
    [
        ({"repetitions": 0}, "not measured"),
        ({"repetitions": 1}, "bounds are the range of 1 repetition; an interval needs 6"),
        ({"has_task_times": False}, "too many tasks to list the time of each"),
        ({"usable_cpus": 1}, "2 workers on 1 CPU"),
        (
            {"exceeds_bound": True},
            "above its bound, perhaps due to a larger cache, a faster clock or a disturbed baseline",
        ),
        ({"missed_precision": 0.034}, "precision 0.01 not reached: 0.034"),
    ],
)
def test_a_note_says_what_limits_a_cell(changes: dict[str, Any], note: str) -> None:
    cell = analysed_cell("process", 2, **changes)
    assert wording.cell_note(cell, study_facts(precision=0.01)) == note


@pytest.mark.parametrize(
    ("limit", "count", "needed", "text"),
    [
        (BoundLimit.CPUS, 2.0, 5, "2 CPUs allow at most 2.00; these tasks need 5 CPUs for 3.43"),
        (BoundLimit.CPUS, 1.0, 5, "1 CPU allows at most 2.00; these tasks need 5 CPUs for 3.43"),
        (BoundLimit.CPUS, 1.5, 5, "1.5 CPUs allow at most 2.00; these tasks need 5 CPUs for 3.43"),
        (BoundLimit.WORKERS, 3.0, 5, "3 workers allow at most 2.00; these tasks need 5 CPUs for 3.43"),
        (
            BoundLimit.LONGEST_TASK,
            8.0,
            None,
            "the longest task allows at most 2.00; no number of CPUs allows 3.43 with these tasks",
        ),
    ],
)
def test_a_known_speedup_out_of_reach_says_why(limit: Any, count: float, needed: Any, text: str) -> None:
    bound = estimate(1.98, 1.95, 2.0)
    reach = OutOfReach(speedup=3.43, bound=bound, limit=limit, count=count, needed=needed)
    assert wording.out_of_reach_text(reach) == text
