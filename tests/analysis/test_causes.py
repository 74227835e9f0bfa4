"""Each cause injected alone, at two strengths, into runs whose every figure is known."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from runner.analysis.explain import causes, start_up
from runner.analysis.explain.attribution import TracedRun
from runner.analysis.explain.causes import (
    Setting,
    TogetherSpeed,
    busy_cpus,
    losses,
    shown_losses,
    task_cpus,
)
from runner.analysis.explain.declared import every_cause
from runner.analysis.explain.transfer import RESULTS, Transfer
from runner.analysis.intervals import Level
from runner.facts import Cause, Payload, Pickled
from tests.analysis.traced_runs import TracedTask, traced_run, traced_task

TASKS = 8
SERIAL_TASKS = [traced_task(0, float(i)) for i in range(TASKS)]
SERIAL = traced_run(0.0, 8.0, SERIAL_TASKS)
TWO_PROCESSES = Setting(workers=2, cpus=2, threads=False)
LEVEL = Level(0.95, 1)


def two_lanes(length: float = 1.0, gap: float = 0.0, **changes: Any) -> list[TracedTask]:
    return [traced_task(i % 2, i // 2 * (length + gap), length, **changes) for i in range(TASKS)]


def without_readings(tasks: list[TracedTask]) -> list[TracedTask]:
    return [replace(task, cpu=None, run_delay=None) for task in tasks]


def lost(parallel: TracedRun, serial: TracedRun = SERIAL, **setting: Any) -> dict[Cause, float]:
    """Return the losses that are not zero; all of them add up to the lost time."""
    of_cell = replace(TWO_PROCESSES, busy_cpus=busy_cpus([parallel]), **setting)
    by_cause = losses(serial, parallel, of_cell)
    assert sum(by_cause.values()) == pytest.approx(of_cell.workers * parallel.wall_s - serial.busy_s)
    return {cause: seconds for cause, seconds in by_cause.items() if abs(seconds) > 1e-9}


def test_every_cause_has_a_code_and_a_short_name_of_its_own() -> None:
    declared = {*every_cause()}
    assert len(declared) >= 15
    for field in ("code", "name", "short"):
        assert len({getattr(cause, field) for cause in declared}) == len(declared)
    assert all(cause.code.isidentifier() and cause.code.islower() for cause in declared)


def test_a_perfect_run_loses_nothing() -> None:
    assert lost(traced_run(0.0, 4.0, two_lanes())) == {}


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_a_slow_start_up_of_the_pool(strength: float) -> None:
    assert lost(traced_run(-strength, 4.0, two_lanes())) == {start_up.POOL_START: 2 * strength}


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_a_slow_shutdown(strength: float) -> None:
    assert lost(traced_run(0.0, 4.0 + strength, two_lanes())) == {causes.POOL_END: 2 * strength}


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_time_between_submitted_tasks_is_dispatch(strength: float) -> None:
    by_cause = lost(traced_run(0.0, 4.0 + 3 * strength, two_lanes(gap=strength)))
    assert by_cause == {causes.DISPATCH: pytest.approx(6 * strength)}


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_tasks_submitted_late_leave_the_queue_empty(strength: float) -> None:
    late = [replace(task, submitted=task.started) for task in two_lanes(gap=strength)]
    by_cause = lost(traced_run(0.0, 4.0 + 3 * strength, late))
    assert by_cause == {causes.EMPTY_QUEUE: pytest.approx(6 * strength)}


@pytest.mark.parametrize("interval", [2.0, 4.0])
def test_a_worker_that_gets_no_task_waits_for_submissions(interval: float) -> None:
    # One worker runs all tasks as they come. The other is idle until the last one comes, and after it.
    tasks = [traced_task(0, i * interval, submitted=i * interval) for i in range(TASKS)]
    by_cause = lost(traced_run(0.0, 7 * interval + 1, tasks))
    assert by_cause[causes.EMPTY_QUEUE] == 7 * (interval - 1) + 7 * interval
    assert by_cause[causes.PLACEMENT] == 1.0


@pytest.mark.parametrize("strength", [1.0, 3.0])
def test_a_worker_that_starts_late(strength: float) -> None:
    tasks = [traced_task(0, i * 1.0) for i in range(4)] + [traced_task(1, strength + i) for i in range(4)]
    by_cause = lost(traced_run(0.0, 4.0 + strength, tasks))
    assert by_cause[start_up.LATE_WORKERS] == strength
    assert by_cause[causes.PLACEMENT] == strength  # the other worker could have taken over


@pytest.mark.parametrize("length", [3.0, 6.0])
def test_one_long_task_among_short_ones(length: float) -> None:
    serial_tasks = [traced_task(0, 0.0, length), traced_task(0, length), traced_task(0, length + 1)]
    parallel_tasks = [traced_task(0, 0.0, length), traced_task(1, 0.0), traced_task(1, 1.0)]
    serial = traced_run(0.0, length + 2, serial_tasks)
    assert lost(traced_run(0.0, length, parallel_tasks), serial) == {causes.UNEVEN_TASKS: length - 2}


def test_idle_time_that_longest_first_leaves_as_well_is_not_placement() -> None:
    lengths = (3.0, 3.0, 2.0, 2.0, 2.0)  # longest first takes 7 seconds, and so does this order
    serial = traced_run(0.0, 12.0, [traced_task(0, 0.0, length) for length in lengths])
    tasks = [
        traced_task(0, 0.0, 3.0),
        traced_task(1, 0.0, 3.0),
        traced_task(0, 3.0, 2.0),
        traced_task(1, 3.0, 2.0),
        traced_task(0, 5.0, 2.0),
    ]
    assert lost(traced_run(0.0, 7.0, tasks), serial) == {causes.UNEVEN_TASKS: 2.0}


def test_chunks_that_all_go_to_one_worker() -> None:
    assert lost(traced_run(0.0, 8.0, SERIAL_TASKS)) == {causes.PLACEMENT: 8.0}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_threads_that_wait_for_the_gil(length: float) -> None:
    by_cause = lost(traced_run(0.0, 4 * length, two_lanes(length, cpu=1.0)), threads=True)
    assert by_cause == {causes.LOCK: pytest.approx(8 * (length - 1))}


@pytest.mark.parametrize(("cpu", "cause"), [(0.2, causes.WAITING), (0.6, causes.LOCK)])
def test_threads_that_are_mostly_idle_do_not_wait_for_the_gil(cpu: float, cause: Cause) -> None:
    serial = traced_run(0.0, 8.0, [replace(task, cpu=cpu) for task in SERIAL_TASKS])
    # Two threads, each of which computes for this long in every two seconds.
    run = traced_run(0.0, 8.0, two_lanes(2.0, cpu=cpu))
    assert lost(run, serial, threads=True) == {cause: pytest.approx(8)}


def test_threads_that_wait_for_the_gil_between_short_tasks() -> None:
    taking_turns = traced_run(0.0, 8.0, [traced_task(i % 2, float(i), cpu=1.0) for i in range(TASKS)])
    by_cause = lost(taking_turns, threads=True)
    assert by_cause[causes.LOCK] == 6.0
    assert causes.DISPATCH not in by_cause
    assert causes.DISPATCH in lost(taking_turns)


def test_threads_without_a_gil_wait_for_another_lock() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=1.0)), threads=True, has_gil=False)
    assert by_cause == {causes.LOCK_WITHOUT_GIL: pytest.approx(8)}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_native_threads_of_all_workers_on_the_same_cpus(length: float) -> None:
    serial = traced_run(0.0, 8.0, [replace(task, cpu=2.0) for task in SERIAL_TASKS])
    by_cause = lost(
        traced_run(0.0, 4 * length, two_lanes(length, cpu=2.0)), serial, native_threads=2, task_cpus=2.0
    )
    assert by_cause == {causes.NATIVE_THREADS: pytest.approx(8 * (length - 1))}


def test_threads_do_not_wait_for_the_gil_while_native_threads_compute_for_them() -> None:
    by_cause = lost(
        traced_run(0.0, 8.0, two_lanes(2.0, cpu=1.0)), threads=True, native_threads=2, task_cpus=2.0
    )
    assert by_cause == {causes.NATIVE_THREADS: 8.0}


def test_idle_native_threads_are_not_a_cause() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=1.0)), native_threads=2)
    assert by_cause == {causes.WAITING: pytest.approx(8)}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_processes_that_wait_for_each_other(length: float) -> None:
    by_cause = lost(traced_run(0.0, 4 * length, two_lanes(length, cpu=1.0)))
    assert by_cause == {causes.WAITING: pytest.approx(8 * (length - 1))}


def test_tasks_of_one_event_loop_do_not_wait_for_the_gil() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=0.5)), event_loop=True)
    assert by_cause == {causes.WAITING: pytest.approx(8)}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_another_program_takes_the_cpu(length: float) -> None:
    run = traced_run(0.0, 4 * length, two_lanes(length, cpu=1.0, run_delay=length - 1))
    assert lost(replace(run, lost_cpus=True)) == {causes.OTHERS: pytest.approx(8 * (length - 1))}
    # In a run that nothing disturbed, the invocation's own processes cause the same wait.
    assert lost(run) == {causes.UNKNOWN: pytest.approx(8 * (length - 1))}
    assert shown_losses([(SERIAL, run)] * 7, TWO_PROCESSES, LEVEL) == ()


def test_more_workers_than_cpus_wait_for_one() -> None:
    tasks = [traced_task(i % 4, i // 4 * 2.0, 2.0, cpu=1.0, run_delay=1.0) for i in range(TASKS)]
    assert lost(traced_run(0.0, 4.0, tasks), workers=4) == {causes.OVERSUBSCRIBED: 8.0}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_tasks_that_need_more_cpu_time_in_parallel(length: float) -> None:
    by_cause = lost(traced_run(0.0, 4 * length, two_lanes(length)))
    assert by_cause == {causes.SLOWER_CPU: pytest.approx(8 * (length - 1))}


def test_the_largest_loss_comes_first_with_its_share() -> None:
    slow = traced_run(-1.0, 4.5, two_lanes())
    shown = shown_losses([(SERIAL, slow)] * 7, TWO_PROCESSES, LEVEL)
    assert [loss.cause for loss in shown] == [start_up.POOL_START, causes.POOL_END]
    assert shown[0].share.value == pytest.approx(1 / 5.5)


def test_the_shares_of_all_losses_are_at_most_the_whole() -> None:
    """Each of three losses is 45 % of the time in two thirds of the repetitions."""
    runs = [
        traced_run(-start, 4.0 + 3 * gap + end, two_lanes(gap=gap))
        for start, gap, end in ((45.0, 15.0, 6.0), (45.0, 2.0, 45.0), (6.0, 15.0, 45.0))
    ]
    shown = shown_losses([(SERIAL, run) for run in 3 * runs], TWO_PROCESSES, LEVEL)
    assert len(shown) == 3
    assert sum(loss.share.value for loss in shown) == pytest.approx(1.0)


def test_equal_cells_lose_nothing() -> None:
    noise = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
    runs = [traced_run(0.0, 8 * n, [traced_task(0, i * n, n) for i in range(TASKS)]) for n in noise]
    pairs = list(zip(runs, reversed(runs), strict=True))
    assert shown_losses(pairs, replace(TWO_PROCESSES, workers=1), LEVEL) == ()


def test_few_repetitions_show_no_loss() -> None:
    slow = traced_run(-1.0, 4.5, two_lanes())
    assert shown_losses([(SERIAL, slow)] * 5, TWO_PROCESSES, LEVEL) == ()


@pytest.mark.parametrize(
    ("cpus_busy", "cause"), [(1.0, causes.LOCK), (1.9, causes.SLOWER_CPU), (None, causes.SLOWER_CPU)]
)
def test_chunks_without_readings_wait_for_the_gil_where_all_threads_keep_one_cpu_busy(
    cpus_busy: float | None, cause: Cause
) -> None:
    serial = traced_run(0.0, 8.0, without_readings(SERIAL_TASKS))
    process_cpu_s = None if cpus_busy is None else 8.0 * cpus_busy
    parallel = traced_run(0.0, 8.0, without_readings(two_lanes(2.0)), process_cpu_s)
    assert lost(parallel, serial, threads=True) == {cause: 8.0}


def test_dispatch_of_chunks_without_readings_is_not_attributed_to_the_gil() -> None:
    serial = traced_run(0.0, 8.0, without_readings(SERIAL_TASKS))
    parallel = traced_run(0.0, 5.5, without_readings(two_lanes(gap=0.5)), 5.5)
    assert lost(parallel, serial, threads=True) == {causes.DISPATCH: pytest.approx(3.0)}


#: A long task beside five short ones, each of which gets the GIL for half of its time.
SIX_UNEVEN = traced_run(
    0.0,
    25.0,
    [*(traced_task(0, i * 2.0, 2.0, cpu=1.0) for i in range(5)), traced_task(1, 0.0, 25.0, cpu=20.0)],
)


def uneven_loop(longest: float) -> TracedRun:
    short = [traced_task(0, float(i)) for i in range(5)]
    return traced_run(0.0, 5.0 + longest, [*short, traced_task(0, 5.0, longest)])


def test_uneven_tasks_that_take_turns_for_the_gil_would_gain_nothing_by_being_even() -> None:
    assert lost(SIX_UNEVEN, uneven_loop(20.0), threads=True) == {causes.LOCK: pytest.approx(25.0)}


def test_a_task_that_is_nearly_all_the_work_limits_threads_with_and_without_the_gil() -> None:
    by_cause = lost(SIX_UNEVEN, uneven_loop(100.0), threads=True)
    assert by_cause[causes.UNEVEN_TASKS] > 0


def test_results_that_arrive_after_the_last_task_are_not_the_shutdown_of_the_pool() -> None:
    tasks = two_lanes()
    run = replace(traced_run(0.0, 6.0, tasks), received=np.full(len(tasks), 5.5))
    assert lost(run) == {causes.DISPATCH: pytest.approx(3.0), causes.POOL_END: pytest.approx(1.0)}
    large = Pickled(mean_bytes=2e6, largest_bytes=2_000_000, repeated_bytes=0.0, pickle_s=0.1, unpickle_s=0.1)
    transfer = Transfer(
        payload=Payload(function=None, items=None, results=large), tasks=TASKS, chunk_size=1, workers=2
    )
    by_cause = lost(run, transfer=transfer)
    assert by_cause[RESULTS] >= 3.0
    assert causes.DISPATCH not in by_cause


#: The first thread runs six short tasks before the second one gets the GIL, for two.
SIX_AND_TWO = [*(traced_task(0, float(i)) for i in range(6)), traced_task(1, 6.0), traced_task(1, 7.0)]


def test_threads_that_are_idle_while_a_task_waits_to_be_started_wait_for_the_gil() -> None:
    run = traced_run(0.0, 8.0, SIX_AND_TWO)
    by_cause = lost(run, threads=True, one_task_chunks=True)
    # Six seconds of the second thread, one of the first; during the last second no task waits.
    assert by_cause == {causes.LOCK: pytest.approx(7.0), causes.PLACEMENT: pytest.approx(1.0)}


@pytest.mark.parametrize(
    "setting",
    [
        {"threads": True},  # in chunks, tasks wait for the worker of their chunk
        {"threads": False, "one_task_chunks": True},
        {"threads": True, "one_task_chunks": True, "start": start_up.WorkerStart(has_initializer=True)},
    ],
)
def test_workers_that_start_late_for_other_reasons(setting: dict[str, Any]) -> None:
    assert lost(traced_run(0.0, 8.0, SIX_AND_TWO), **setting)[start_up.LATE_WORKERS] == pytest.approx(6.0)


def test_a_chunk_of_long_tasks_that_release_the_gil_is_placed_badly() -> None:
    # Four long tasks in one chunk, four short ones in the other: both threads compute at the same time.
    lengths = [1.0] * 4 + [0.01] * 4
    loop = traced_run(
        0.0, 4.04, [traced_task(0, sum(lengths[:i]), length) for i, length in enumerate(lengths)]
    )
    first = [traced_task(0, float(i)) for i in range(4)]
    second = [traced_task(1, i / 100, 0.01) for i in range(4)]
    by_cause = lost(traced_run(0.0, 4.0, [*first, *second]), loop, threads=True)
    assert causes.LOCK not in by_cause
    assert by_cause[causes.PLACEMENT] == pytest.approx(3.96, abs=0.1)


def test_threads_whose_tasks_wait_are_idle_for_another_reason() -> None:
    # Half of each task is a wait, so two threads keep one CPU busy although neither waits for the GIL.
    waiting = [replace(task, cpu=0.5) for task in SERIAL_TASKS]
    serial = traced_run(0.0, 8.0, waiting)
    tasks = [traced_task(0, float(i), cpu=0.9) for i in range(6)]
    tasks += [traced_task(1, 0.0, cpu=0.9), traced_task(1, 1.0, cpu=0.9)]
    by_cause = lost(traced_run(0.0, 6.0, tasks), serial, threads=True, one_task_chunks=True)
    assert by_cause[causes.PLACEMENT] == pytest.approx(4.0)


def test_busy_cpus_are_the_median_of_all_repetitions() -> None:
    runs = [traced_run(0.0, 4.0, two_lanes(cpu=cpu)) for cpu in (0.3, 0.5, 0.9)]
    assert busy_cpus(runs) == 1.0
    assert busy_cpus([]) is None
    assert busy_cpus([*runs, traced_run(0.0, 4.0, without_readings(two_lanes()))]) is None


# --- several CPUs for a single task ---


def test_native_threads_that_are_loaded_but_not_used_do_not_hide_the_gil() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=1.0)), threads=True, native_threads=2)
    assert by_cause == {causes.LOCK: pytest.approx(8)}


def test_tasks_that_use_several_cpus_without_a_known_library() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=1.0)), task_cpus=1.5)
    assert by_cause == {causes.THREADS_OF_TASKS: 8.0}


def test_native_threads_for_which_there_are_cpus_do_not_compete() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=1.0)), threads=True, task_cpus=2.0, cpus=4)
    assert by_cause == {causes.SLOWER_CPU: 8.0}


@pytest.mark.parametrize(
    ("task_cpu_s", "main_cpu_s", "library_threads", "cpus"),
    [
        (1.75, 8.0, 1, 1.75),  # the clock of the process sees native threads
        (0.5, 2.0, 2, 2.0),  # there were not enough CPUs for them, but they computed
        (0.5, 1.0, 4, 4.0),
        (1.0, 4.0, 1, 1.0),  # other threads of the interpreter, in turn with it
        (1.0, 7.5, 2, 1 + 0.44 / 7.5),  # a thread that was just started spins for 0.06 s
        (1.0, 7.95, 2, 1.0),
        (None, 4.0, 2, 1.985),
        (None, None, 2, 1.0),
    ],
)
def test_cpus_that_a_task_keeps_busy(
    task_cpu_s: float | None, main_cpu_s: float | None, library_threads: int, cpus: float
) -> None:
    tasks = [replace(task, cpu=task_cpu_s) for task in SERIAL_TASKS]
    run = replace(traced_run(0.0, 8.0, tasks), own_cpu_s=8.0, main_cpu_s=main_cpu_s)
    assert task_cpus([run, run, SERIAL], library_threads) == pytest.approx(cpus)
    assert task_cpus([], library_threads) == 1.0


# --- helper processes ---

WITH_SERVER = replace(  # tasks that compute half of their time; a server computes the other half
    traced_run(0.0, 8.0, [replace(task, cpu=0.5) for task in SERIAL_TASKS]), process_cpu_s=8.0, own_cpu_s=4.0
)


@pytest.mark.parametrize("is_disturbed", [False, True])
def test_helper_processes_of_the_workload_are_not_other_programs(is_disturbed: bool) -> None:  # noqa: FBT001
    tasks = two_lanes(1.75, cpu=0.5, run_delay=0.25)
    run = replace(traced_run(0.0, 7.0, tasks), process_cpu_s=8.0, own_cpu_s=0.0, lost_cpus=is_disturbed)
    assert lost(run, WITH_SERVER) == {causes.HELPERS: pytest.approx(6)}


def test_threads_that_wait_for_a_helper_process_unless_they_keep_a_cpu_busy_together() -> None:
    for cpu, cause in ((0.5, causes.HELPERS), (1.0, causes.LOCK)):
        serial = traced_run(0.0, 8.0, [replace(task, cpu=cpu) for task in SERIAL_TASKS])
        serial = replace(serial, process_cpu_s=8 * cpu + 2, own_cpu_s=8 * cpu)
        by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0, cpu=cpu)), serial, threads=True)
        assert by_cause == {cause: pytest.approx(8)}


@pytest.mark.parametrize("threads", [False, True])
def test_tasks_with_a_pool_of_their_own_use_several_cpus(threads: bool) -> None:  # noqa: FBT001
    tasks = [replace(task, cpu=0.05) for task in SERIAL_TASKS]
    serial = replace(traced_run(0.0, 8.0, tasks), process_cpu_s=14.4, own_cpu_s=0.4)
    run = traced_run(0.0, 8.0, two_lanes(2.0, cpu=0.05), process_cpu_s=14.4)
    assert lost(run, serial, threads=threads) == {causes.THREADS_OF_TASKS: pytest.approx(8)}


def test_subprocesses_of_more_workers_than_cpus_wait_for_a_cpu() -> None:
    serial = replace(
        traced_run(0.0, 8.0, [replace(task, cpu=0.0) for task in SERIAL_TASKS]),
        process_cpu_s=8.0,
        own_cpu_s=0.0,
    )
    tasks = [traced_task(i % 4, i // 4 * 2.0, 2.0, cpu=0.0) for i in range(TASKS)]
    run = traced_run(0.0, 4.0, tasks, process_cpu_s=8.0)
    assert lost(run, serial, workers=4, threads=True) == {causes.OVERSUBSCRIBED: 8.0}


# --- pages that a forked process copies ---

FORKED = {"forked": True}
NO_FAULTS = replace(SERIAL, process_cpu_s=8.0, system_s=0.0, minor_faults=100)


def copying(faults: int, system_s: float, outside_s: float = 0.0, length: float = 2.0) -> TracedRun:
    """Make a run on two workers whose tasks take `length` seconds of CPU time."""
    run = traced_run(0.0, 4 * length, two_lanes(length), process_cpu_s=8 * length + outside_s)
    return replace(run, system_s=system_s, minor_faults=faults)


def test_forked_workers_that_copy_pages() -> None:
    # 100 faults are those of the other worker's own, 3,000 those of two forks.
    faults = 100 + 100 + 3_000 + 9_000
    by_cause = lost(copying(faults, system_s=4.0), NO_FAULTS, **FORKED)
    copied = 4.0 * 9_000 / (faults - 100)
    assert by_cause == {
        causes.COPIED_PAGES: pytest.approx(copied),
        causes.SLOWER_CPU: pytest.approx(8 - copied),
    }


def test_copied_pages_explain_no_more_than_the_tasks_lost() -> None:
    by_cause = lost(copying(1_000_000, system_s=9.0, length=1.25), NO_FAULTS, **FORKED)
    assert by_cause == {causes.COPIED_PAGES: pytest.approx(2)}


@pytest.mark.parametrize(("outside_s", "is_shown"), [(1.9, True), (2.1, False)])
def test_copied_pages_are_shown_unless_most_faults_may_be_outside_of_the_tasks(
    outside_s: float,
    is_shown: bool,  # noqa: FBT001
) -> None:
    by_cause = lost(copying(10_000_000, system_s=4.0, outside_s=outside_s), NO_FAULTS, **FORKED)
    copied = {causes.COPIED_PAGES: pytest.approx(4, rel=1e-3)} if is_shown else {}
    assert by_cause == {**copied, causes.SLOWER_CPU: pytest.approx(4 if is_shown else 8, rel=1e-3)}


@pytest.mark.parametrize(
    ("loop_faults", "faults", "forked"),
    [
        (100, 3_200, True),  # what two forks cost
        (20_000, 43_000, True),  # tasks that allocate do so in each worker
        (100, 1_000_000, False),  # spawned workers share no page
    ],
)
def test_page_faults_that_are_not_copies(loop_faults: int, faults: int, forked: bool) -> None:  # noqa: FBT001
    loop = replace(NO_FAULTS, minor_faults=loop_faults)
    by_cause = lost(copying(faults, system_s=4.0), loop, forked=forked)
    assert by_cause == {causes.SLOWER_CPU: pytest.approx(8)}


def small_transfer(item_bytes: float) -> Transfer:
    """Send an item of so many bytes to each task."""
    nothing = Pickled(mean_bytes=0, largest_bytes=0, repeated_bytes=0, pickle_s=1e-6, unpickle_s=1e-6)
    items = replace(nothing, mean_bytes=item_bytes)
    payload = Payload(function=nothing, items=items, results=nothing)
    return Transfer(payload=payload, tasks=TASKS, chunk_size=1, workers=2)


@pytest.mark.parametrize(
    ("megabytes", "is_shown"),
    [(0.001, True), (0.1, True), (100, False)],  # small objects use the same memory again
)
def test_where_little_is_sent_the_faults_are_those_of_the_tasks(
    megabytes: float,
    is_shown: bool,  # noqa: FBT001
) -> None:
    """However much CPU time the fork itself takes outside of the tasks."""
    run = copying(100_000, system_s=8.0, outside_s=20.0)
    by_cause = lost(run, NO_FAULTS, transfer=small_transfer(megabytes * 1e6), **FORKED)
    assert (causes.COPIED_PAGES in by_cause) == is_shown


def test_chunks_without_readings_that_copy_pages() -> None:
    loop = replace(traced_run(0.0, 8.0, without_readings(SERIAL_TASKS), 8.0), system_s=0.0, minor_faults=0)
    run = replace(
        traced_run(0.0, 8.0, without_readings(two_lanes(2.0)), 16.0), system_s=8.0, minor_faults=600_000
    )
    assert lost(run, loop, **FORKED) == {
        causes.COPIED_PAGES: pytest.approx(8 * 0.995),
        causes.SLOWER_CPU: pytest.approx(8 * 0.005),
    }


# --- shared cores, shared objects ---


def test_cpus_that_share_a_core_are_not_mistaken_for_memory_bandwidth() -> None:
    together = TogetherSpeed(value=0.8, low=0.75, high=0.85)
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0)), together=together)
    assert by_cause == {
        causes.SHARED_CORES: pytest.approx(8 / 0.8 - 8),
        causes.UNKNOWN: pytest.approx(8 / 0.75 - 8 / 0.8),
        causes.SLOWER_CPU: pytest.approx(16 - 8 / 0.75),
    }
    assert lost(traced_run(0.0, 4.4, two_lanes(1.1)), together=together) == {
        causes.SHARED_CORES: pytest.approx(0.8)
    }


def test_cpus_that_may_not_share_a_core_are_not_a_cause() -> None:
    together = TogetherSpeed(value=0.9, low=0.8, high=0.98)
    by_cause = lost(traced_run(0.0, 4.4, two_lanes(1.1)), together=together)
    assert by_cause == {causes.UNKNOWN: pytest.approx(0.8)}


def test_workers_that_keep_one_cpu_busy_lose_nothing_to_shared_cores() -> None:
    together = TogetherSpeed(value=0.5, low=0.45, high=0.55)
    serial = traced_run(0.0, 8.0, [replace(task, cpu=0.4) for task in SERIAL_TASKS])
    by_cause = lost(traced_run(0.0, 4.0, two_lanes(cpu=0.5)), serial, together=together)
    assert by_cause == {causes.SLOWER_CPU: pytest.approx(0.8), causes.WAITING: pytest.approx(-0.8)}


@pytest.mark.parametrize(
    ("of_processes", "sharing"), [(1.0, 8.0), (1.25, 6.0), (2.5, 0.0), (0.9, 8.0), (None, 0.0)]
)
def test_threads_without_a_gil_that_share_objects(of_processes: float | None, sharing: float) -> None:
    by_cause = lost(
        traced_run(0.0, 8.0, two_lanes(2.0)),
        threads=True,
        has_gil=False,
        cpu_growth_of_processes=of_processes,
    )
    rest = {causes.SLOWER_CPU: pytest.approx(8 - sharing)} if sharing < 8 else {}
    assert by_cause == ({causes.SHARED_OBJECTS: pytest.approx(sharing)} if sharing else {}) | rest


def test_threads_with_a_gil_share_objects_at_no_cost() -> None:
    by_cause = lost(traced_run(0.0, 8.0, two_lanes(2.0)), threads=True, cpu_growth_of_processes=1.0)
    assert by_cause == {causes.SLOWER_CPU: pytest.approx(8)}


# --- one event loop ---


def on_event_loop(run: TracedRun, serial: TracedRun = SERIAL, **setting: Any) -> dict[Cause, float]:
    return lost(run, serial, event_loop=True, threads=True, **setting)


def test_an_event_loop_whose_thread_is_full_of_the_work_of_its_tasks() -> None:
    # Tasks wait three quarters of their time in the loop; eight at a time fill the thread.
    serial = traced_run(0.0, 8.0, [replace(task, cpu=0.25) for task in SERIAL_TASKS])
    run = replace(traced_run(0.0, 2.0, [traced_task(i, 0.0, 2.0, cpu=0.25) for i in range(8)]), own_cpu_s=2.0)
    assert on_event_loop(run, serial, workers=8) == {causes.FULL_EVENT_LOOP: pytest.approx(8)}
    # Half of the thread's CPU time is not that of tasks, but of the loop's scheduling and timers.
    run = replace(run, cpu=np.full(8, 0.125))
    assert on_event_loop(run, serial, workers=8) == {
        causes.FULL_EVENT_LOOP: pytest.approx(4),
        causes.EVENT_LOOP: pytest.approx(4),
    }


def test_coroutines_that_compute_without_a_pause_fill_the_thread_and_idle_the_other_lanes() -> None:
    run = replace(traced_run(0.0, 8.0, SERIAL_TASKS), own_cpu_s=8.0)
    assert on_event_loop(run) == {causes.FULL_EVENT_LOOP: pytest.approx(8)}


def test_coroutines_that_never_await_block_the_event_loop() -> None:
    sleeping = [replace(task, cpu=0.0) for task in SERIAL_TASKS]
    run = replace(traced_run(0.0, 8.0, sleeping), own_cpu_s=0.0)
    assert on_event_loop(run, run) == {causes.BLOCKED_EVENT_LOOP: pytest.approx(8)}


@pytest.mark.parametrize(
    ("held_share", "cause"), [(0.9, "blocked_event_loop"), (0.1, "waiting"), (None, "waiting")]
)
def test_coroutines_that_block_the_event_loop_between_their_awaits(
    held_share: float | None, cause: str
) -> None:
    serial = traced_run(0.0, 8.0, [replace(task, cpu=0.0) for task in SERIAL_TASKS])
    run = replace(traced_run(0.0, 8.0, two_lanes(2.0, cpu=0.0)), own_cpu_s=0.0)
    by_cause = on_event_loop(run, serial, held_share=held_share)
    assert {reported.code: seconds for reported, seconds in by_cause.items()} == {cause: pytest.approx(8)}


def test_an_event_loop_whose_thread_waits_for_a_cpu_is_full_and_other_programs_share_the_blame() -> None:
    run = replace(traced_run(0.0, 8.0, SERIAL_TASKS), main_cpu_s=6.0, main_delay_s=2.0, lost_cpus=True)
    run = replace(run, cpu=np.full(8, 0.75))
    assert on_event_loop(run) == {
        causes.FULL_EVENT_LOOP: pytest.approx(6),
        causes.OTHERS: pytest.approx(2),
    }


def test_one_task_does_not_block_an_event_loop() -> None:
    serial = traced_run(0.0, 1.0, [traced_task(0, 0.0, cpu=0.0)])
    assert on_event_loop(serial, serial) == {causes.UNEVEN_TASKS: 1.0}
