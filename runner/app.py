"""The program: the flow from the command line to the exit code."""

import random
import signal
import sys
import tempfile
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.compose import collect
from runner.errors import ConfigurationError, RunnerError

if TYPE_CHECKING:
    from runner.check import Checked
    from runner.config import Config, Point
    from runner.plan import Plan
    from runner.store import Store
    from runner.study import Progress, Study
    from runner.supervisor import Supervisor

INTERRUPTED = 130


def main() -> None:
    """Run the program; the console script."""
    try:
        points = collect()
        code = run(points) if points else 0
    except RunnerError as error:
        for line in str(error).splitlines():
            sys.stderr.write(f"error: {line}\n")
        if isinstance(error, ConfigurationError):
            sys.stderr.write("nothing was measured\n")
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def run(points: Sequence["Point"]) -> int:
    """Plan, check, measure and report; returns the exit code."""
    # What follows is imported here, so that `--help` and tab completion do not wait for it.
    from runner.check import check  # noqa: PLC0415
    from runner.plan import plan  # noqa: PLC0415
    from runner.supervisor import Supervisor  # noqa: PLC0415

    planned = plan(points)
    study_id = uuid.uuid4().hex
    with Supervisor() as supervisor:
        checked = check(planned, supervisor, study_id)
        measure = _dry_run if points[0].config.dry_run else _measure
        return measure(planned, checked, points, supervisor, study_id)


def _measure(
    plan: "Plan", checked: "Checked", points: Sequence["Point"], supervisor: "Supervisor", study_id: str
) -> int:
    """Measure the study into a folder of its own, then report on it."""
    from runner import environment  # noqa: PLC0415
    from runner.report.progress import Progress  # noqa: PLC0415
    from runner.report.write import report  # noqa: PLC0415
    from runner.store import Store  # noqa: PLC0415
    from runner.study import Interrupted  # noqa: PLC0415

    config = points[0].config
    seed = config.seed if config.seed is not None else random.SystemRandom().randrange(2**32)
    interrupted = False
    with Store.create(Path(config.results_dir), _name(points), plan.cells, plan.swept) as store:
        store.write_study(_describe_study(points, seed, study_id))
        facts: dict[str, Any] = {"start": environment.capture(), "interpreters": dict(checked.interpreters)}
        store.write_environment(facts)
        with Progress(quiet=config.quiet) as progress, _interrupts_end(supervisor):
            study = _study(plan, config, seed, supervisor, study_id, store, progress)
            try:
                study.measure()
            except Interrupted:
                interrupted = True
        store.write_environment({**facts, "workers": study.worker_facts, "end": environment.capture()})
        store.finish()
    whole = report(store.folder)
    return INTERRUPTED if interrupted else 0 if whole else 1


def _dry_run(
    plan: "Plan", checked: "Checked", points: Sequence["Point"], supervisor: "Supervisor", study_id: str
) -> int:
    """Show what would be measured, and run only the references, for an estimate of the time."""
    from runner.report.progress import show_plan  # noqa: PLC0415
    from runner.store import Store  # noqa: PLC0415

    config = points[0].config
    with (
        tempfile.TemporaryDirectory(prefix="runner-") as folder,
        Store.create(Path(folder), "dry-run", plan.cells, plan.swept) as store,
        _interrupts_end(supervisor),
    ):
        study = _study(plan, config, 0, supervisor, study_id, store, lambda _: None)
        study.make_references()
    show_plan(plan, checked.tasks, config.repetitions, study.estimate_s())
    return 0


def _study(
    plan: "Plan",
    config: "Config",
    seed: int,
    supervisor: "Supervisor",
    study_id: str,
    store: "Store",
    watch: "Callable[[Progress], None]",
) -> "Study":
    from runner.invocation import invoke  # noqa: PLC0415
    from runner.study import Study  # noqa: PLC0415

    return Study(
        plan,
        repetitions=config.repetitions,
        iterations=config.iterations,
        time_limit_s=config.time_limit_s,
        seed=seed,
        invoke=partial(invoke, supervisor=supervisor, study_id=study_id),
        store=store,
        watch=watch,
    )


@contextmanager
def _interrupts_end(supervisor: "Supervisor") -> Iterator[None]:
    """Let Ctrl-C and SIGTERM end the invocation in progress instead of this process.

    The study then stores the row that says so, and stops.
    """

    def interrupt(*_: object) -> None:
        supervisor.interrupt()

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _name(points: Sequence["Point"]) -> str:
    """Name the study: as asked for, or by its experiment, or by its workloads."""
    config, overrides = points[0].config, points[0].overrides
    workloads = dict.fromkeys(point.config.workload.name for point in points)
    return config.name or overrides.get("experiment") or "-".join(workloads)


def _describe_study(points: Sequence["Point"], seed: int, study_id: str) -> dict[str, Any]:
    from runner.config import STUDY_SETTINGS  # noqa: PLC0415

    settings = asdict(points[0].config)
    return {
        "name": _name(points),
        "study": study_id,
        **{key: settings[key] for key in STUDY_SETTINGS if key not in ("name", "dry_run", "quiet")},
        "seed": seed,
        "command_line": sys.argv,
        "working_directory": str(Path.cwd()),
        "overrides": [dict(point.overrides) for point in points],
    }
