"""Each cause injected alone, at two strengths, into runs whose every figure is known."""

from dataclasses import replace
from typing import Any

import pytest

from runner.analysis.explain import causes
from runner.analysis.explain.attribution import Run, Work
from runner.analysis.explain.causes import Setting, busy_cpus, losses, named
from runner.analysis.facts import Cause
from runner.analysis.intervals import Level

TASKS = 8


def work(
    worker: int, started: float, length: float = 1.0, *, cpu: float | None = None, run_delay: float = 0.0
) -> Work:
    return Work(
        worker=worker,
        submitted=0.0,
        started=started,
        ended=started + length,
        busy=length,
        cpu=length if cpu is None else cpu,
        run_delay=run_delay,
    )


SERIAL = Run(opened=0.0, closed=8.0, work=[work(0, float(i)) for i in range(TASKS)])


def two_lanes(length: float = 1.0, gap: float = 0.0, **changes: float) -> list[Work]:
    return [work(i % 2, i // 2 * (length + gap), length, **changes) for i in range(TASKS)]


TWO_PROCESSES = Setting(workers=2, cpus=2, threads=False)


def lost(parallel: Run, serial: Run = SERIAL, **setting: Any) -> dict[Cause, float]:
    given = replace(TWO_PROCESSES, busy_cpus=busy_cpus([parallel]), **setting)
    found = losses(serial, parallel, given)
    assert sum(found.values()) == pytest.approx(given.workers * parallel.wall - serial.busy)
    return {name: seconds for name, seconds in found.items() if abs(seconds) > 1e-9}


def test_a_perfect_run_loses_nothing() -> None:
    assert lost(Run(opened=0.0, closed=4.0, work=two_lanes())) == {}


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_a_slow_start_of_the_pool(strength: float) -> None:
    found = lost(Run(opened=-strength, closed=4.0, work=two_lanes()))
    assert found == {causes.POOL_START: 2 * strength}


@pytest.mark.parametrize("strength", [0.5, 2.0])
def test_a_slow_shutdown(strength: float) -> None:
    found = lost(Run(opened=0.0, closed=4.0 + strength, work=two_lanes()))
    assert found == {causes.POOL_END: 2 * strength}


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_time_between_tasks_that_were_waiting_to_run(strength: float) -> None:
    found = lost(Run(opened=0.0, closed=4.0 + 3 * strength, work=two_lanes(gap=strength)))
    assert found == {causes.DISPATCH: pytest.approx(6 * strength)}


@pytest.mark.parametrize("strength", [0.25, 1.0])
def test_tasks_that_were_submitted_late(strength: float) -> None:
    late = [replace(one, submitted=one.started) for one in two_lanes(gap=strength)]
    found = lost(Run(opened=0.0, closed=4.0 + 3 * strength, work=late))
    assert found == {causes.EMPTY_QUEUE: pytest.approx(6 * strength)}


@pytest.mark.parametrize("interval", [2.0, 4.0])
def test_a_worker_that_no_task_came_for(interval: float) -> None:
    # One worker does all, as they come; the other has nothing to do until the last one comes, and not then.
    own = [replace(work(0, i * interval), submitted=i * interval) for i in range(TASKS)]
    found = lost(Run(opened=0.0, closed=7 * interval + 1, work=own))
    assert found[causes.EMPTY_QUEUE] == 7 * (interval - 1) + 7 * interval
    assert found[causes.PLACEMENT] == 1.0


@pytest.mark.parametrize("strength", [1.0, 3.0])
def test_a_worker_that_starts_late(strength: float) -> None:
    own = [work(0, i * 1.0) for i in range(4)] + [work(1, strength + i) for i in range(4)]
    found = lost(Run(opened=0.0, closed=4.0 + strength, work=own))
    assert found[causes.LATE_WORKERS] == strength
    assert found[causes.PLACEMENT] == strength  # the other worker could have taken over


@pytest.mark.parametrize("length", [3.0, 6.0])
def test_one_long_task_among_short_ones(length: float) -> None:
    serial = Run(
        opened=0.0, closed=length + 2, work=[work(0, 0.0, length), work(0, length), work(0, length + 1)]
    )
    parallel = Run(opened=0.0, closed=length, work=[work(0, 0.0, length), work(1, 0.0), work(1, 1.0)])
    found = lost(parallel, serial)
    assert found == {causes.UNEVEN_TASKS: length - 2}


def test_what_longest_first_would_leave_idle_as_well_is_no_placement() -> None:
    lengths = (3.0, 3.0, 2.0, 2.0, 2.0)  # longest first takes 7 seconds, and so does this order
    serial = Run(opened=0.0, closed=12.0, work=[work(0, 0.0, length) for length in lengths])
    own = [work(0, 0.0, 3.0), work(1, 0.0, 3.0), work(0, 3.0, 2.0), work(1, 3.0, 2.0), work(0, 5.0, 2.0)]
    assert lost(Run(opened=0.0, closed=7.0, work=own), serial) == {causes.UNEVEN_TASKS: 2.0}


def test_chunks_that_all_go_to_one_worker() -> None:
    assert lost(Run(opened=0.0, closed=8.0, work=SERIAL.work)) == {causes.PLACEMENT: 8.0}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_threads_that_wait_for_the_gil(length: float) -> None:
    found = lost(Run(opened=0.0, closed=4 * length, work=two_lanes(length, cpu=1.0)), threads=True)
    assert found == {causes.LOCK: pytest.approx(8 * (length - 1))}


def test_threads_that_wait_for_the_gil_between_short_tasks() -> None:
    own = [work(i % 2, float(i), cpu=1.0) for i in range(TASKS)]  # one after the other, in turns
    found = lost(Run(opened=0.0, closed=8.0, work=own), threads=True)
    assert found[causes.LOCK] == 6.0
    assert causes.DISPATCH not in found
    assert causes.DISPATCH in lost(Run(opened=0.0, closed=8.0, work=own))


def test_threads_without_a_gil_wait_for_another_lock() -> None:
    found = lost(Run(opened=0.0, closed=8.0, work=two_lanes(2.0, cpu=1.0)), threads=True, has_gil=False)
    assert found == {causes.LOCK_WITHOUT_GIL: pytest.approx(8)}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_native_threads_of_all_workers_on_the_same_cpus(length: float) -> None:
    serial = replace(SERIAL, work=[replace(one, cpu=2.0) for one in SERIAL.work])
    own = two_lanes(length, cpu=2.0)
    found = lost(Run(opened=0.0, closed=4 * length, work=own), serial, native_threads=2)
    assert found == {causes.NATIVE_THREADS: pytest.approx(8 * (length - 1))}


def test_threads_are_not_told_to_wait_for_the_gil_where_native_threads_compute_for_them() -> None:
    found = lost(Run(opened=0.0, closed=8.0, work=two_lanes(2.0, cpu=1.0)), threads=True, native_threads=2)
    assert found == {causes.NATIVE_THREADS: 8.0}


def test_native_threads_that_do_not_work_are_no_cause() -> None:
    found = lost(Run(opened=0.0, closed=8.0, work=two_lanes(2.0, cpu=1.0)), native_threads=2)
    assert found == {causes.WAITING: pytest.approx(8)}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_processes_that_wait_for_each_other(length: float) -> None:
    found = lost(Run(opened=0.0, closed=4 * length, work=two_lanes(length, cpu=1.0)))
    assert found == {causes.WAITING: pytest.approx(8 * (length - 1))}


def test_tasks_of_one_event_loop_wait_for_no_gil() -> None:
    found = lost(Run(opened=0.0, closed=8.0, work=two_lanes(2.0, cpu=0.5)), one_loop=True)
    assert found[causes.EVENT_LOOP] == pytest.approx(12)
    assert causes.LOCK not in found


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_a_busy_neighbour_takes_the_cpu(length: float) -> None:
    own = two_lanes(length, cpu=1.0, run_delay=length - 1)
    assert lost(Run(opened=0.0, closed=4 * length, work=own)) == {
        causes.OTHERS: pytest.approx(8 * (length - 1))
    }


def test_more_workers_than_cpus_wait_for_one() -> None:
    own = [work(i % 4, i // 4 * 2.0, 2.0, cpu=1.0, run_delay=1.0) for i in range(TASKS)]
    found = lost(Run(opened=0.0, closed=4.0, work=own), workers=4)
    assert found == {causes.OVERSUBSCRIBED: 8.0}


@pytest.mark.parametrize("length", [1.5, 2.0])
def test_tasks_that_need_more_cpu_time_in_parallel(length: float) -> None:
    found = lost(Run(opened=0.0, closed=4 * length, work=two_lanes(length)))
    assert found == {causes.SLOWER_CPU: pytest.approx(8 * (length - 1))}


def test_the_largest_loss_is_named_first_with_its_share() -> None:
    slow = Run(opened=-1.0, closed=4.5, work=two_lanes())
    found = named([(SERIAL, slow)] * 7, TWO_PROCESSES, Level(0.95, 1))
    assert [loss.cause for loss in found] == [causes.POOL_START, causes.POOL_END]
    assert found[0].share.value == pytest.approx(1 / 5.5)


def test_identical_cells_are_given_no_cause() -> None:
    noise = [1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01]
    runs = [Run(opened=0.0, closed=8 * n, work=[work(0, i * n, n) for i in range(TASKS)]) for n in noise]
    pairs = list(zip(runs, reversed(runs), strict=True))
    assert named(pairs, replace(TWO_PROCESSES, workers=1), Level(0.95, 1)) == []


def test_few_repetitions_name_nothing() -> None:
    slow = Run(opened=-1.0, closed=4.5, work=two_lanes())
    assert named([(SERIAL, slow)] * 5, TWO_PROCESSES, Level(0.95, 1)) == []


@pytest.mark.parametrize(
    ("cpus_busy", "cause"), [(1.0, causes.LOCK), (1.9, causes.SLOWER_CPU), (None, causes.SLOWER_CPU)]
)
def test_chunks_without_readings_wait_for_the_gil_where_all_threads_keep_one_cpu_busy(
    cpus_busy: float | None, cause: Cause
) -> None:
    own = [replace(one, cpu=None, run_delay=None) for one in two_lanes(2.0)]
    serial = Run(opened=0.0, closed=8.0, work=[replace(one, cpu=None, run_delay=None) for one in SERIAL.work])
    spent = None if cpus_busy is None else 8.0 * cpus_busy
    found = lost(Run(opened=0.0, closed=8.0, work=own, spent=spent), serial, threads=True)
    assert found == {cause: 8.0}


def test_handing_out_chunks_without_readings_is_not_laid_to_the_gil() -> None:
    own = [replace(one, cpu=None, run_delay=None) for one in two_lanes(gap=0.5)]
    serial = Run(opened=0.0, closed=8.0, work=[replace(one, cpu=None, run_delay=None) for one in SERIAL.work])
    found = lost(Run(opened=0.0, closed=5.5, work=own, spent=5.5), serial, threads=True)
    assert found == {causes.DISPATCH: pytest.approx(3.0)}


def test_how_many_cpus_the_tasks_keep_busy_is_of_all_repetitions() -> None:
    runs = [Run(opened=0.0, closed=4.0, work=two_lanes(cpu=cpu)) for cpu in (0.3, 0.5, 0.9)]
    assert busy_cpus(runs) == 1.0
    assert busy_cpus([]) is None
    unread = [replace(one, cpu=None) for one in two_lanes()]
    assert busy_cpus([*runs, Run(opened=0.0, closed=4.0, work=unread)]) is None
