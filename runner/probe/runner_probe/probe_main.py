"""The probe's program: read one specification, carry it out, and reply.

`runner_probe.wire` declares specifications and replies.
"""

from __future__ import annotations

import gc
import os
import sys

from runner_probe.channel import Channel
from runner_probe.cpu import living_cpu_s
from runner_probe.iteration import (
    MAX_RECORDS,
    RECORD_FIELDS,
    ChunkedTasks,
    PoolFailed,
    TaskFailed,
    is_broken,
    report_progress_on_signal,
    run_cold,
    run_untraced,
    run_warm,
)
from runner_probe.pools import Factory, traits_of
from runner_probe.worker import in_one_interpreter, is_async
from runner_probe.workload import Workload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner_probe.coroutine_steps import HeldThread
    from runner_probe.iteration import Iteration, UntracedIteration
    from runner_probe.result_check import Judgement
    from runner_probe.wire import (
        IterationReply,
        MeasurementSpecification,
        RecordValues,
        RunReply,
        RunSpecification,
        Tracing,
        WindowSpecification,
        WorkerFacts,
    )
    from runner_probe.worker import Worker


def main() -> None:
    """Reply to one specification."""
    channel = Channel()
    received = channel.receive()
    # As in the user's own script, their folders come first. The probe's folder stays, for the workers.
    sys.path[:] = [*received["path"], *sys.path[1:], sys.path[0]]
    specification = received["specification"]
    if specification["kind"] == "preflight":
        from runner_probe.preflight_checks import check  # noqa: PLC0415 - measured processes do not need it

        channel.send(check(specification, channel.announce))
    else:
        report_progress_on_signal(lambda progress: channel.note({"progress": progress}))
        channel.send(run(specification, channel.announce))
    # Otherwise the interpreter would search all loaded objects for cycles several times at exit: 2 ms.
    gc.freeze()


def run(specification: RunSpecification, announce: Callable[[str], None] = lambda _: None) -> RunReply:
    """Carry out a specification; a failure ends the run and is reported.

    Args:
        specification: what to run
        announce: called with each activity before the tasks, then with an empty text once the tasks run
    """
    reply: RunReply = {
        "status": "ok",
        "error": "",
        "traceback": "",
        "record_fields": RECORD_FIELDS,
        "iterations": [],
    }
    try:
        calls, bags = specification["calls"], specification["bags"]
        workload = Workload(specification["workload"], calls, bags, announce)
        if workload.setup is None:
            announce("")
        factory = Factory(specification["pool"], workload.initializer)
        if workload.setup is not None:
            announce(f"running the setup of workload '{workload.name}'")
            workload.setup()
            announce("")
        teardown = workload.teardown or _nothing
        try:
            _run_kind(workload, factory, specification, reply)
        except BaseException:
            try:
                teardown()
            except BaseException as error:  # less informative than the first error, which is reported
                print(_traceback(error), file=sys.stderr)  # noqa: T201 - into the log
            raise
        teardown()
    except TaskFailed as error:
        from runner_probe.failure_text import describe_failure  # noqa: PLC0415 - only failures pay for it

        reply["status"], reply["traceback"] = "failed", error.traceback
        reply["error"] = describe_failure(error, workload)
    except PoolFailed as failed:
        from runner_probe.pool_failure import explain  # noqa: PLC0415 - only failures pay for it

        reply["traceback"] = _traceback(failed.error)
        reply["status"], reply["error"], exit_code = explain(failed, workload)
        if exit_code is not None:
            reply["worker_exit_code"] = exit_code
    except BaseException as error:
        reply["traceback"] = _traceback(error)
        reply["status"] = "crashed" if is_broken(error) else "failed"
        reply["error"] = f"{type(error).__name__}: {error}".removesuffix(": ")
    return reply


def _nothing() -> None:
    pass


def _run_kind(workload: Workload, factory: Factory, specification: RunSpecification, reply: RunReply) -> None:
    if specification["kind"] == "measurement":
        _measure(workload, factory, specification, reply)
    elif specification["kind"] == "window":
        _measure_window(workload, factory, specification, reply)
    elif specification["kind"] == "dispatch":
        from runner_probe.dispatch import measure_dispatch  # noqa: PLC0415 - only this kind needs it

        reply["dispatch"] = measure_dispatch(factory.open, workload.call)
    else:
        from runner_probe.untimed_tasks import run_untimed  # noqa: PLC0415 - only this kind needs it

        run_untimed(workload, factory, specification)


def _measure(
    workload: Workload, factory: Factory, specification: MeasurementSpecification, reply: RunReply
) -> None:
    tracing, chunk_size = _granularity(specification, len(workload.items))
    call = workload.call
    held_thread = _held_thread(workload) if specification["with_held_share"] else None
    tasks = ChunkedTasks(workload.call, workload.items, chunk_size, per_task=tracing == "task")
    is_untraced = tracing in ("separate_run", "nothing") and not is_async(tasks.call)
    untraced = _run_untraced(tasks, factory) if is_untraced else None
    if untraced is not None:  # added first: the traced run may fail
        reply["iterations"].append(_describe_untraced(untraced, workload))
    values = [] if untraced is None else untraced.values
    traced: Iteration | None = None
    if untraced is None or tracing != "nothing":
        traced = run_cold(tasks, factory.open)
        if untraced is None:
            reply["iterations"].append(_describe(traced, 0, workload))
            values = traced.values()
        reply["workers"] = _worker_facts([worker for _, _, worker, _ in traced.reports], factory, workload)
        if held_thread is not None and (share := held_thread.share()) is not None:
            reply["workers"]["held_share"] = share
    if specification["iterations"] > 1:
        _measure_warm(tasks, workload, factory, specification["iterations"], reply)
    if untraced is not None and traced is not None:
        number = len(reply["iterations"])
        reply["iterations"].append(_describe(traced, number, workload, tracing=True))
    if specification["with_payload"]:
        from runner_probe.payload import measure_payload  # noqa: PLC0415 - only the reference run needs it

        reply["workers"]["payload"] = measure_payload(call, workload.items, values)
    _observe_process(specification, reply, traced)
    reply["calls"] = workload.calls
    if not workload.is_snippets:
        from runner_probe.result_check import judge  # noqa: PLC0415 - after the clock has stopped

        _add_judgement(judge(values, workload.labels(), workload.settings, specification["reference"]), reply)
    if specification["with_labels"]:
        reply["labels"] = list(workload.labels())


def _measure_warm(
    tasks: ChunkedTasks, workload: Workload, factory: Factory, iterations: int, reply: RunReply
) -> None:
    warm: list[Iteration] = []
    try:
        warm.extend(run_warm(tasks, factory.open, iterations))
    finally:  # if an iteration fails, those before it are kept
        for number, iteration in enumerate(warm, 1):
            reply["iterations"].append(_describe(iteration, number, workload, warmup=number == 1))


def _held_thread(workload: Workload) -> HeldThread | None:
    """Measure from now on how long coroutines hold their thread; None for plain functions."""
    if not is_async(workload.call):
        return None
    from runner_probe.coroutine_steps import HeldThread  # noqa: PLC0415 - only coroutines need it

    held_thread = HeldThread(workload.call)
    workload.call = held_thread.measured()
    return held_thread


def _granularity(specification: MeasurementSpecification, tasks: int) -> tuple[Tracing, int | None]:
    """Return what to trace, and the chunk size.

    The reference run of very many tasks traces them in chunks: the tasks may be very short, their records
    would be merged anyway, and the run enters no statistic.
    """
    tracing, chunk_size = specification["tracing"], specification["chunk_size"]
    is_reference = specification["with_labels"] and specification["reference"] is None
    if is_reference and tracing == "task" and tasks > MAX_RECORDS:
        return "chunk", max(chunk_size or 1, -(-tasks // MAX_RECORDS))
    return tracing, chunk_size


def _measure_window(
    workload: Workload, factory: Factory, specification: WindowSpecification, reply: RunReply
) -> None:
    """Let every worker run tasks until a window closes. It fixes no reference, since it may skip items."""
    from runner_probe.closed_loop import describe_loops, run_loops  # noqa: PLC0415 - only this kind needs it
    from runner_probe.result_check import judge  # noqa: PLC0415

    window = specification["folder"], specification["workers"], round(specification["duration_s"] * 1e9)
    loops = run_loops(workload.call, workload.items, window, factory.open)
    reply["iterations"].append(describe_loops(loops, len(workload.items)))
    reply["workers"] = _worker_facts([worker for *_, worker, _ in loops.reports], factory, workload)
    _observe_process(specification, reply, None)
    reply["calls"] = None
    tasks, values = zip(*loops.results(), strict=True)
    labels = workload.labels()
    _add_judgement(judge(values, labels, workload.settings, specification["reference"], tasks), reply)


def _other_threads_s(iteration: Iteration) -> float:
    """Return the CPU seconds of other threads than the main one, if that ran all tasks; else 0."""
    main_thread = os.getpid()  # on Linux, the id of the main thread
    if any(worker[2] != main_thread for _, _, worker, _ in iteration.reports):
        return 0.0
    return iteration.used.own_cpu_s - iteration.used.main_cpu_s


def _observe_process(
    specification: MeasurementSpecification | WindowSpecification, reply: RunReply, traced: Iteration | None
) -> None:
    """Add native threads, if requested, and the CPU time of descendants that are still alive."""
    if specification["with_native_threads"]:
        from runner_probe.native_threads import native_threads  # noqa: PLC0415 - after the clock has stopped

        reply["workers"]["native_threads"] = native_threads(
            0.0 if traced is None else _other_threads_s(traced)
        )
    reply["living_cpu_s"] = living_cpu_s()


def _add_judgement(judgement: Judgement, reply: RunReply) -> None:
    reply["differing"] = judgement.differing
    if judgement.new_reference is not None:
        reply["reference"] = judgement.new_reference
    if judgement.error:
        reply["status"], reply["error"] = "wrong_result", judgement.error


def _run_untraced(tasks: ChunkedTasks, factory: Factory) -> UntracedIteration:
    """Measure without tracing; if that fails, a traced run gives the better error."""
    try:
        return run_untraced(tasks, factory.open)
    except (Exception, SystemExit):
        run_cold(tasks, factory.open)
        raise


def _describe_untraced(iteration: UntracedIteration, workload: Workload) -> IterationReply:
    return {
        "iteration": 0,
        "warmup": False,
        "tracing": False,
        "tasks": len(workload.items),
        "started_at": iteration.started_at,
        "wall_ns": iteration.wall_ns,
        "cpu_s": iteration.used.cpu_s,
        "own_cpu_s": iteration.used.own_cpu_s,
        "main_cpu_s": iteration.used.main_cpu_s,
        "main_delay_s": iteration.used.main_delay_s,
        "system_s": iteration.used.system_s,
        "minor_faults": iteration.used.minor_faults,
        "records": [],
    }


def _describe(
    iteration: Iteration, number: int, workload: Workload, *, warmup: bool = False, tracing: bool = False
) -> IterationReply:
    records = iteration.records()
    if workload.is_snippets and len(records) == len(workload.items):
        # A snippet returns when its loop started and ended: its set-up does not count.
        shifts = iteration.shifts_ns()
        records = [
            _with_times(record, started + shifts.get(record[2], 0), ended + shifts.get(record[2], 0))
            for record, (started, ended) in zip(records, iteration.values(), strict=True)
        ]
    first = min(record[6] for record in records)
    last = max(record[7] for record in records)
    return {
        "iteration": number,
        "warmup": warmup,
        "tracing": tracing,
        "tasks": len(workload.items),
        "started_at": iteration.started_at,
        "wall_ns": iteration.closed_ns - iteration.opened_ns,
        "start_ns": first - iteration.opened_ns,
        "work_ns": last - first,
        "end_ns": iteration.closed_ns - last,
        "cpu_s": iteration.used.cpu_s,
        "own_cpu_s": iteration.used.own_cpu_s,
        "main_cpu_s": iteration.used.main_cpu_s,
        "main_delay_s": iteration.used.main_delay_s,
        "system_s": iteration.used.system_s,
        "minor_faults": iteration.used.minor_faults,
        "records": records,
    }


def _with_times(record: RecordValues, started_ns: int, ended_ns: int) -> RecordValues:
    """Replace the times at which the task started and ended."""
    return (*record[:6], started_ns, ended_ns, record[8], ended_ns - started_ns, *record[10:])


def _worker_facts(workers: Sequence[Worker], factory: Factory, workload: Workload) -> WorkerFacts:
    return {
        "distinct_workers": len({worker[:3] for worker in workers}),
        "gil_enabled": any(worker[3] for worker in workers),
        "start_method": factory.start_method,
        "in_one_interpreter": in_one_interpreter(workers, traits_of(factory.make)),
        "import_s": workload.import_s,
    }


def _traceback(error: BaseException) -> str:
    from runner_probe.failure_text import traceback_text  # noqa: PLC0415 - only failures pay for it

    return traceback_text(error)
