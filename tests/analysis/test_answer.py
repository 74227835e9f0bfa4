"""The answer and why: facts about folders whose figures are known."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.analysis.explain.causes import (
    DISPATCH,
    OVERSUBSCRIBED,
    PLACEMENT,
    POOL_END,
    UNEVEN_TASKS,
)
from runner.analysis.explain.first_tasks import FIRST_TASKS
from runner.analysis.explain.start_up import POOL_START
from runner.analysis.group import analyse_groups
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level, ratio_of_medians
from runner.analysis.standings import is_far_slower
from runner.analysis.study import analyse
from runner.estimate import Estimate
from runner.facts import (
    Answer,
    BoundLimit,
    Cause,
    Explanation,
    FewerWorkers,
    GroupAnalysis,
    Loss,
    MoreRepetitions,
    NoGain,
    Remedy,
    RemedyCode,
    StudyAnalysis,
)
from runner.records import Cell
from tests.analysis_factories import analysed_cell
from tests.factories import MakeResults, cell

SERIAL, TWO, FOUR = cell("serial", None), cell("process", 2), cell("process", 4)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
OTHER_NOISE = [1.01, 0.98, 1.0, 0.99, 1.02, 1.01, 0.98]
TIGHT = [1.0, 1.001, 0.999, 1.0, 1.001, 0.999, 1.0]

Walls = Mapping[Cell, Sequence[float | str]]


def answered(make_results: MakeResults, walls: Walls) -> GroupAnalysis:
    (group,) = analyse(make_results(walls)).groups
    return group


def explained(
    make_results: MakeResults, walls: Walls, shares: Mapping[str, Mapping[Cause, float]]
) -> Explanation:
    """Explain the recommended pool as if these had been the losses of the cells."""
    study = analyse(make_results(walls))
    cells = {
        name: replace(
            analysed,
            losses=tuple(
                Loss(cause=cause, share=Estimate(value=share, low=share, high=share))
                for cause, share in shares.get(name, {}).items()
            ),
        )
        for name, analysed in study.cells.items()
    }
    units = {name: {run.repetition: run.unit_s for run in cell.runs} for name, cell in cells.items()}
    (group,) = analyse_groups(cells, (), CellTimes(units, Level(0.95, 1)))
    assert group.explanation is not None
    return group.explanation


@pytest.mark.slow
def test_a_clear_winner_is_compared_with_its_baseline(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: [2 * n for n in NOISE], TWO: OTHER_NOISE})
    assert (group.answer, group.fastest, group.recommended) == (Answer.HELPS, "process2", "process2")
    assert group.next_over_fastest is None


def test_the_loop_is_recommended_where_a_pool_is_not_measurably_faster(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: NOISE, TWO: [n * 0.999 for n in OTHER_NOISE]})
    assert group.recommended == "serial"


def test_a_loop_that_is_fastest_is_compared_with_the_next_cell(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: NOISE, TWO: [3 * n for n in OTHER_NOISE]})
    assert group.fastest == "serial"
    assert group.next_over_fastest is not None
    assert group.next_over_fastest.slower == "process2"
    assert group.next_over_fastest.ratio.value == pytest.approx(3.0)


def test_the_explained_pool_is_one_that_shares_out_tasks(make_results: MakeResults) -> None:
    one_worker = cell("process", 1)
    walls = {SERIAL: NOISE, one_worker: [1.01 * n for n in OTHER_NOISE], TWO: [2 * n for n in OTHER_NOISE]}
    losses = {one_worker.id: {DISPATCH: 0.3}, TWO.id: {DISPATCH: 0.3}}
    assert explained(make_results, walls, losses).cell == TWO.id
    del walls[TWO]
    assert explained(make_results, walls, losses).cell == one_worker.id


def test_fewer_workers_are_no_remedy_where_they_are_shown_to_be_slower(make_results: MakeResults) -> None:
    losses = {name: {OVERSUBSCRIBED: 0.3, UNEVEN_TASKS: 0.3} for name in (TWO.id, FOUR.id)}

    def remedy(walls_of_two: list[float]) -> Cause | None:
        walls = {SERIAL: [1.8 * n for n in NOISE], TWO: walls_of_two, FOUR: NOISE}
        chosen = explained(make_results, walls, losses).remedy
        return chosen.cause if chosen else None

    assert remedy([2 * n for n in OTHER_NOISE]) == UNEVEN_TASKS  # four workers are better
    assert remedy(OTHER_NOISE) == OVERSUBSCRIBED  # two are as good


def test_fewer_workers_are_a_remedy_where_only_the_loop_is_shown_to_be_faster(
    make_results: MakeResults,
) -> None:
    walls = {SERIAL: NOISE, TWO: [1.5 * n for n in OTHER_NOISE], FOUR: [1.5 * n for n in NOISE]}
    losses = {name: {OVERSUBSCRIBED: 0.3} for name in (TWO.id, FOUR.id)}
    assert explained(make_results, walls, losses).remedy == Remedy(
        code=RemedyCode.OF_CAUSE, cause=OVERSUBSCRIBED
    )


def test_fewer_workers_are_no_remedy_for_the_cell_recommended_over_them(make_results: MakeResults) -> None:
    eight = cell("process", 8)
    # Two workers are shown to be slower than eight, but not than four.
    walls = {SERIAL: [2 * n for n in NOISE], TWO: [1.12 * n for n in NOISE], eight: NOISE}
    walls[FOUR] = [1.06, 1.2, 0.9, 1.11, 0.95, 1.06, 1.15]
    study = analyse(make_results(walls))
    assert {name: analysed.among_best for name, analysed in study.cells.items()} == {
        SERIAL.id: False,
        TWO.id: False,
        FOUR.id: True,
        eight.id: True,
    }
    explanation = explained(make_results, walls, {name: {OVERSUBSCRIBED: 0.3} for name in (TWO.id, FOUR.id)})
    assert explanation.cell == FOUR.id
    assert explanation.remedy is None


def test_one_worker_saves_nothing_that_its_pool_could_cost(make_results: MakeResults) -> None:
    one_worker = cell("thread", 1)
    walls = {SERIAL: NOISE, one_worker: [1.5 * n for n in OTHER_NOISE]}
    explanation = explained(make_results, walls, {one_worker.id: {POOL_START: 0.3}})
    assert explanation.remedy == Remedy(code=RemedyCode.OF_CAUSE, cause=POOL_START)


@pytest.mark.parametrize(("share", "code"), [(0.3, RemedyCode.MORE_ITEMS), (0.2, RemedyCode.OF_CAUSE)])
def test_where_a_pool_costs_all_that_it_could_save_more_items_are_the_remedy(
    make_results: MakeResults, share: float, code: RemedyCode
) -> None:
    # The loop takes 1 s, of which two workers save half at most; the pool takes 2 s.
    walls = {SERIAL: NOISE, TWO: [2 * n for n in OTHER_NOISE]}
    explanation = explained(make_results, walls, {TWO.id: {POOL_START: share}})
    assert explanation.remedy == Remedy(code=code, cause=POOL_START)


def test_more_items_are_no_remedy_where_dispatch_costs_most(make_results: MakeResults) -> None:
    walls = {SERIAL: NOISE, TWO: [20 * n for n in OTHER_NOISE]}
    explanation = explained(make_results, walls, {TWO.id: {DISPATCH: 0.9, POOL_END: 0.07}})
    assert explanation.remedy == Remedy(code=RemedyCode.LESS_DATA, cause=DISPATCH)


@pytest.mark.parametrize(("size", "code"), [(1, RemedyCode.LONGEST_FIRST), (4, RemedyCode.OF_CAUSE)])
def test_there_are_no_smaller_chunks_than_of_one_task(
    make_results: MakeResults, size: int, code: RemedyCode
) -> None:
    walls = {SERIAL: NOISE, replace(TWO, chunk_size=size): [1.5 * n for n in OTHER_NOISE]}
    explanation = explained(make_results, walls, {TWO.id: {PLACEMENT: 0.3}})
    assert explanation.remedy == Remedy(code=code, cause=PLACEMENT)


def test_fewer_workers_are_recommended_where_more_are_not_shown_to_help(make_results: MakeResults) -> None:
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: [n * 0.999 for n in OTHER_NOISE]}
    group = answered(make_results, walls)
    assert (group.fastest, group.recommended) == ("process4", "process2")
    assert group.fewer_workers is not None
    assert group.fewer_workers.enough == "process2"


def test_fewer_workers_that_are_measurably_slower_are_not_enough(make_results: MakeResults) -> None:
    walls = {SERIAL: [4 * n for n in NOISE], TWO: [2 * n for n in NOISE], FOUR: OTHER_NOISE}
    group = answered(make_results, walls)
    assert group.fewer_workers is not None
    assert group.fewer_workers.enough is None
    assert group.more_workers is None


def test_the_next_larger_number_of_workers_is_compared(make_results: MakeResults) -> None:
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: [n * 0.999 for n in OTHER_NOISE]}
    comparison = answered(make_results, walls).more_workers
    assert comparison is not None
    assert (comparison.slower, comparison.faster) == ("process2", "process4")
    assert not comparison.ratio.excludes(1)


def test_a_number_of_workers_that_failed_is_skipped_in_the_next_gain(make_results: MakeResults) -> None:
    eight = cell("process", 8)
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: ["crashed"], eight: OTHER_NOISE}
    study = analyse(make_results(walls))
    gain = study.cells[eight.id].marginal
    assert gain is not None
    assert (gain.slower, gain.faster) == (TWO.id, eight.id)
    assert study.groups[0].more_workers == gain


def test_a_failed_cell_is_excluded_from_comparisons(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: NOISE, TWO: [0.1] * 6 + ["wrong_result"]})
    assert (group.fastest, group.cells, group.failed) == ("serial", ("serial",), ("process2",))


def test_a_group_in_which_every_cell_failed_has_no_answer(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: ["failed"], TWO: ["failed"]})
    assert (group.answer, group.fastest, group.recommended, group.cells) == (None, None, None, ())
    assert group.failed == ("serial", "process2")


def test_few_repetitions_do_not_recommend_a_pool_that_was_once_no_faster_than_the_loop(
    make_results: MakeResults,
) -> None:
    assert answered(make_results, {SERIAL: [1.0, 1.1], TWO: [0.9, 1.2]}).recommended == "serial"


def test_a_slower_pool_does_not_help(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: NOISE, TWO: [2 * n for n in OTHER_NOISE]})
    assert (group.answer, group.recommended) == (Answer.DOES_NOT_HELP, "serial")


def test_a_gain_that_is_shown_to_be_tiny_does_not_help(make_results: MakeResults) -> None:
    walls = {SERIAL: TIGHT, TWO: [n * 0.9995 for n in reversed(TIGHT)]}
    assert answered(make_results, walls).answer is Answer.DOES_NOT_HELP


def test_a_gain_that_may_be_chance_needs_more_repetitions(make_results: MakeResults) -> None:
    noisy = [1.0, 1.2, 0.9, 1.1, 0.95, 1.05, 1.15]
    other = [1.02, 0.84, 1.12, 0.88, 0.93, 1.07, 0.98]
    group = answered(make_results, {SERIAL: noisy, TWO: other})
    assert group.answer is Answer.CANNOT_TELL
    # The interval has to narrow until its low end is at 1.
    ratio = ratio_of_medians(np.array(noisy), np.array(other), 0.95, 1)
    times = math.log(ratio.value / ratio.low) / math.log(ratio.value)
    assert group.more_repetitions == MoreRepetitions(
        done=7, total=math.ceil(7 * times**2) | 1, at_least=False, cells=2, nearest="process2"
    )


def test_the_pool_nearest_to_a_decision_is_the_one_that_may_be_faster(make_results: MakeResults) -> None:
    wild = [1.2, 0.8, 1.3, 0.9, 1.1, 1.25, 1.02]
    tight = [1.0, 1.0001, 0.9999, 1.0, 1.0001, 0.9999, 1.0]
    group = answered(make_results, {SERIAL: tight, TWO: [n * 1.0001 for n in tight], FOUR: wild})
    assert group.answer is Answer.CANNOT_TELL
    assert group.more_repetitions is not None
    assert group.more_repetitions.nearest == "process4"


def test_of_pools_that_are_probably_no_faster_the_fastest_is_nearest(make_results: MakeResults) -> None:
    unclear = [1.0, 1.6, 1.0, 1.7, 1.1, 1.6, 1.0]
    walls = {
        SERIAL: unclear,
        TWO: [1.2 * n for n in unclear[::-1]],
        FOUR: [1.02 * n for n in [*unclear[1:], 1.0]],
    }
    group = answered(make_results, walls)
    assert group.more_repetitions is not None
    assert group.more_repetitions.nearest == "process4"


def test_too_few_repetitions_cannot_tell(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: [2.0, 2.1], TWO: [1.0, 1.1]})
    assert group.answer is Answer.CANNOT_TELL
    assert group.more_repetitions == MoreRepetitions(done=2, total=6, at_least=True, cells=2, nearest=None)
    assert (group.repetitions, group.needed_repetitions) == (2, 6)
    assert group.fewer_workers is None


def test_a_loop_next_to_a_pool_as_baseline_is_not_a_pool_that_helps(make_results: MakeResults) -> None:
    pool = cell("thread", 2, baseline="thread2")
    loop = replace(SERIAL, baseline="thread2")
    assert answered(make_results, {pool: [2 * n for n in NOISE], loop: OTHER_NOISE}).answer is None


def test_few_repetitions_recommend_the_loop_that_is_fastest_though_the_baseline_is_a_pool(
    make_results: MakeResults,
) -> None:
    pool = cell("thread", 2, baseline="thread2")
    loop = replace(SERIAL, baseline="thread2")
    assert answered(make_results, {pool: [1.0, 1.1], loop: [0.9, 1.15]}).recommended == "serial"


def test_without_a_pool_there_is_no_answer(make_results: MakeResults) -> None:
    assert answered(make_results, {SERIAL: NOISE}).answer is None


def test_a_single_repetition_recommends_the_loop(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: [2.0], TWO: [1.0]})
    assert (group.fastest, group.recommended) == ("process2", "serial")


def test_a_pool_at_its_bound_is_explained_by_it(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: [2 * n for n in NOISE], TWO: NOISE})
    assert group.explanation is not None
    assert group.explanation.is_at_bound
    above = answered(make_results, {SERIAL: [5 * n for n in NOISE], TWO: OTHER_NOISE})
    assert above.explanation is None or not above.explanation.is_at_bound


# --- the recommended pool -----------------------------------------------------------------------------

WILD = [1.0, 1.9, 0.8, 1.5, 0.7, 1.2, 1.05]


def test_a_pool_that_may_be_slower_than_the_loop_is_not_recommended(make_results: MakeResults) -> None:
    # Two workers are not shown to be slower than four, nor faster than the loop.
    walls = {SERIAL: [1.9 * n for n in NOISE], TWO: [1.4 * n for n in WILD], FOUR: OTHER_NOISE}
    study = analyse(make_results(walls))
    (group,) = study.groups
    two = study.cells[TWO.id]
    assert (two.among_best, two.beats_baseline) == (True, False)
    assert (group.answer, group.recommended) == (Answer.HELPS, FOUR.id)
    assert group.fewer_workers == FewerWorkers(enough=None, hidden=TWO.id)


def test_a_pool_of_one_worker_is_no_rival_of_the_loop(make_results: MakeResults) -> None:
    one_worker = cell("thread", 1)
    walls = {SERIAL: WILD, one_worker: WILD[::-1], FOUR: [6 * n for n in WILD]}
    group = answered(make_results, walls)
    assert (group.answer, group.recommended) == (Answer.DOES_NOT_HELP, SERIAL.id)
    assert group.more_repetitions is None


def test_a_small_gain_that_is_shown_recommends_no_pool(make_results: MakeResults) -> None:
    group = answered(make_results, {SERIAL: [1.02 * n for n in TIGHT], TWO: list(reversed(TIGHT))})
    assert (group.answer, group.recommended) == (Answer.DOES_NOT_HELP, SERIAL.id)
    assert group.reason is None


def test_a_small_gain_that_may_be_worth_it_needs_more_repetitions(make_results: MakeResults) -> None:
    loop = [1.03 + change for change in (-0.015, -0.01, -0.005, 0.0, 0.03, 0.035, 0.04)]
    group = answered(make_results, {SERIAL: loop, TWO: [1.0 + n / 10_000 for n in range(7)]})
    assert group.answer is Answer.CANNOT_TELL
    assert group.recommended == "serial"
    assert group.more_repetitions is not None
    assert group.more_repetitions.total is not None
    assert group.more_repetitions.total > 7


def with_cpus(
    study: StudyAnalysis,
    loop: float,
    pool: float,
    *,
    in_one_process: bool = True,
    work: float = 1.0,
    disturbance: str = "",
) -> GroupAnalysis:
    """Analyse a study of a loop and two threads again.

    Args:
        study: to change
        loop: CPUs that the loop keeps busy
        pool: CPUs that the threads keep busy
        in_one_process: whether the threads are known to be threads
        work: CPU time of the threads' tasks over that of the loop's, instead of what the times say
        disturbance: of every run
    """
    cells = {}
    for name, analysed in study.cells.items():
        busy, scale = (loop, 1.0) if name == "serial" else (pool, work)
        runs = [
            replace(run, wall_s=scale, cpu_s=busy * scale, disturbance=disturbance) for run in analysed.runs
        ]
        cells[name] = replace(analysed, in_one_process=in_one_process, runs=tuple(runs))
    units = {name: {run.repetition: run.unit_s for run in cell.runs} for name, cell in cells.items()}
    (group,) = analyse_groups(cells, (), CellTimes(units, Level(0.95, 1)))
    return group


#: The machine was slow and fast by turns, so the times alone cannot tell.
UNCLEAR = {
    SERIAL: [1.0, 1.6, 1.0, 1.7, 1.1, 1.6, 1.0],
    cell("thread", 2): [1.6, 1.0, 1.7, 1.0, 1.6, 1.1, 1.7],
}


def test_threads_that_keep_no_more_cpus_busy_than_the_loop_do_not_help(make_results: MakeResults) -> None:
    study = analyse(make_results(UNCLEAR))
    assert with_cpus(study, 1.0, 1.9).answer is Answer.CANNOT_TELL
    group = with_cpus(study, 1.0, 1.01)
    assert (group.answer, group.no_busier) == (Answer.DOES_NOT_HELP, ("thread2",))


@pytest.mark.parametrize(
    "changes",
    [
        {"loop": 0.5, "pool": 0.5},  # a loop that waits leaves the CPU to others
        {"loop": 1.9, "pool": 1.95},  # tasks that use several CPUs may spin
        {"in_one_process": False},  # processes may have CPU time that is not seen
        {"work": 0.5},  # tasks that wait in a loop need less CPU time together
        {"disturbance": "other processes took 0.90 CPUs"},
    ],
    ids=str,
)
def test_threads_that_may_be_faster_without_more_cpus(
    make_results: MakeResults, changes: dict[str, Any]
) -> None:
    group = with_cpus(analyse(make_results(UNCLEAR)), **{"loop": 1.0, "pool": 1.01, **changes})
    assert (group.answer, group.no_busier) == (Answer.CANNOT_TELL, ())


def test_every_executor_but_the_recommended_is_compared_with_it(make_results: MakeResults) -> None:
    threads = [cell("thread", workers) for workers in (1, 2, 4)]
    walls = {SERIAL: [2 * n for n in NOISE], TWO: OTHER_NOISE}
    walls |= {pool: [time * n for n in NOISE] for pool, time in zip(threads, (1.8, 1.9, 2.5), strict=True)}
    group = answered(make_results, walls)
    # A pool of one worker stands for its executor only where it is the only one.
    assert [(row.slower, row.faster) for row in group.executors] == [("thread2", "process2")]
    assert group.executors[0].is_shown


# --- the bound ----------------------------------------------------------------------------------------


def bounded(
    *bounds: Estimate | None,
    repetitions: int = 7,
    limit: BoundLimit | None = None,
    losses: tuple[Loss, ...] = (),
    chunk_bound: Estimate | None = None,
) -> GroupAnalysis:
    """Answer for pools that may be 20 % faster or slower, with these bounds."""
    times = {f"process{n}": {r: 1 + 0.2 * (-1) ** r for r in range(repetitions)} for n in range(2, 9)}
    times["serial"] = {r: 1 - 0.2 * (-1) ** (r % 3) for r in range(repetitions)}
    cells = {"serial": analysed_cell("serial")}
    for number, bound in enumerate(bounds, 2):
        pool = analysed_cell("process", number, speedup_bound=bound, beats_baseline=None)
        pool = replace(pool, bound_limit=limit, losses=losses, chunk_bound=chunk_bound)
        if repetitions >= 6:
            pool = replace(pool, beats_baseline=False)
        cells[pool.cell.id] = pool
    return analyse_groups(cells, (), CellTimes(times, Level(0.95, 1)))[0]


@pytest.mark.parametrize(
    ("bounds", "answer"),
    [
        ([Estimate(value=1.01, low=1.0, high=1.04)], Answer.DOES_NOT_HELP),
        ([Estimate(value=1.01, low=1.0, high=1.06)], Answer.CANNOT_TELL),
        ([Estimate.exact(1.0), Estimate.exact(1.3)], Answer.CANNOT_TELL),
        ([None], Answer.CANNOT_TELL),
    ],
)
def test_no_pool_helps_where_the_bound_allows_none_to(bounds: list[Estimate | None], answer: Answer) -> None:
    assert bounded(*bounds).answer is answer


@pytest.mark.parametrize(
    ("repetitions", "is_range", "answer"),
    [
        (1, False, Answer.DOES_NOT_HELP),  # one task: exact
        (2, True, Answer.CANNOT_TELL),
        (3, True, Answer.DOES_NOT_HELP),
    ],
)
def test_the_bound_of_few_repetitions_decides_where_its_range_allows_it(
    repetitions: int,
    is_range: Any,
    answer: Answer,
) -> None:
    bound = Estimate(value=1.0, low=1.0, high=1.02 if is_range else 1.0, is_range=is_range)
    group = bounded(bound, repetitions=repetitions)
    assert group.answer is answer
    assert (group.more_repetitions is None) == (answer is Answer.DOES_NOT_HELP)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        (BoundLimit.LONGEST_TASK, NoGain.ONE_TASK),
        (BoundLimit.CPUS, NoGain.ALL_CPUS_USED),
        (BoundLimit.WORKERS, NoGain.PREPARATION),
    ],
)
def test_the_reason_is_what_bounds_the_pools(limit: BoundLimit, reason: NoGain) -> None:
    assert bounded(Estimate.exact(1.0), limit=limit).reason is reason


def test_chunks_that_leave_one_worker_nearly_all_the_work_allow_no_gain() -> None:
    group = bounded(Estimate.exact(2.0), chunk_bound=Estimate.exact(1.03), limit=BoundLimit.WORKERS)
    assert (group.answer, group.reason) == (Answer.DOES_NOT_HELP, NoGain.ONE_CHUNK)


def test_chunks_that_change_nothing_are_not_the_reason() -> None:
    one = Estimate.exact(1.0)
    assert bounded(one, chunk_bound=one, limit=BoundLimit.LONGEST_TASK).reason is NoGain.ONE_TASK


def test_a_long_first_task_that_loads_what_all_use_is_preparation() -> None:
    loading = Loss(cause=FIRST_TASKS, share=Estimate.exact(0.5))
    group = bounded(Estimate.exact(1.0), limit=BoundLimit.LONGEST_TASK, losses=(loading,))
    assert group.reason is NoGain.PREPARATION


def test_the_one_thread_of_an_event_loop_bounds_its_tasks() -> None:
    group = bounded(Estimate.exact(1.0), limit=BoundLimit.EVENT_LOOP)
    assert group.reason is NoGain.EVENT_LOOP


def test_a_gain_that_is_measured_refutes_the_bound(make_results: MakeResults) -> None:
    study = analyse(make_results({SERIAL: [2 * n for n in NOISE], TWO: OTHER_NOISE}))
    cells = {
        name: replace(analysed, speedup_bound=Estimate.exact(1.0)) for name, analysed in study.cells.items()
    }
    units = {name: {run.repetition: run.unit_s for run in analysed.runs} for name, analysed in cells.items()}
    (group,) = analyse_groups(cells, (), CellTimes(units, Level(0.95, 1)))
    assert group.answer is Answer.HELPS


# --- overwhelming differences -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("serial", "pool", "answer", "recommended"),
    [
        ([1.0, 1.1, 0.9], [565.0, 570.0, 560.0], Answer.DOES_NOT_HELP, "serial"),
        ([8.0, 8.1, 7.9], [1.0, 1.1, 1.0], Answer.HELPS, "process2"),
        ([8.0, 8.1], [1.0, 1.1], Answer.CANNOT_TELL, "process2"),  # two repetitions tell nothing
        ([2.0, 2.1, 2.0], [1.0, 1.1, 1.0], Answer.CANNOT_TELL, "process2"),
        ([1.0, 4.0, 1.0], [7.0, 7.0, 7.0], Answer.CANNOT_TELL, "serial"),  # four times, by chance
    ],
)
def test_few_repetitions_are_enough_to_show_an_overwhelming_difference(
    make_results: MakeResults,
    serial: list[float],
    pool: list[float],
    answer: Answer,
    recommended: str,
) -> None:
    study = analyse(make_results({SERIAL: serial, TWO: pool}))
    (group,) = study.groups
    assert (group.answer, group.recommended) == (answer, recommended)
    if answer is not Answer.CANNOT_TELL:
        assert group.more_repetitions is None
        best = {name: analysed.among_best for name, analysed in study.cells.items()}
        assert best == {name: name == recommended for name in best}


@pytest.mark.parametrize(
    ("slower", "faster", "slowdown", "is_far"),
    [
        ([2.6, 2.6, 2.6], [1.0, 1.0, 1.0], 1.0, True),
        ([2.5, 2.6, 2.6], [1.0, 1.0, 1.0], 1.0, False),  # not more than twice the least slow-down recorded
        ([3.6, 3.6, 3.6], [1.0, 1.0, 1.0], 1.6, True),
        ([3.1, 3.1, 3.1], [1.0, 1.0, 1.0], 1.6, False),
        ([6.0, 6.0, 6.0], [1.0, 3.0, 1.0], 1.0, False),
        ([9.0, 9.0], [1.0, 1.0], 1.0, False),
    ],
)
def test_a_difference_is_overwhelming_beyond_twice_the_largest_disturbance(
    slower: list[float],
    faster: list[float],
    slowdown: float,
    is_far: bool,  # noqa: FBT001
) -> None:
    assert is_far_slower(np.array(slower), np.array(faster), slowdown) is is_far
