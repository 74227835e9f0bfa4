"""The result folder of a session: created for a new study, repaired for a resumed one."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runner.allowance import usable_cpus
from runner.errors import ConfigurationError
from runner.folder.atomic_files import reporting_write_errors
from runner.folder.environment_record import Environment, InterpreterRecord
from runner.folder.store import Store
from runner.measure.cpus_together import measure_together
from runner.session import environment, same_machine
from runner.session.description import describe_session
from runner.session.resume import StoppedStudy
from runner.session.session import Session
from runner.supervise.orphans import end_marked
from runner.supervise.protocol import STUDY_MARKER

_Interpreters = Sequence[InterpreterRecord]  # as the preflight describes them


@dataclass(frozen=True, kw_only=True)
class OpenFolder:
    """A result folder that a session measures into."""

    store: Store
    facts: Environment  #: the content of environment.json so far

    def write_facts(self, facts: Environment) -> None:
        """Add facts to environment.json; they replace facts of the same names."""
        self.store.write_environment({**self.facts, **facts})


def open_folder(session: Session, interpreters: _Interpreters, study_id: str) -> OpenFolder:
    """Create the folder of a new study, or repair that of a resumed one, and lock it.

    Args:
        session: the session that measures
        interpreters: as the preflight describes them
        study_id: marks the processes of this session

    Raises:
        ConfigurationError: if no folder can be created, or an interpreter has changed
        RunnerError: if the folder cannot be written
    """
    if session.stopped is None:
        return _create(session, interpreters, study_id)
    return _reopen(session, session.stopped, interpreters, study_id)


def _create(session: Session, interpreters: _Interpreters, study_id: str) -> OpenFolder:
    study, plan = session.study, session.plan
    store = Store.create(Path(study.results_dir), study.name, plan.cells, plan.swept)
    session.locks.lock_folder(store.folder)
    store.write_study(replace(study, study_id=study_id))
    facts: Environment = {
        "start": environment.capture(),
        "interpreters": list(interpreters),
        "together": measure_together([cell.workers for cell in plan.cells], usable_cpus()),
    }
    store.write_environment(facts)
    return OpenFolder(store=store, facts=facts)


def _reopen(
    session: Session, stopped: StoppedStudy, interpreters: _Interpreters, study_id: str
) -> OpenFolder:
    results, machine = stopped.results, environment.capture()
    earlier = results.environment
    before = earlier.get("interpreters", [])
    if problems := same_machine.other_interpreters(before, interpreters):
        raise ConfigurationError([f"{results.folder}: {problem}" for problem in problems])
    # A session that was killed may have left processes behind.
    end_marked(f"{STUDY_MARKER}={results.study.study_id}")
    stopped.repair.apply()
    with reporting_write_errors(results.folder):
        store = Store(results.folder, results.cells, results.swept)
    sessions = (*results.study.sessions, describe_session(results.study.study_id))
    store.write_study(replace(session.study, study_id=study_id, sessions=sessions))
    facts: Environment = {
        "start": machine,
        "interpreters": list(interpreters),
        **earlier,
        "resumed": [*earlier.get("resumed", []), machine],
    }
    store.write_environment(facts)
    for change in [
        *same_machine.changes(earlier.get("start", machine), machine),
        *same_machine.changed_packages(before, interpreters),
    ]:
        session.show(f"warning: {change}")
        store.log(f"resumed: {change}")
    return OpenFolder(store=store, facts=facts)


def finish_complete(stopped: StoppedStudy) -> Path:
    """Finish the folder of a study that has nothing left to measure; return the folder."""
    results = stopped.results
    stopped.repair.apply()
    workers = {record.cell: record.facts for record in reversed(stopped.completed.references) if record.facts}
    with reporting_write_errors(results.folder), Store(results.folder, results.cells, results.swept) as store:
        store.write_environment({**results.environment, "workers": workers})
        store.finish()
    return results.folder
