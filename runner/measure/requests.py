"""The requests of a study: what each invocation gets of the settings, and of what earlier ones fixed."""

from runner.measure.invocation import Request
from runner.measure.references import References
from runner.measure.study_store import StudyStore
from runner.measure.untimed_runs import UntimedRequest
from runner.records import Cell, Purpose, StudySettings

_PROFILER_SLOWDOWN = 20  # times the time limit: tracking every small allocation slows a run that much or more


class Requests:
    """Makes the requests of a study.

    Args:
        settings: numbers of iterations, and limits
        references: what earlier invocations fixed, at the time of a request
        store: names the files for outputs and profiles
    """

    def __init__(self, settings: StudySettings, references: References, store: StudyStore) -> None:
        self._settings, self._references, self._store = settings, references, store

    def timed(self, cell: Cell, repetition: int, position: int) -> Request:
        """Request an invocation of a cell in a repetition; 0 is the reference run."""
        return Request(
            cell=cell,
            repetition=repetition,
            position=position,
            iterations=self._settings.iterations,
            time_limit_s=self._references.time_limit_s(cell),
            load_limit_s=self._settings.load_limit_s,
            reference=self._references.expected(cell),
            reference_cell=self._references.source(cell),
            references_file=self._store.references_file,
            output=self._store.output_file(cell.id, repetition),
            auto_chunk_size=self._references.auto_chunk_size(cell),
            between_chunks_s=self._references.between_chunks_s(cell),
            is_mostly_dispatch=self._references.is_mostly_dispatch(cell),
        )

    def untimed(self, cell: Cell, purpose: Purpose) -> UntimedRequest:
        """Request an untimed run of a cell."""
        slowdown = 1 if purpose == "memory" else _PROFILER_SLOWDOWN
        return UntimedRequest(
            cell=cell,
            purpose=purpose,
            calls=self._references.expected(cell).calls,
            time_limit_s=self._references.time_limit_s(cell) * slowdown,
            load_limit_s=self._settings.load_limit_s * slowdown,
            output=self._store.output_file(cell.id, purpose),
            profile=self._store.profile_file(cell.id, purpose),
            auto_chunk_size=self._references.auto_chunk_size(cell),
        )
