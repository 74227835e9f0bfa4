"""The sentence and the code, on folders whose figures are known."""

import math
from dataclasses import replace

import numpy as np
import pytest

from runner.analysis.estimate import Estimate
from runner.analysis.explain.causes import (
    DISPATCH,
    OVERSUBSCRIBED,
    PLACEMENT,
    POOL_END,
    POOL_START,
    UNEVEN_TASKS,
)
from runner.analysis.facts import Loss
from runner.analysis.intervals import ratio_of_medians
from runner.analysis.tables import tabulate
from runner.analysis.verdict import Verdict, judge
from tests.made import MakeResults, cell

SERIAL, TWO, FOUR = cell("serial", None), cell("process", 2), cell("process", 4)
NOISE = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
OTHER_NOISE = [1.01, 0.98, 1.0, 0.99, 1.02, 1.01, 0.98]


def judged(make_results: MakeResults, walls: object) -> Verdict:
    results = make_results(walls)
    (verdict,) = judge(results, tabulate(results))
    return verdict


def test_a_clear_winner_is_named_with_its_interval(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: [2 * n for n in NOISE], TWO: OTHER_NOISE})
    assert found.sentence.startswith(
        "process × 2 is fastest, 1.00 s: 2.00 times as fast as serial (95% interval"
    )
    assert found.recommended == "process2"


def test_what_is_level_with_serial_is_called_not_distinguishable_and_serial_is_recommended(
    make_results: MakeResults,
) -> None:
    found = judged(make_results, {SERIAL: NOISE, TWO: [n * 0.999 for n in OTHER_NOISE]})
    assert "not distinguishable" in found.sentence
    assert found.recommended == "serial"
    assert "list(map(work, items))" in found.code


def test_the_loop_wins_where_it_is_fastest(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: NOISE, TWO: [3 * n for n in OTHER_NOISE]})
    assert found.sentence.startswith("serial is fastest, 1.00 s; the next, process × 2, takes")


def test_what_is_explained_is_a_pool_that_shares_tasks_out(make_results: MakeResults) -> None:
    one = cell("process", 1)
    walls = {SERIAL: NOISE, one: [1.01 * n for n in OTHER_NOISE], TWO: [2 * n for n in OTHER_NOISE]}
    assert judged(make_results, walls).why.startswith("process × 2: ")
    del walls[TWO]
    assert judged(make_results, walls).why.startswith("process × 1: ")


def test_fewer_workers_are_no_remedy_where_they_are_shown_to_be_slower(make_results: MakeResults) -> None:
    share = Estimate(value=0.3, low=0.2, high=0.4, is_range=False)
    found = [Loss(cause=cause, share=share) for cause in (OVERSUBSCRIBED, UNEVEN_TASKS)]

    def remedy(*walls_of_two: float) -> str:
        results = make_results({SERIAL: [4 * n for n in NOISE], TWO: list(walls_of_two), FOUR: NOISE})
        (verdict,) = judge(results, replace(tabulate(results), losses={FOUR.id: found, TWO.id: found}))
        return verdict.why.partition("most likely to help: ")[2]

    assert remedy(*(2 * n for n in OTHER_NOISE)) == UNEVEN_TASKS.remedy  # four workers are better
    assert remedy(*OTHER_NOISE) == OVERSUBSCRIBED.remedy  # two are as good


def test_fewer_workers_are_a_remedy_where_only_the_loop_is_shown_to_be_faster(
    make_results: MakeResults,
) -> None:
    found = Loss(cause=OVERSUBSCRIBED, share=Estimate(value=0.3, low=0.2, high=0.4, is_range=False))
    walls = {SERIAL: NOISE, TWO: [1.5 * n for n in OTHER_NOISE], FOUR: [1.5 * n for n in NOISE]}
    results = make_results(walls)
    (verdict,) = judge(results, replace(tabulate(results), losses={FOUR.id: [found], TWO.id: [found]}))
    assert verdict.why.endswith(f"most likely to help: {OVERSUBSCRIBED.remedy}")


def test_fewer_workers_are_no_remedy_for_what_is_recommended_over_them(make_results: MakeResults) -> None:
    eight = cell("process", 8)
    found = Loss(cause=OVERSUBSCRIBED, share=Estimate(value=0.3, low=0.2, high=0.4, is_range=False))
    # Two workers are shown to be slower than eight, but not than four.
    walls = {SERIAL: [2 * n for n in NOISE], TWO: [1.12 * n for n in NOISE], eight: [n * 1.0 for n in NOISE]}
    walls[FOUR] = [1.06, 1.2, 0.9, 1.11, 0.95, 1.06, 1.15]
    results = make_results(walls)
    tables = tabulate(results)
    assert tables.summary.set_index("cell")["among_best"].to_dict() == {
        SERIAL.id: False,
        TWO.id: False,
        FOUR.id: True,
        eight.id: True,
    }
    (verdict,) = judge(results, replace(tables, losses={FOUR.id: [found], TWO.id: [found]}))
    assert verdict.recommended == FOUR.id
    assert "most likely to help" not in verdict.why


def test_one_worker_saves_nothing_and_so_loses_nothing_of_it(make_results: MakeResults) -> None:
    one = cell("thread", 1)
    results = make_results({SERIAL: NOISE, one: [1.5 * n for n in OTHER_NOISE]})
    lost = Loss(cause=DISPATCH, share=Estimate(value=0.3, low=0.2, high=0.4, is_range=False))
    (verdict,) = judge(results, replace(tabulate(results), losses={one.id: [lost]}))
    assert verdict.why.endswith(f"most likely to help: {DISPATCH.remedy}")


@pytest.mark.parametrize(("share", "more_items"), [(0.3, True), (0.2, False)])
def test_where_a_pool_takes_all_that_it_could_save_more_items_are_the_remedy(
    make_results: MakeResults, share: float, *, more_items: bool
) -> None:
    # The loop takes 1 s, of which two workers save half at the most; the pool takes 2 s.
    results = make_results({SERIAL: NOISE, TWO: [2 * n for n in OTHER_NOISE]})
    lost = Loss(cause=POOL_START, share=Estimate(value=share, low=share, high=share, is_range=False))
    (verdict,) = judge(results, replace(tabulate(results), losses={TWO.id: [lost]}))
    remedy = "more items: starting and ending the pool takes all that 2 workers save"
    assert verdict.why.endswith(f"most likely to help: {remedy if more_items else POOL_START.remedy}")


def test_there_are_no_smaller_chunks_than_of_one_task(make_results: MakeResults) -> None:
    found = Loss(cause=PLACEMENT, share=Estimate(value=0.3, low=0.2, high=0.4, is_range=False))

    def why(of_two: object) -> str:
        results = make_results({SERIAL: NOISE, of_two: [1.5 * n for n in OTHER_NOISE]})
        (verdict,) = judge(results, replace(tabulate(results), losses={TWO.id: [found]}))
        return verdict.why

    assert why(replace(TWO, chunk_size=1)).endswith("help: submit the longest tasks first")
    assert why(replace(TWO, chunk_size=4)).endswith("help: submit the longest tasks first, in smaller chunks")


def test_more_items_are_no_remedy_where_handing_them_out_costs_most(make_results: MakeResults) -> None:
    results = make_results({SERIAL: NOISE, TWO: [20 * n for n in OTHER_NOISE]})
    shares = {DISPATCH: 0.9, POOL_END: 0.07}
    lost = [
        Loss(cause=cause, share=Estimate(value=share, low=share, high=share, is_range=False))
        for cause, share in shares.items()
    ]
    (verdict,) = judge(results, replace(tabulate(results), losses={TWO.id: lost}))
    assert verdict.why.endswith(f"most likely to help: {DISPATCH.remedy}")


def test_fewer_workers_are_recommended_where_more_are_not_shown_to_help(make_results: MakeResults) -> None:
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: [n * 0.999 for n in OTHER_NOISE]}
    found = judged(make_results, walls)
    assert (found.fastest, found.recommended) == ("process4", "process2")
    use = "Use process × 2: it is not shown to be slower than process × 4, and needs less. "
    assert found.sentence.startswith(f"{use}process × 4 is fastest, ")
    assert "with 2 of its workers it is not distinguishably slower" in found.sentence
    assert "max_workers=2" in found.code


def test_a_failed_cell_makes_no_claim(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: NOISE, TWO: [0.1] * 6 + ["wrong_result"]})
    assert found.fastest == "serial"


def test_nothing_is_said_where_nothing_ended_well(make_results: MakeResults) -> None:
    results = make_results({SERIAL: ["failed"], TWO: ["failed"]})
    assert judge(results, tabulate(results)) == []


def test_few_repetitions_give_a_range_and_call_it_that(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: [2.0, 2.1], TWO: [1.0, 1.1]})
    assert "range of fewer than 6 repetitions" in found.sentence


def test_few_repetitions_recommend_no_pool_that_was_once_no_faster_than_the_loop(
    make_results: MakeResults,
) -> None:
    assert judged(make_results, {SERIAL: [1.0, 1.1], TWO: [0.9, 1.2]}).recommended == "serial"


def test_a_pool_that_is_shown_to_be_faster_helps(make_results: MakeResults) -> None:
    assert judged(make_results, {SERIAL: [2 * n for n in NOISE], TWO: OTHER_NOISE}).answer == "helps"


def test_a_pool_that_is_slower_does_not_help(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: NOISE, TWO: [2 * n for n in OTHER_NOISE]})
    assert (found.answer, found.recommended) == ("does not help", "serial")


def test_a_gain_that_is_shown_to_be_tiny_does_not_help(make_results: MakeResults) -> None:
    tight = [1.0, 1.001, 0.999, 1.0, 1.001, 0.999, 1.0]
    found = judged(make_results, {SERIAL: tight, TWO: [n * 0.9995 for n in reversed(tight)]})
    assert found.answer == "does not help"


def test_a_gain_that_may_be_chance_needs_more_repetitions(make_results: MakeResults) -> None:
    noisy = [1.0, 1.2, 0.9, 1.1, 0.95, 1.05, 1.15]
    other = [1.02, 0.84, 1.12, 0.88, 0.93, 1.07, 0.98]
    results = make_results({SERIAL: noisy, TWO: other})
    tables = tabulate(results)
    (found,) = judge(results, tables)
    assert found.answer == "cannot tell"
    # Two cells are compared once: at 90 %, two-sided. The interval has to narrow until its low end is at 1.
    ratio = ratio_of_medians(np.array(noisy), np.array(other), 0.9, 1)
    times = math.log(ratio.value / ratio.low) / math.log(ratio.value)
    total = math.ceil(7 * times**2) | 1
    assert found.more_repetitions.startswith(f"about {total - 7} more repetitions would tell whether a pool")
    assert found.more_repetitions.endswith(f"repetitions={total}")


def test_what_is_told_already_needs_no_more_repetitions_though_a_rival_does(
    make_results: MakeResults,
) -> None:
    sure, unsure = cell("process", 2), cell("process", 4)
    tight = [1.0, 1.0001, 0.9999, 1.0, 1.0001, 0.9999, 1.0]
    wild = [1.2, 0.8, 1.3, 0.9, 1.1, 1.25, 1.02]
    results = make_results({SERIAL: tight, sure: [n * 1.0001 for n in tight], unsure: wild})
    (found,) = judge(results, tabulate(results))
    assert found.answer == "cannot tell"
    assert "process × 4 is the nearest to it" in found.more_repetitions


def test_the_loop_as_a_cell_beside_a_pool_as_baseline_is_no_pool_that_helps(
    make_results: MakeResults,
) -> None:
    pool = cell("thread", 2, baseline="thread2")
    loop = replace(SERIAL, baseline="thread2")
    assert judged(make_results, {pool: [2 * n for n in NOISE], loop: OTHER_NOISE}).answer == ""


def test_few_repetitions_cannot_tell(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: [2.0, 2.1], TWO: [1.0, 1.1]})
    assert found.answer == "cannot tell"
    assert found.more_repetitions == "too few repetitions to tell 2 cells apart; 4 more are needed"


def test_the_gain_of_the_next_larger_count_is_told(make_results: MakeResults) -> None:
    walls = {SERIAL: [2 * n for n in NOISE], TWO: NOISE, FOUR: [n * 0.999 for n in OTHER_NOISE]}
    found = judged(make_results, walls)
    assert found.more_workers.startswith("process × 4 is 1.00 times as fast as process × 2 (95% interval ")
    assert found.more_workers.endswith("not distinguishable from no change")


def test_without_a_pool_there_is_no_answer(make_results: MakeResults) -> None:
    assert judged(make_results, {SERIAL: NOISE}).answer == ""


def test_few_repetitions_recommend_the_loop_that_is_fastest_though_the_baseline_is_a_pool(
    make_results: MakeResults,
) -> None:
    pool = cell("thread", 2, baseline="thread2")
    loop = replace(SERIAL, baseline="thread2")
    assert judged(make_results, {pool: [1.0, 1.1], loop: [0.9, 1.15]}).recommended == "serial"


def test_a_single_repetition_recommends_the_loop(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: [2.0], TWO: [1.0]})
    use = "Until more is known, use serial: it is not shown to be slower than process × 2, and needs less. "
    assert found.sentence.startswith(f"{use}process × 2 is fastest, ")
    assert found.recommended == "serial"


def test_a_speedup_above_its_bound_is_not_called_level_with_it(make_results: MakeResults) -> None:
    found = judged(make_results, {SERIAL: [5 * n for n in NOISE], TWO: OTHER_NOISE})
    assert "what the CPUs and these tasks allow" not in found.why
