"""The executors in the code to paste: the template of each, and the plain loop, which has none."""

from runner.adapter_source import code_template
from runner.codegen.expressions import WIDTH
from runner.codegen.template import Script, fill
from runner.codegen.work_code import Job, call_initializer, define_run_all, task
from runner.records import LOOP

#: Pools that have `map` and can be used in a `with` statement.
_WITH_MAP = """
if __name__ == "__main__":
    {context}
    {prepare}
    with {pool}({pool_arguments}) as pool:
        {results} = list(pool.map({map_arguments}))
"""
#: Pools whose `map` also makes chunks of `chunksize`; other pools of the standard library ignore it.
_WITH_CHUNKS = _WITH_MAP.replace("{map_arguments}", "{map_arguments}, {chunksize=}")
#: Any other pool has `submit` and `shutdown`, but perhaps neither `map` nor a `with` statement.
_WITH_SUBMIT = """
if __name__ == "__main__":
    {context}
    {prepare}
    pool = {pool}({pool_arguments})
    try:
        futures = [pool.submit({function}, {arguments}) for {item} in {items}]
        {results} = [future.result() for future in futures]
    finally:
        pool.shutdown()
"""
#: Threads do not import the script, so it needs no main guard.
_WITH_THREADS = """
{context}
{prepare}
with {pool}({pool_arguments}) as pool:
    {results} = list(pool.map({map_arguments}))
"""
_TEMPLATES = {
    "concurrent.futures.ThreadPoolExecutor": _WITH_THREADS,
    "concurrent.futures.thread.ThreadPoolExecutor": _WITH_THREADS,
    "concurrent.futures.ProcessPoolExecutor": _WITH_CHUNKS,
    "concurrent.futures.process.ProcessPoolExecutor": _WITH_CHUNKS,
    "loky.ProcessPoolExecutor": _WITH_CHUNKS,
    "loky.get_reusable_executor": _WITH_CHUNKS,
}
_LIBRARIES_WITH_MAP = ("concurrent.", "loky.")


def executor_code(job: Job) -> Script:
    """Write the code that runs the tasks of a cell."""
    target = job.pool["_target_"]
    if target == LOOP:
        return _loop(job)
    other = _WITH_MAP if target.startswith(_LIBRARIES_WITH_MAP) else _WITH_SUBMIT
    template = code_template(target) or _TEMPLATES.get(target, other).replace("{pool}", f"{{{target}}}")
    return fill(template, job)


def _loop(job: Job) -> Script:
    """Write the plain loop, which is not a pool and takes all items at once."""
    first = call_initializer(job)
    if job.is_async:
        job.names.module("asyncio")
        results = "results = asyncio.run(run_all(items))"
        return Script(statements=[*first, results], definitions=define_run_all(job), is_imported=False)
    assigned, function = task(job, room=WIDTH - len("results = list(map(, items))"))
    results = f"results = list(map({function}, items))"
    return Script(statements=[*first, *assigned, results], is_imported=False)
