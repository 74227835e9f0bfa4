"""The program: the flow from the command line to the exit code."""

import contextlib
import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from runner import environment
from runner.check import Checked, check
from runner.compose import collect
from runner.config import STUDY_SETTINGS, Config, Point
from runner.errors import ConfigurationError, RunnerError
from runner.invocation import invoke
from runner.leftovers import end_marked
from runner.modes import duration_of
from runner.noise import Canary
from runner.plan import Plan, plan
from runner.store import Store
from runner.streams import outlive_readers
from runner.study import Interrupted, Study, StudySettings
from runner.study import Progress as Standing
from runner.supervisor import Supervisor, SupervisorDied

INTERRUPTED = 130


def main() -> None:
    """Run the program; the console script."""
    outlive_readers()
    try:
        points = collect()
        code = run(points) if points else 0
    except (RunnerError, SupervisorDied) as error:
        sys.stderr.writelines(f"error: {line}\n" for line in str(error).splitlines())
        if isinstance(error, ConfigurationError):
            sys.stderr.write("nothing was measured\n")
        code = error.exit_code
    except KeyboardInterrupt:
        code = INTERRUPTED
    sys.exit(code)


def run(points: Sequence[Point]) -> int:
    """Plan, check, measure and report; returns the exit code."""
    planned = plan(points)
    settings = _study_settings(points[0].config)
    with Supervisor() as supervisor, _leaving_nothing(supervisor):
        checked = check(planned, supervisor)
        if points[0].config.dry_run:
            return _dry_run(planned, checked, settings, supervisor, quiet=points[0].config.quiet)
        folder, interrupted = _measure(planned, checked, points, settings, supervisor)
    whole = _report(folder, quiet=points[0].config.quiet)
    return INTERRUPTED if interrupted else 0 if whole else 1


def _measure(
    plan: Plan, checked: Checked, points: Sequence[Point], settings: StudySettings, supervisor: Supervisor
) -> tuple[Path, bool]:
    """Measure the study into a folder of its own; returns that, and whether the user stopped it."""
    from runner.report.progress import Progress  # noqa: PLC0415 - `--help` needs no rich

    config, name = points[0].config, _name(points)
    interrupted = ""
    with Store.create(Path(config.results_dir), name, plan.cells, plan.swept) as store:
        store.write_study(_describe_study(points, name, settings, supervisor))
        facts: dict[str, Any] = {"start": environment.capture(), "interpreters": list(checked.interpreters)}
        store.write_environment(facts)
        with Progress(quiet=config.quiet) as progress, _stopping(supervisor.interrupt):

            def watch(standing: Standing) -> None:
                if standing.repetition == 1 and standing.repetition_ended:  # what is killed later has them
                    store.write_environment({**facts, "workers": study.worker_facts})
                progress(standing)

            study = Study(
                plan,
                settings,
                invoke=partial(invoke, supervisor=supervisor),
                store=store,
                watch=watch,
                is_precise=partial(_is_precise, plan, config, settings.seed),
                canary=Canary().disturbance,
            )
            try:
                study.measure()
            except Interrupted as stopped:
                interrupted = str(stopped)
            except SupervisorDied as died:
                raise SupervisorDied(f"{died}; what was measured is kept in {store.folder}") from died
            store.write_environment({**facts, "workers": study.worker_facts, "end": environment.capture()})
            store.finish()
    if interrupted:
        sys.stderr.write(f"{interrupted}; what was measured is kept\n")
    return store.folder, bool(interrupted)


def _report(folder: Path, *, quiet: bool) -> bool:
    """Make the tables and plots, and print the result; True if every cell was measured."""
    from runner.report.progress import ERASE_LINE, finishing  # noqa: PLC0415 - `--help` needs no rich

    def leave() -> None:
        erase = ERASE_LINE if sys.stderr.isatty() else ""
        text = f"{erase}interrupted; python -m runner.report {folder} makes its tables and plots\n"
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode())
        os._exit(INTERRUPTED)  # an exception might be lost in a library, or be shown by it

    with _stopping(leave), finishing(quiet=quiet):
        from runner.report.write import report  # noqa: PLC0415 - pandas waits until all is measured

        return report(folder)


def _dry_run(
    plan: Plan, checked: Checked, settings: StudySettings, supervisor: Supervisor, *, quiet: bool
) -> int:
    """Show what would be measured, and run only the references, for an estimate of the time."""
    from runner.report.progress import Progress, show_plan  # noqa: PLC0415 - `--help` needs no rich

    def watch(standing: Standing) -> None:
        if not standing.repetition_ended:  # nothing comes after the references
            progress(standing)

    measure_one = partial(invoke, supervisor=supervisor)
    with (
        tempfile.TemporaryDirectory(prefix="runner-") as folder,
        Store.create(Path(folder), "dry-run", plan.cells, plan.swept) as store,
        Progress(quiet=quiet) as progress,
        _stopping(supervisor.interrupt),
    ):
        study = Study(plan, settings, invoke=measure_one, store=store, watch=watch)
        try:
            study.make_references()
        except Interrupted:
            sys.stderr.write("interrupted; a dry run keeps nothing\n")
            return INTERRUPTED
    for cell, sample in study.failed.items():
        sys.stderr.write(f"error: the reference run of cell {cell}: {sample.status}: {sample.error}\n")
    show_plan(plan, checked.tasks, settings, study.repetition_s())
    return 1 if study.failed else 0


def _is_precise(plan: Plan, config: Config, seed: int, wall_s: Mapping[str, Sequence[float]]) -> bool:
    """Whether every speedup has the precision asked for."""
    from runner.analysis.statistics import is_precise  # noqa: PLC0415 - scipy only where it is asked for

    pairs = [
        (wall_s[cell.baseline], wall_s[cell.id])
        for cell in plan.cells
        if {cell.id, cell.baseline} <= set(wall_s)
    ]
    return is_precise(pairs, config.precision or 0.0, config.confidence, seed)


@contextmanager
def _stopping(stop: Callable[[], None]) -> Iterator[None]:
    """Let Ctrl-C, SIGTERM and the closing of the terminal do this instead of ending this process."""
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
        numbers.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _leaving_nothing(supervisor: Supervisor) -> Iterator[None]:
    """Where the supervising process was killed, end in its place what it left."""
    try:
        yield
    except SupervisorDied as died:
        found, alive = end_marked(supervisor.mark)
        if alive or sys.platform != "linux":
            left = f"end what it left, the processes with {supervisor.mark} in their environment"
        else:
            left = (
                f"the processes that it left were ended ({found})" if found else "none was found that it left"
            )
        raise SupervisorDied(f"{died}; {left}; run the study again") from died


def _study_settings(config: Config) -> StudySettings:
    drawn = random.SystemRandom().randrange(2**32)
    return StudySettings(
        repetitions=config.repetitions,
        max_repetitions=config.max_repetitions,
        precision=config.precision,
        time_budget_s=config.time_budget_s,
        iterations=config.iterations,
        time_limit_s=config.time_limit_s,
        seed=drawn if config.seed is None else config.seed,
    )


def _name(points: Sequence[Point]) -> str:
    """Name the study: as asked for, or by its experiment, or by its workloads."""
    config, overrides = points[0].config, points[0].overrides
    workloads = dict.fromkeys(point.config.workload.name for point in points)
    return config.name or overrides.get("experiment") or "-".join(workloads)


def _describe_study(
    points: Sequence[Point], name: str, settings: StudySettings, supervisor: Supervisor
) -> dict[str, Any]:
    """Describe how the study was asked for, to be kept with its results."""
    configuration = asdict(points[0].config, dict_factory=_of_texts)
    return {
        **{key: configuration[key] for key in STUDY_SETTINGS if key not in ("dry_run", "quiet")},
        **asdict(settings),
        "duration_s": duration_of(points[0].config),
        "name": name,
        "study": supervisor.study_id,
        "command_line": sys.argv,
        "working_directory": str(Path.cwd()),
        "overrides": [dict(point.overrides) for point in points],
        "known_answers": _known_answers(points),
        "configuration": configuration,  # of the first point, as composed
    }


def _known_answers(points: Sequence[Point]) -> list[dict[str, Any]]:
    """List what the workloads' authors know beforehand, with the workload that each speaks of."""
    workloads = {point.config.workload.name: point.config.workload for point in points}
    return [
        {"workload": name, **asdict(answer)}
        for name, workload in workloads.items()
        for answer in workload.known_answers
    ]


def _of_texts(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    """Make a dictionary that YAML knows: members of an enumeration are texts."""
    return {key: str(value) if isinstance(value, Enum) else value for key, value in pairs}
