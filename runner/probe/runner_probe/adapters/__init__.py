"""Adapters, one module each: they give other executors the interface of `concurrent.futures`.

**The interface.** The probe uses only the following of a pool, so most executors need no adapter:

- `submit(function, *args, **kwargs)` returns a future with `result()`, `cancel()` and
  `add_done_callback(callback)`.
- `shutdown(wait=True)` returns when everything submitted has run and every worker has ended.
- The constructor takes the arguments in the executor's YAML and, if the pool can call one in each of its
  workers, `initializer`, a function without arguments.
- An error that says that workers died derives from `concurrent.futures.BrokenExecutor`. If the exit code of
  the dead worker is known, it is a `runner_probe.adapters.worker_died.WorkerDied`.

**What an adapter declares.** Its class has

- `traits`, a `runner_probe.pools.Traits`, if any trait differs from its default; a class of this package may
  inherit it. Its arguments are literals, because the runner reads them from the source: the engine need not
  be installed where a report is made;
- `workers`, an attribute of each pool: the number of its workers, or None if the engine decides.

Its module has `CODE`, a literal string: the Python that a user would write to do the same without the
adapter. The runner reads this from the source too. `runner/codegen/template.py` describes the fields in it.

**To add an executor:** `conf/executor/NAME.yaml`, the adapter's module here, and a row in
`tests/adapters/test_contract.py`.
"""
