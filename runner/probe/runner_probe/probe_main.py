"""One invocation, from specification to reply: what `__main__` runs.

A specification asks for a measurement, with `untimed` for the tasks alone, or with `check` for the checks of
`runner_probe.preflight_checks`.
"""

from __future__ import annotations

import gc
import sys

from runner_probe.adapters import traits_of
from runner_probe.channel import Channel
from runner_probe.cpu import living_cpu_s
from runner_probe.iteration import (
    RECORD,
    PoolFailed,
    TaskFailed,
    Tasks,
    is_broken,
    run_bare,
    run_cold,
    run_warm,
)
from runner_probe.pool_factory import Factory
from runner_probe.worker import in_one_interpreter, is_async
from runner_probe.workload import Workload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from runner_probe.iteration import Bare, Iteration
    from runner_probe.worker import Worker


def main() -> None:
    """Answer one specification."""
    channel = Channel()
    specification = channel.receive()
    # The user's folders come first, as in their own script; this file's folder stays, for the workers.
    sys.path[:] = [*specification["path"], *sys.path[1:], sys.path[0]]
    if "check" in specification:
        from runner_probe.preflight_checks import check  # noqa: PLC0415 - measured processes have no need of it

        channel.send(check(specification))
    else:
        channel.send(measure(specification))
    # The interpreter's own end would search all that was loaded for cycles, several times: 2 ms.
    gc.freeze()


def measure(specification: dict[str, Any]) -> dict[str, Any]:
    """Run the iterations asked for; a failure ends them and is part of the reply."""
    reply: dict[str, Any] = {
        "status": "ok",
        "error": "",
        "traceback": "",
        "record": RECORD,
        "iterations": [],
    }
    try:
        workload = Workload(specification["workload"], specification["calls"], specification["bags"])
        factory = Factory(specification["executor"]["pool"], workload.initializer)
        if workload.setup is not None:
            workload.setup()
        teardown = workload.teardown or _nothing
        try:
            run = _run if specification["window"] is None else _run_window
            run(workload, factory, specification, reply)
        except BaseException:
            try:
                teardown()
            except BaseException as error:  # the first error tells more than what follows from it
                print(_traceback(error), file=sys.stderr)  # noqa: T201 - into the log
            raise
        teardown()
    except TaskFailed as error:
        reply["status"], reply["traceback"] = "failed", error.traceback
        reply["error"] = _failure(error, workload)
    except PoolFailed as failed:
        from runner_probe.pool_failure import explain  # noqa: PLC0415 - only failures pay for it

        reply["traceback"] = _traceback(failed.error)
        reply.update(explain(failed, workload, specification["chunk_size"]))
    except BaseException as error:
        reply["traceback"] = _traceback(error)
        reply["status"] = "crashed" if is_broken(error) else "failed"
        reply["error"] = f"{type(error).__name__}: {error}".removesuffix(": ")
    return reply


def _nothing() -> None:
    pass


def _run(workload: Workload, factory: Factory, specification: dict[str, Any], reply: dict[str, Any]) -> None:
    if specification.get("untimed"):
        from runner_probe.untimed_tasks import run_untimed  # noqa: PLC0415 - measured processes need it not

        run_untimed(workload, factory, specification)
        return
    if specification.get("dispatch"):
        from runner_probe.dispatch import measure_dispatch  # noqa: PLC0415 - measured processes need it not

        reply["dispatch"] = measure_dispatch(factory.open, workload.call)
        return
    tracing = specification["tracing"]
    tasks = Tasks(workload.call, workload.items, specification["chunk_size"], each=tracing == "task")
    bare = _run_bare(tasks, factory) if tracing == "apart" and not is_async(tasks.call) else None
    if bare is not None:  # at once: what follows may fail
        reply["iterations"].append(_describe_bare(bare, workload))
    traced = run_cold(tasks, factory.open)
    if bare is None:
        reply["iterations"].append(_describe(traced, 0, workload))
    values = traced.values() if bare is None else bare.values
    reply.update(_facts([worker for _, _, worker, _ in traced.reports], factory))
    if specification["iterations"] > 1:
        warm: list[Iteration] = []
        try:
            warm.extend(run_warm(tasks, factory.open, specification["iterations"]))
        finally:  # those before one that fails were measured
            for number, iteration in enumerate(warm, 1):
                reply["iterations"].append(_describe(iteration, number, workload, warmup=number == 1))
    if bare is not None:
        number = len(reply["iterations"])
        reply["iterations"].append({**_describe(traced, number, workload), "tracing": True})
    _look(specification, reply)
    reply["calls"] = workload.calls
    if not workload.is_snippets:
        from runner_probe import result_check  # noqa: PLC0415 - after the clock has stopped

        reply.update(
            result_check.judge(values, workload.labels(), workload.settings, specification["reference"])
        )
    if not specification["labelled"]:
        reply["labels"] = workload.labels()


def _run_window(
    workload: Workload, factory: Factory, specification: dict[str, Any], reply: dict[str, Any]
) -> None:
    """Let every worker run tasks until a window closes. It makes no reference: items may be left out."""
    from runner_probe import result_check  # noqa: PLC0415 - other modes have no need of these
    from runner_probe.closed_loop import describe_loops, run_loops  # noqa: PLC0415

    asked = specification["window"]
    window = asked["folder"], asked["workers"], round(asked["duration_s"] * 1e9)
    loops = run_loops(workload.call, workload.items, window, factory.open)
    reply["iterations"].append(describe_loops(loops, len(workload.items)))
    reply.update(_facts([worker for *_, worker, _ in loops.reports], factory))
    _look(specification, reply)
    reply["calls"] = None
    tasks, values = zip(*loops.results(), strict=True)
    labels = workload.labels()
    reply.update(result_check.judge(values, labels, workload.settings, specification["reference"], tasks))


def _look(specification: dict[str, Any], reply: dict[str, Any]) -> None:
    """Tell of native threads where that is asked for, and of the CPU time of processes that still live."""
    if specification["look"]:
        from runner_probe.native_threads import native_threads  # noqa: PLC0415 - after the clock has stopped

        reply["native_threads"] = native_threads()
    reply["living_cpu_s"] = living_cpu_s()


def _run_bare(tasks: Tasks, factory: Factory) -> Bare:
    """Measure without records; where that fails, a traced run tells better what failed."""
    try:
        return run_bare(tasks, factory.open)
    except (Exception, SystemExit):
        run_cold(tasks, factory.open)
        raise


def _describe_bare(bare: Bare, workload: Workload) -> dict[str, Any]:
    return {
        "iteration": 0,
        "warmup": False,
        "tracing": False,
        "tasks": len(workload.items),
        "started_at": bare.started_at,
        "wall_ns": bare.wall_ns,
        "cpu_s": bare.cpu_s,
        "records": [],
    }


def _describe(
    iteration: Iteration, number: int, workload: Workload, *, warmup: bool = False
) -> dict[str, Any]:
    records = iteration.records()
    if workload.is_snippets and len(records) == len(workload.items):
        # A snippet returns when its loop started and ended, so that its set-up does not count.
        shifts = iteration.shifts_ns()
        for record, (started, ended) in zip(records, iteration.values(), strict=True):
            shift = shifts.get(record[2], 0)
            record[6:8], record[9] = (started + shift, ended + shift), ended - started
    first = min(record[6] for record in records)
    last = max(record[7] for record in records)
    return {
        "iteration": number,
        "warmup": warmup,
        "tracing": False,
        "tasks": len(workload.items),
        "started_at": iteration.started_at,
        "wall_ns": iteration.closed_ns - iteration.opened_ns,
        "start_ns": first - iteration.opened_ns,
        "work_ns": last - first,
        "end_ns": iteration.closed_ns - last,
        "cpu_s": iteration.cpu_s,
        "records": records,
    }


def _facts(workers: Sequence[Worker], factory: Factory) -> dict[str, Any]:
    return {
        "distinct_workers": len({worker[:3] for worker in workers}),
        "gil_enabled": any(worker[3] for worker in workers),
        "start_method": factory.start_method,
        "in_one_interpreter": in_one_interpreter(workers, traits_of(factory.make)),
    }


def _failure(error: TaskFailed, workload: Workload) -> str:
    label = workload.labels()[error.task % len(workload.bag)]
    return f"task {error.task} ({label}) raised {error.kind}: {error.message}"


def _traceback(error: BaseException) -> str:
    import traceback  # noqa: PLC0415 - only failures pay for it

    return "".join(traceback.format_exception(type(error), error, error.__traceback__))
