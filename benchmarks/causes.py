"""Causes of lost speedup, each injected alone into real runs: does the analysis name it?

Every cause is injected at two strengths, in studies of seven repetitions of a cell and its baseline. Claims:
the cause is named first in at least 19 of 20 studies; where the injected amount is known beforehand, the
median of its loss over the studies is within 10 % of it; no cause is named for the same program measured
twice. The strengths are chosen for a machine with two CPUs.

python -m benchmarks.causes [STUDIES]      (20 studies: an hour and a half on an otherwise idle machine)

With RUNNER_FREE_THREADED_PYTHON=PATH, objects that threads share are injected as well, into that interpreter.
"""

import math
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.cells import cells_of
from runner.allowance import usable_cpus
from runner.analysis.explain import causes, first_tasks, start_up, transfer
from runner.analysis.study import analyse
from runner.facts import CellAnalysis
from runner.folder.environment_record import InterpreterRecord
from runner.folder.results import read
from runner.folder.store import Store
from runner.folder.study_description import StudyDescription
from runner.measure.cpus_together import measure_together
from runner.measure.invocation import invoke
from runner.measure.schedule import Study
from runner.plan import Plan
from runner.session import environment
from runner.supervise.client import Supervisor
from runner.units import plural

REPETITIONS = 7
MIN_NAMED = 0.95
WITHIN = 0.10
NONE = "(none)"
FREE_THREADED = "RUNNER_FREE_THREADED_PYTHON"  # environment variable: path of such an interpreter


@dataclass(frozen=True, kw_only=True)
class Injection:
    """One cause at one strength."""

    cause: str  #: the name that the analysis should give
    strength: str
    overrides: Sequence[str]
    worker_s: float | None = None  #: its expected cost in worker-seconds; None: not known beforehand
    neighbours: int = 0  #: number of other programs that compute during the whole study


def _waits(*seconds: float) -> list[str]:
    items = ",".join(f"{task_s:g}" for task_s in seconds)
    return ["workload.function=benchmarks.injected.wait", f"workload.items=[{items}]"]


def _pool(name: str, workers: int, **arguments: float) -> list[str]:
    settings = [f"executor.pool.{key}={value:g}" for key, value in arguments.items()]
    target = f"executor.pool._target_=benchmarks.injected.{name}"
    return ["executor=thread", f"executor.name={name}", target, f"workers={workers}", *settings]


def _thread(workers: int) -> list[str]:
    return ["executor=thread", f"workers={workers}"]


def _process(workers: int) -> list[str]:
    return ["executor=process", f"workers={workers}"]


def _computes(count: int, steps: int) -> list[str]:
    items = ",".join([str(steps)] * count)
    return ["workload.function=benchmarks.injected.compute", f"workload.items=[{items}]"]


def _slow_initializer(seconds: float) -> Injection:
    initializer = f"workload.initializer={{_target_: benchmarks.injected.wait, seconds: {seconds:g}}}"
    return Injection(
        cause=start_up.INITIALIZER.name,
        strength=f"an initializer of {seconds:g} s",
        overrides=[*_thread(2), *_waits(*[0.02] * 4), initializer],
        worker_s=2 * seconds,
    )


def _first_task(function: str, item: str, more: str) -> list[str]:
    return [
        *_process(2),
        f"workload.function=benchmarks.injected.{function}",
        f"workload.items=[{','.join([item] * 8)}]",
        f"+workload.arguments.{more}",
    ]


def _slow_first_task(seconds: float) -> Injection:
    return Injection(
        cause=first_tasks.FIRST_TASKS.name,
        strength=f"a first task that takes {seconds:g} s longer",
        overrides=_first_task("wait_longer_at_first", "0.02", f"more_s={seconds:g}"),
        worker_s=seconds,  # of the second worker: the loop loads it once, too
    )


def _computing_first_task(steps: int) -> Injection:
    return Injection(
        cause=first_tasks.FIRST_TASKS.name,
        strength=f"a first task that computes {steps} steps more",
        overrides=_first_task("compute_more_at_first", "200000", f"more={steps}"),
    )


def _slow_import(seconds: float) -> Injection:
    return Injection(
        cause=start_up.MODULE_IMPORT.name,
        strength=f"a module that takes {seconds:g} s to import, with spawn",
        overrides=[
            *_process(2),
            "executor.start_method=spawn",
            "workload.function=benchmarks.slow_import.wait",
            "workload.items=[0.02,0.02,0.02,0.02]",
            f"+env.RUNNER_SLOW_IMPORT_S={seconds:g}",
        ],
        worker_s=2 * seconds,
    )


def _recycled(tasks: int) -> Injection:
    return Injection(
        cause=start_up.RESTARTS.name,
        strength=f"a new process after every {plural(tasks, 'task')}",
        overrides=[
            "executor=process_per_task",
            "workers=2",
            f"chunk_size={tasks}",
            *_waits(*[0.005] * 40),
        ],
    )


def _late_worker(seconds: float) -> Injection:
    target = "benchmarks.injected.delay_every_second_worker"
    initializer = f"workload.initializer={{_target_: {target}, seconds: {seconds:g}}}"
    return Injection(
        cause=start_up.LATE_WORKERS.name,
        strength=f"a worker {seconds:g} s late",
        overrides=[*_thread(2), *_waits(*[0.01] * 40), initializer],
        worker_s=seconds,
    )


def _slow_submit(seconds: float) -> Injection:
    count, task_s = 10, 0.005
    # Tasks start when submitted, one every `seconds`. The loss is the workers' idle time until the last one.
    starved_s = 2 * (count - 1) * seconds - (count - 1) * task_s
    return Injection(
        cause=causes.EMPTY_QUEUE.name,
        strength=f"{seconds:g} s between submissions",
        overrides=[*_pool("SlowSubmit", 2, seconds=seconds), *_waits(*[task_s] * count)],
        worker_s=starved_s,
    )


def _large_pickle(megabytes: float) -> Injection:
    items = f"workload.items={{_target_: benchmarks.injected.payloads, count: 24, megabytes: {megabytes:g}}}"
    function = "workload.function=benchmarks.injected.measure_size"
    return Injection(
        cause=transfer.ITEMS.name,
        strength=f"arguments of {megabytes:g} MB",
        overrides=[*_process(2), function, items],
    )


def _large_function(megabytes: float) -> Injection:
    arguments = f"workload.arguments.data={{_target_: benchmarks.injected.payload, megabytes: {megabytes:g}}}"
    items = ",".join(map(str, range(24)))
    return Injection(
        cause=transfer.FUNCTION.name,
        strength=f"a function with {megabytes:g} MB of arguments",
        overrides=[
            *_process(2),
            "workload.function=benchmarks.injected.measure_argument",
            f"workload.items=[{items}]",
            f"+{arguments}",
        ],
    )


def _large_result(megabytes: float) -> Injection:
    items = ",".join([f"{megabytes:g}"] * 24)
    return Injection(
        cause=transfer.RESULTS.name,
        strength=f"results of {megabytes:g} MB",
        overrides=[
            *_process(2),
            "workload.function=benchmarks.injected.payload",
            f"workload.items=[{items}]",
        ],
    )


def _long_task(seconds: float) -> Injection:
    rest = 0.01 * 4
    return Injection(
        cause=causes.UNEVEN_TASKS.name,
        strength=f"a task of {seconds:g} s among four of 0.01 s",
        overrides=[*_thread(2), *_waits(seconds, *[0.01] * 4)],
        worker_s=seconds - rest,
    )


def _uneven_chunks(seconds: float) -> Injection:
    return Injection(
        cause=causes.PLACEMENT.name,
        strength=f"two tasks of {seconds:g} s in one chunk, two of 0.01 s in the other",
        overrides=[*_thread(2), "chunk_size=2", *_waits(seconds, seconds, 0.01, 0.01)],
        worker_s=2 * seconds - 0.02,
    )


def _neighbours(count: int) -> Injection:
    return Injection(
        cause=causes.OTHERS.name,
        strength=f"{count} busy neighbours",
        overrides=[*_process(2), *_computes(8, 400_000)],
        neighbours=count,
    )


def _coroutines(function: str, workers: int, count: int, seconds: float) -> list[str]:
    items = ",".join([f"{seconds:g}"] * count)
    function = f"workload.function=benchmarks.injected.{function}"
    return ["executor=asyncio", f"workers={workers}", function, f"workload.items=[{items}]"]


def _full_event_loop(seconds: float) -> Injection:
    return Injection(
        cause=causes.FULL_EVENT_LOOP.name,
        strength=f"40 tasks that wait {seconds:g} s and compute a fifth of it, 10 at a time",
        overrides=_coroutines("work_between_awaits", 10, 40, seconds),
    )


def _blocked_event_loop(seconds: float) -> Injection:
    return Injection(
        cause=causes.BLOCKED_EVENT_LOOP.name,
        strength=f"four tasks that sleep {seconds:g} s without awaiting",
        overrides=_coroutines("sleep_without_await", 2, 4, seconds),
        worker_s=4 * seconds,
    )


def _helper(steps: int) -> Injection:
    module = "benchmarks.manager_server"
    server = [f"workload.setup={module}.open_calculator", f"workload.teardown={module}.close_calculator"]
    function = f"workload.function={module}.compute_in_server"
    return Injection(
        cause=causes.HELPERS.name,
        strength=f"{steps} steps of each of 8 tasks in a Manager's server",
        overrides=[*_process(2), function, f"workload.items=[{','.join([str(steps)] * 8)}]", *server],
    )


def _copied_pages(parts: int) -> Injection:
    function = "workload.function=benchmarks.many_objects.read_part"
    return Injection(
        cause=causes.COPIED_PAGES.name,
        strength=f"two reads of 1/{parts} of two million strings",
        overrides=[*_process(2), function, f"workload.items=[{parts},{parts}]"],
    )


def _gil_with_numpy(steps: int) -> Injection:
    function = "workload.function=benchmarks.with_numpy.compute_with_numpy"
    return Injection(
        cause=causes.LOCK.name,
        strength=f"four tasks of {steps} steps in pure Python, NumPy imported",
        overrides=[*_thread(2), function, f"workload.items=[{','.join([str(steps)] * 4)}]"],
    )


def _allocates_again(objects: int) -> Injection:
    function = "workload.function=benchmarks.injected.allocate"
    return Injection(
        cause=NONE,
        strength=f"the loop again, {objects} objects a task",
        overrides=[*_pool("Inline", 1), function, f"workload.items=[{','.join([str(objects)] * 4)}]"],
    )


def _gil(steps: int) -> Injection:
    return Injection(
        cause=causes.LOCK.name,
        strength=f"four tasks of {steps} steps in pure Python",
        overrides=[*_thread(2), *_computes(4, steps)],
    )


def _lock(seconds: float) -> Injection:
    items = ",".join([f"{seconds:g}"] * 4)
    function = "workload.function=benchmarks.injected.wait_alone"
    return Injection(
        cause=causes.WAITING.name,
        strength=f"four waits of {seconds:g} s under one lock",
        overrides=[*_thread(2), function, f"workload.items=[{items}]"],
        # While each of the first three tasks holds the lock, the other worker waits.
        worker_s=3 * seconds,
    )


def _oversubscribed(workers: int) -> Injection:
    return Injection(
        cause=causes.OVERSUBSCRIBED.name,
        strength=f"{workers} processes",
        overrides=[*_process(workers), *_computes(2 * workers, 600_000)],
    )


def _blas(size: int) -> Injection:
    items = ",".join([str(size)] * 4)
    function = "workload.function=benchmarks.matrices.multiply"
    return Injection(
        cause=causes.NATIVE_THREADS.name,
        strength=f"matrices of {size}",
        overrides=[*_process(2), function, f"workload.items=[{items}]"],
    )


def _slow_shutdown(seconds: float) -> Injection:
    return Injection(
        cause=causes.POOL_END.name,
        strength=f"a shutdown of {seconds:g} s",
        overrides=[*_pool("SlowShutdown", 2, seconds=seconds), *_waits(*[0.02] * 4)],
        worker_s=2 * seconds,
    )


def _tiny_tasks(count: int) -> Injection:
    return Injection(
        cause=causes.DISPATCH.name,
        strength=f"{count} tasks of nothing",
        overrides=[*_process(2), "workload.function=experiments.known_answers.nothing", *_many(count)],
    )


def _tiny_tasks_in_threads(count: int) -> Injection:
    return Injection(
        cause=causes.DISPATCH.name,
        strength=f"{count} tasks of nothing, in threads",
        overrides=[*_thread(2), "workload.function=experiments.known_answers.nothing", *_many(count)],
    )


def _shared_objects(percent: int) -> Injection:
    python = os.environ[FREE_THREADED]
    return Injection(
        cause=causes.SHARED_OBJECTS.name,
        strength=f"threads without a GIL that share an object in {percent} % of their steps",
        overrides=[
            "executor=thread,process",  # what processes need as well is no contention
            "workers=2",
            "--multirun",
            f"python={python}",
            "workload.function=benchmarks.injected.use_objects",
            f"workload.items=[{','.join(['400000'] * 8)}]",
            f"+workload.arguments.shared_percent={percent}",
        ],
    )


def _many(count: int) -> list[str]:
    return [f"workload.items={{_target_: experiments.known_answers.many, count: {count}}}"]


def _again(steps: int) -> Injection:
    return Injection(
        cause=NONE,
        strength=f"the loop again, {steps} steps a task",
        overrides=[*_pool("Inline", 1), *_computes(4, steps)],
    )


_KINDS: Sequence[tuple[Callable[..., Injection], Sequence[float]]] = (
    (_slow_initializer, (0.05, 0.1)),
    (_slow_first_task, (0.05, 0.1)),
    (_computing_first_task, (1_000_000, 2_000_000)),
    (_slow_import, (0.5, 1)),
    (_recycled, (1, 2)),
    (_late_worker, (0.1, 0.2)),
    (_slow_submit, (0.01, 0.02)),
    (_large_pickle, (1, 3)),
    (_large_function, (1, 3)),
    (_large_result, (1, 3)),
    (_long_task, (0.1, 0.2)),
    (_uneven_chunks, (0.04, 0.08)),
    (_neighbours, (1, 2)),
    (_helper, (200_000, 400_000)),
    (_copied_pages, (2, 1)),
    (_full_event_loop, (0.02, 0.04)),
    (_blocked_event_loop, (0.02, 0.04)),
    (_gil_with_numpy, (400_000, 800_000)),
    (_gil, (400_000, 800_000)),
    (_lock, (0.02, 0.04)),
    (_oversubscribed, (4, 8)),
    (_blas, (400, 600)),
    (_slow_shutdown, (0.05, 0.1)),
    (_tiny_tasks, (400, 1600)),
    (_tiny_tasks_in_threads, (2000, 4000)),
    (_again, (400_000, 800_000)),
    (_allocates_again, (100_000, 200_000)),
)
#: Only where the interpreter is given.
_WITHOUT_GIL = ((_shared_objects, (60, 70, 80, 90, 100)),)


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    studies = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    kinds = [*_KINDS, *(_WITHOUT_GIL if FREE_THREADED in os.environ else ())]
    injections = [make(strength) for make, strengths in kinds for strength in strengths]
    print("| injected | strength | named first | cost / injected cost | others named first |")
    print("|---|---|---|---|---|")
    with Supervisor() as supervisor:
        hold = [_row(injection, studies, supervisor) for injection in injections]
    sys.exit(0 if all(hold) else 1)


def _row(injection: Injection, studies: int, supervisor: Supervisor) -> bool:
    """Inject one cause in many studies and print which causes were named; True if the claims hold."""
    cells = cells_of("workload=function", *injection.overrides)
    with _busy_neighbours(injection.neighbours):
        pools = [_inject(cells, seed, supervisor) for seed in range(studies)]
    named = Counter(cell.main_loss.cause.name if cell.main_loss else NONE for cell in pools)
    correct = named.pop(injection.cause, 0)
    costs = [_cost_s(cell, injection.cause) for cell in pools]
    ratio = float(np.median(costs)) / injection.worker_s if injection.worker_s else math.nan
    others = ", ".join(f"{name} {count}" for name, count in named.most_common())
    cost = f"{ratio:.2f}" if injection.worker_s else "not known"
    print(
        f"| {injection.cause} | {injection.strength} | {correct} of {studies} | {cost} | {others} |",
        flush=True,
    )
    return correct >= MIN_NAMED * studies and (math.isnan(ratio) or abs(ratio - 1) <= WITHIN)


@contextmanager
def _busy_neighbours(count: int) -> Iterator[None]:
    """Let other programs compute. The measured program cannot start them: they would count as its own."""
    neighbours = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()


def _inject(plan: Plan, seed: int, supervisor: Supervisor) -> CellAnalysis:
    """Measure one study, and analyse its pool."""
    description = StudyDescription(
        name="causes",
        confidence=0.95,
        repetitions=REPETITIONS,
        iterations=1,
        time_limit_s=60.0,
        seed=seed,
    )
    together = measure_together([cell.workers for cell in plan.cells], usable_cpus())
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.create(Path(folder), "causes", plan.cells, plan.swept) as store,
    ):
        study = Study(
            plan,
            description,
            invoke=partial(invoke, supervisor=supervisor),
            store=store,
            watch=lambda _: None,
        )
        study.measure()
        store.write_study(description)
        store.write_environment(
            {
                "start": environment.capture(),
                "interpreters": [_interpreter(plan)],
                "workers": study.worker_facts,
                "together": together,
            }
        )
        store.finish()
        cells = analyse(read(store.folder)).cells.values()
        return next(cell for cell in cells if cell.cell.workers is not None)


def _interpreter(plan: Plan) -> InterpreterRecord:
    """Describe the interpreter as a preflight check would: only the tasks of event loops are coroutines."""
    cells = [cell.id for cell in plan.cells]
    is_async = any(cell.executor == "asyncio" for cell in plan.cells)
    return {
        "python": plan.cells[0].settings["python"],
        "version": "",
        "cells": cells,
        "async_cells": cells if is_async else [],
    }


def _cost_s(cell: CellAnalysis, cause: str) -> float:
    """Return the cost of a cause according to the analysis, in worker-seconds."""
    if cell.wall_s is None:
        return math.nan
    share = sum(loss.share.value for loss in cell.losses if loss.cause.name == cause)
    return share * cell.wall_s.value * (cell.cell.workers or 0)


if __name__ == "__main__":
    main()
