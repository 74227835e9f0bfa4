"""The tables of a study, as data frames."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from runner.analysis.facts import Loss
from runner.analysis.frames import Law, Profile, break_even, compare, fits, profiles
from runner.analysis.identity import identify
from runner.analysis.intervals import Level
from runner.analysis.machine import Machine
from runner.analysis.samples import cold_times, tabulate_samples, warm_times
from runner.analysis.summary import Compared, summarise
from runner.analysis.tasks import tabulate_tasks
from runner.analysis.terms import Terms, terms_of
from runner.analysis.times import Times
from runner.analysis.traced import Traces
from runner.folder.results import Results


@dataclass(frozen=True, kw_only=True)
class Tables:
    """All that a report is made of. The columns are those of docs/reference.md."""

    samples: pd.DataFrame  #: one row an iteration
    summary: pd.DataFrame  #: one row a cell
    tasks: pd.DataFrame  #: one row a cell and task
    fits: pd.DataFrame  #: one row a scaling curve and law
    laws: Sequence[Law]  #: those that could be identified
    break_even: pd.DataFrame  #: one row a pool and a swept size of the workload
    known_answers: pd.DataFrame  #: one row an answer and cell
    profiles: Sequence[Profile]  #: what profilers found, where one was asked for
    losses: Mapping[str, list[Loss]]  #: by cell: what it loses, the largest first
    unexplained: Mapping[str, str]  #: by cell: why it has no losses, where that is known
    times: Times  #: headline times of the cells that may make a claim: of one bag, or of one task
    terms: Terms  #: how they are told
    machine: Machine


def tabulate(results: Results) -> Tables:
    """Make the tables of a result folder."""
    level = Level(results.study.confidence, results.study.seed)
    machine = Machine(results.environment)
    identities = identify(results, machine)
    samples = tabulate_samples(results, identities)
    times, walls, cpu = (cold_times(samples, column, level) for column in ("unit_s", "wall_s", "cpu_s"))
    traces = Traces(results, walls, machine)
    warm = warm_times(samples, results.cells, level)
    compared = Compared(times=times, walls=walls, warm=warm, cpu=cpu)
    summary = summarise(results, identities, samples, compared, traces)
    law_rows, laws = fits(results, summary, times, machine)
    return Tables(
        samples=samples,
        summary=summary,
        tasks=tabulate_tasks(results, identities, traces, level),
        fits=law_rows,
        laws=laws,
        known_answers=compare(results, summary, law_rows, machine),
        break_even=break_even(results, identities, times),
        profiles=tuple(profiles(results, identities)),
        losses={cell.id: traces.losses(cell) for cell in results.cells},
        unexplained={cell.id: traces.why_unexplained(cell) for cell in results.cells},
        times=times,
        terms=terms_of(results),
        machine=machine,
    )
