"""The executors in the code to paste: what runs the work, as a user would write it, by `_target_`."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from runner.codegen.expressions import WIDTH, bound, fit, named, spec, value
from runner.codegen.imports import Names
from runner.codegen.work_code import (
    Job,
    Work,
    awaiting_all,
    batches,
    in_function,
    initialized,
    sync_or_async,
    task,
)
from runner.records import LOOP

_THREADS = {"concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor"}
#: Pools whose `map` heeds `chunksize`; that of the other pools of the standard library ignores it.
_CHUNKING = {
    "concurrent.futures.ProcessPoolExecutor",
    "concurrent.futures.process.ProcessPoolExecutor",
    "loky.ProcessPoolExecutor",
    "loky.get_reusable_executor",
}
#: Libraries whose pools have `map` and can be used in a `with` statement.
_MAPPING = {"concurrent", "loky"}
_IMPORTABLE = "# The workers of the cluster must be able to import what is imported here."


@dataclass(frozen=True, kw_only=True)
class Run:
    """What runs the tasks: statements, and what is defined above them, where workers can import it."""

    statements: list[str]
    definitions: list[list[str]] = field(default_factory=list)
    #: Whether a worker may import the script, and must not then open a pool of its own.
    is_imported: bool = True


def run(job: Job) -> Run:
    """Write what runs the tasks of a cell."""
    return _WRITERS.get(job.pool["_target_"], _pool)(job)


def _loop(job: Job) -> Run:
    first = initialized(job)
    if job.is_async:
        job.names.module("asyncio")
        made = "results = asyncio.run(run_all(items))"
        return Run(statements=[*first, made], definitions=awaiting_all(job), is_imported=False)
    assigned, function = task(job, room=WIDTH - len("results = list(map(, items))"))
    made = f"results = list(map({function}, items))"
    return Run(statements=[*first, *assigned, made], is_imported=False)


def _pool(job: Job, comment: Sequence[str] = ()) -> Run:
    """Write a `concurrent.futures.Executor`, of whatever library."""
    target = job.pool["_target_"]
    lines, arguments = _pool_arguments(job)
    is_mapped = target.partition(".")[0] in _MAPPING
    around = "list(pool.map(, items))" if is_mapped else ""
    work = sync_or_async(job, heeds_chunks=target in _CHUNKING, around=around)
    opened = job.names.name(target)
    if is_mapped:
        mapped = work.gathered("list(pool.map(", work.mapped(job.names), "))")
        used = [*comment, *_in_with(fit(f"with {opened}(", arguments, ") as pool:"), mapped)]
    else:
        used = _submitting(work, opened, arguments)
    return Run(
        statements=[*lines, *work.assigned, *used],
        definitions=work.definitions,
        is_imported=target not in _THREADS,
    )


def _in_with(head: Sequence[str], body: Sequence[str]) -> list[str]:
    return [*head, *(f"    {line}" for line in body)]


def _submitting(work: Work, opened: str, arguments: Sequence[str]) -> list[str]:
    """Use what every pool has, `submit` and `shutdown`: others need neither `map` nor `with`."""
    submitted = f"pool.submit({', '.join(work.call)}, {work.one}) for {work.one} in {work.all}"
    return [
        *fit(f"pool = {opened}(", arguments, ")"),
        "try:",
        *(f"    {line}" for line in fit("futures = [", [submitted], "]", indent=8)),
        *(f"    {line}" for line in work.gathered("[", ["future.result() for future in futures"], "]")),
        "finally:",
        "    pool.shutdown()",
    ]


def _pool_arguments(job: Job) -> tuple[list[str], list[str]]:
    """Write the arguments of the pool, and the statement that they need."""
    given = {key: part for key, part in job.pool.items() if key != "_target_"}
    method, lines = given.get("mp_context", ...), []
    if isinstance(method, str | None):
        lines = [f"context = {_context(method, job.names)}"]
        del given["mp_context"]
    if job.workload.get("initializer"):
        given.pop("initializer", None)  # the workload's is the one that is used
    arguments = named(given, job.names)
    if lines:
        arguments.insert(list(job.pool).index("mp_context") - 1, "mp_context=context")
    return lines, [*arguments, *_initializer(job)]


def _context(method: Any, names: Names) -> str:
    """Write what starts processes; it may be a `_target_`."""
    if isinstance(method, str | None):
        text = "" if method is None else f'"{method}"'
        return f"{names.name('multiprocessing.get_context')}({text})"
    return value(method, names)


def _initializer(job: Job) -> list[str]:
    """Write the argument that gives the workload's initializer to the workers."""
    if not job.workload.get("initializer"):
        return []
    return [f"initializer={bound(spec(job.workload['initializer']), job.names)}"]


def _interpreters(job: Job) -> Run:
    return _pool(_standard(job, "InterpreterPoolExecutor"))


def _thread_per_task(job: Job) -> Run:
    comment = "# A pool does the same for less than a thread for each task."
    return _pool(_standard(job, "ThreadPoolExecutor"), [comment])


def _process_per_task(job: Job) -> Run:
    comment = "# A pool does the same for less than a process for each task."
    return _pool(_standard(job, "ProcessPoolExecutor"), [comment])


def _standard(job: Job, pool: str) -> Job:
    """Name the pool of the standard library that stands for one of ours."""
    arguments = {"max_workers" if key == "workers" else key: part for key, part in job.pool.items()}
    return replace(job, pool={**arguments, "_target_": f"concurrent.futures.{pool}"})


def _multiprocessing_pool(job: Job) -> Run:
    context = _context(job.pool["mp_context"], job.names)
    arguments = [value(job.pool["workers"], job.names), *_initializer(job)]
    work = sync_or_async(job, heeds_chunks=True, around="pool.map(, items, chunksize=1)")
    # Its own choice of a size would be another.
    work = replace(work, chunks=work.chunks or ["chunksize=1"])
    mapped = work.gathered("pool.map(", work.mapped(job.names), ")")
    used = _in_with(fit(f"with {context}.Pool(", arguments, ") as pool:"), mapped)
    return Run(statements=[*work.assigned, *used], definitions=work.definitions)


def _joblib(job: Job) -> Run:
    """Write `joblib.Parallel`; its `batch_size` is an upper limit, so batches are cut as for others."""
    job.names.reserve("parallel")
    runs_here = job.pool["workers"] == 1  # where it would not call an initializer
    options = {"n_jobs": job.pool["workers"], "backend": job.pool.get("backend", "loky"), "batch_size": 1}
    arguments = [*named(options, job.names), *([] if runs_here else _initializer(job))]
    work = sync_or_async(job)
    delayed = f"{job.names.name('joblib.delayed')}({work.call[0]})"
    calls = f"{delayed}({', '.join([*work.call[1:], work.one])}) for {work.one} in {work.all}"
    return Run(
        statements=[
            *(initialized(job) if runs_here else []),
            *work.assigned,
            *fit(f"parallel = {job.names.name('joblib.Parallel')}(", arguments, ")"),
            *work.gathered("parallel(", [calls], ")"),
        ],
        definitions=work.definitions,
        is_imported=options["backend"] != "threading",
    )


def _event_loop(job: Job) -> Run:
    """Write one event loop, in which some tasks, or batches of tasks, wait at a time."""
    job.names.module("asyncio")
    job.names.reserve("main", "semaphore")
    assigned, function = task(job)
    awaited, cut = f"{'await ' * job.is_async}{function}(item)", []
    in_batches = job.chunk_size != 1
    if in_batches:
        awaited, cut = f"[{awaited} for item in batch]", batches(job.chunk_size)
    work = Work(call=["run_batch" if in_batches else "run_item"], in_batches=in_batches)
    main = [
        f"async def main({work.all}):",
        f"    semaphore = asyncio.Semaphore({value(job.pool['workers'], job.names)})",
        "",
        f"    async def {work.call[0]}({work.one}):",
        "        async with semaphore:",
        f"            return {awaited}",
        "",
        f"    return await asyncio.gather(*map({work.call[0]}, {work.all}))",
    ]
    return Run(
        statements=[*initialized(job), *cut, *work.gathered("asyncio.run(", [f"main({work.all})"], ")")],
        definitions=[part for part in (assigned, main) if part],
        is_imported=False,
    )


def _dask(job: Job) -> Run:
    job.names.reserve("cluster", "client")
    work = sync_or_async(job, around="list(pool.map(, items))")
    inside = [
        "pool = client.get_executor(pure=False)",
        *work.gathered("list(pool.map(", work.mapped(job.names), "))"),
    ]
    if job.workload.get("initializer"):
        inside.insert(0, f"client.run({bound(spec(job.workload['initializer']), job.names)})")
    used = _in_with(_dask_client(job), inside)
    return Run(statements=[*work.assigned, *used], definitions=work.definitions)


def _dask_client(job: Job) -> list[str]:
    client = job.names.name("dask.distributed.Client")
    if job.pool.get("address") is not None:
        address = value(job.pool["address"], job.names)
        return [_IMPORTABLE, *fit(f"with {client}(", [address], ") as client:")]
    workers = named({"n_workers": job.pool.get("workers"), "threads_per_worker": 1}, job.names)
    started = f"{job.names.name('dask.distributed.LocalCluster')}({', '.join(workers)})"
    return fit("with (", [f"{started} as cluster", f"{client}(cluster) as client"], "):")


def _ray(job: Job) -> Run:
    job.names.module("ray")
    job.names.reserve("run", "is_ready", "run_ready")
    is_plain = job.chunk_size == 1 and not job.is_async
    # It takes nothing but functions written in Python: neither a partial nor a built-in.
    work = in_function(job, "{task}(item)") if is_plain else sync_or_async(job)
    prepared = _prepared(job, work.call[0])
    calls = f"run.remote({', '.join([*work.call[1:], work.one])}) for {work.one} in {work.all}"
    return Run(
        statements=[
            *_ray_start(job),
            *work.assigned,
            f"run = ray.remote(max_retries=0)({'run_ready' if prepared else work.call[0]})",
            *work.gathered("ray.get([", [calls], "])"),
        ],
        definitions=[*work.definitions, *prepared],
    )


def _ray_start(job: Job) -> list[str]:
    if job.pool.get("address") is not None:
        return [_IMPORTABLE, f"ray.init(address={value(job.pool['address'], job.names)})"]
    return [f"ray.init(num_cpus={value(job.pool.get('workers'), job.names)})"]


def _prepared(job: Job, function: str) -> list[list[str]]:
    """Define what calls the initializer first: Ray's own hook cannot import what lies beside the script."""
    first = [f"        {line}" for line in initialized(job)]
    running = [
        "def run_ready(*given):",
        "    if not is_ready:",
        *first,
        "        is_ready.append(True)",
        f"    return {function}(*given)",
    ]
    return [["is_ready = []  # in each worker"], running] if first else []


#: How an executor of ours is written without it; any other is a pool that users have too.
_WRITERS: dict[str, Callable[[Job], Run]] = {
    LOOP: _loop,
    "runner_probe.adapters.asyncio_loop.AsyncioLoop": _event_loop,
    "runner_probe.adapters.dask_pool.DaskPool": _dask,
    "runner_probe.adapters.interpreter_pool.InterpreterPool": _interpreters,
    "runner_probe.adapters.joblib_parallel.JoblibParallel": _joblib,
    "runner_probe.adapters.multiprocessing_pool.MultiprocessingPool": _multiprocessing_pool,
    "runner_probe.adapters.process_per_task.ProcessPerTask": _process_per_task,
    "runner_probe.adapters.ray_pool.RayPool": _ray,
    "runner_probe.adapters.thread_per_task.ThreadPerTask": _thread_per_task,
}
