"""All sentences about a result, worded from facts.

Those under plots are in `captions`, and those that only the page has are in `page_wording`. No other module
of analysis or report words any.

Sentences have no full stop; the renderer adds it. Within a group, cells are named by what tells them apart
from the others of the group.
"""

import math
import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from runner.columns import BY_NAME
from runner.disturbances import DisturbanceKind, parse
from runner.estimate import Estimate
from runner.facts import (
    MOST_MORE_REPETITIONS,
    MOST_SLOWED_BY_TRACING,
    Anomaly,
    Answer,
    BoundLimit,
    BreakEven,
    CellAnalysis,
    CellsFailed,
    CellsNotMeasured,
    Comparison,
    CpusTogether,
    CrowdedCpus,
    DisturbedRuns,
    Explanation,
    GroupAnalysis,
    InEachWorker,
    KnownAnswerAnalysis,
    KnownOutcome,
    LawAnalysis,
    Limit,
    Loss,
    MoreRepetitions,
    NativeThreads,
    NoGain,
    NotRun,
    OddTimes,
    OutOfReach,
    PrecisionMissed,
    ProfileAnalysis,
    Remedy,
    RemedyCode,
    Restarts,
    Sent,
    ShortWindow,
    ShortWindows,
    SnippetRanking,
    StudyAnalysis,
    StudyFacts,
    StudyWarning,
    TinyTasks,
    TooFewRepetitions,
    Unexplained,
    WorkComparison,
)
from runner.records import AUTO, executor_name, names, shown_value
from runner.report.labels import ALL_TASKS
from runner.units import percent, plural, seconds, size, three_digits

#: Share of the runs from which on the answer begins with how far it can be trusted.
MOSTLY_DISTURBED = 0.8
_PERCENT = (0.9, 1.1)  # ratios in between are shown as percentages
_MOST_NAMES = 3
_MOST_LOSSES = 2
_SMALL_LOSS, _LARGE_LOSS = 0.05, 0.1  # of the workers' time
_NEAR_BOUND = 0.95  # of the bound: hardly anything is left to gain
_LOW_BOUND = 0.9  # of the tasks that can compute at a time: a lower bound is worth a statement
_BEYOND = 1.05  # times the bound: only times that vary explain a larger speedup
_USUAL_REPETITIONS = 7
_ONE_NATIVE_THREAD = "env.OMP_NUM_THREADS=1 env.OPENBLAS_NUM_THREADS=1"


# --- parts of sentences -------------------------------------------------------------------------------


def listed(words: Sequence[str], most: int = _MOST_NAMES) -> str:
    """List some words, and count the rest: `a, b and 3 more`."""
    shown = list(words)
    if len(shown) > most + 1:
        shown[most:] = [f"{len(shown) - most} more"]
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def about(subject: str, statement: str) -> str:
    """Put what a statement is about in front of it; an empty subject is left out."""
    return f"{subject}: {statement}" if subject else statement


def advice(subject: str, command: str) -> str:
    """Put what a command, which begins in lower case, is about in front of it; without it, capitalize it."""
    return f"{subject}: {command}" if subject else f"{command[0].upper()}{command[1:]}"


def bounds_of(estimate: Estimate, study: StudyFacts, repetitions: int, shown: str = "") -> str:
    """State the bounds of an estimate, and what they are; `shown` replaces their figures."""
    bounds = shown or f"{three_digits(estimate.low)} to {three_digits(estimate.high)}"
    if not estimate.is_range:
        return f"{interval_name(study)} {bounds}"
    if repetitions == 1:
        return "a single repetition"
    return f"range of {repetitions} repetitions {bounds}" if repetitions else f"range {bounds}"


def interval_name(study: StudyFacts) -> str:
    """Name the intervals of a study: `95% interval`."""
    return f"{study.confidence * 100:g}% interval"


RANGE = "range"  #: the kind of bounds that too few repetitions have


def kind_of_bounds(estimates: Iterable[Estimate], study: StudyFacts) -> str:
    """Name the bounds of some estimates; empty if none has bounds."""
    kinds = {estimate.is_range for estimate in estimates if not estimate.is_exact}
    if not kinds:
        return ""
    return (RANGE if kinds.pop() else interval_name(study)) if len(kinds) == 1 else "bounds"


def missing(cell: CellAnalysis, estimate: Estimate | None) -> str:
    """Say in a word or two why a cell lacks a figure that depends on its baseline; empty if it has it."""
    if not cell.is_ok:
        return str(cell.status).replace("_", " ")
    return "no baseline" if estimate is None else ""


def chunk_size_text(cell: CellAnalysis) -> str:
    """Show a chunk size: the number chosen for `auto`, `all` for all tasks at once; empty for the loop."""
    size = cell.cell.chunk_size
    if cell.cell.is_loop:
        return ""
    if size == AUTO and cell.tasks_per_chunk is not None:
        return f"{AUTO} ({cell.tasks_per_chunk})"
    return ALL_TASKS if size is None else str(size)


def where_text(group: GroupAnalysis) -> str:
    """Name what tells a group from the others: `python=3.13.0`; empty for a single group."""
    return ", ".join(f"{key}={shown_value(value)}" for key, value in group.where.items())


def group_name(group: GroupAnalysis, study: StudyAnalysis) -> str:
    """Name a group by its workload and settings; empty if there is no other to confuse it with."""
    where = where_text(group)
    if len(study.workloads) == 1 and not where:
        return ""
    return ", ".join(filter(None, [group.workload, where]))


def title(workload: str, study: StudyAnalysis) -> str:
    """Head the table of a workload."""
    cpus = max((cell.usable_cpus or 0 for cell in study.of_workload(workload)), default=0)
    done, asked = study.repetitions_of(workload), study.study.repetitions_asked
    counted = f"{done} of {plural(asked, 'repetition')}" if done < asked else plural(done, "repetition")
    described = study.study.spec.describe(study.study.window_s)
    return ", ".join(filter(None, [workload, plural(cpus, "CPU") if cpus else "", counted, described]))


# --- the answer ---------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GroupSentences:
    """The answer for one group; parts that do not apply are empty."""

    snippets: str  #: which snippet is the quickest
    trust: str  #: how far the answer can be trusted, where nearly all runs were disturbed
    answer: str  #: the decision first; empty if every cell failed
    executors: str  #: the best cell of every other executor against the recommended one
    memory: str  #: what the recommended pool costs in memory
    more_repetitions: str  #: how many would decide it
    more_workers: str  #: what the next larger number of workers gains
    explanation: str  #: why the recommended executor is not faster, and what would help

    @property
    def reasons(self) -> list[str]:
        """The sentences that follow the answer, in the order in which they are shown."""
        sentences = (self.more_repetitions, self.executors, self.memory, self.more_workers, self.explanation)
        return [sentence for sentence in sentences if sentence]


def sentences_of(group: GroupAnalysis, study: StudyAnalysis, name: str = "") -> GroupSentences:
    """Word the answer for one group.

    Args:
        group: of the study
        study: to which it belongs
        name: of the group, which the first sentences begin with; empty: they name none
    """
    words = _GroupWording(group, study, name)
    return GroupSentences(
        snippets=about(name, words.snippets(group.snippets)) if group.snippets else "",
        trust=words.trust() if group.recommended else "",
        answer=words.answer(),
        executors=words.executors(group.executors),
        memory=words.memory() if group.recommended else "",
        more_repetitions=words.more_repetitions(group.more_repetitions) if group.more_repetitions else "",
        more_workers=words.more_workers(group.more_workers) if group.more_workers else "",
        explanation=words.explanation(group.explanation) if group.explanation else "",
    )


def comparison_sentences(study: StudyAnalysis) -> list[str]:
    """Word the comparisons between groups of cells: of interpreters, and of sizes of the workload."""
    work = (work_sentence(comparison, study) for comparison in study.work)
    sizes = (break_even_sentence(row, study.study) for row in study.break_evens)
    return [sentence for sentence in (*work, *sizes) if sentence]


class _GroupWording:
    """Words the facts of one group."""

    def __init__(self, group: GroupAnalysis, study: StudyAnalysis, name: str) -> None:
        self._group, self._study, self._facts, self._name = group, study, study.study, name
        self._names = names([study.cells[cell].cell for cell in (*group.cells, *group.failed)])

    def trust(self) -> str:
        """Say how far the answer can be trusted if nearly all runs were disturbed."""
        cells = [self._cell(cell) for cell in self._group.cells]
        disturbed, runs = sum(cell.disturbed for cell in cells), sum(len(cell.runs) for cell in cells)
        if not runs or disturbed < MOSTLY_DISTURBED * runs:
            return ""
        counted = f"{disturbed} of {plural(runs, 'run')} were disturbed"
        if self._group.answer is Answer.CANNOT_TELL:
            return about(self._name, f"{counted}, so the times vary more than on a quiet machine")
        kinds = {each.kind for cell in cells for run in cell.runs for each in parse(run.disturbance)}
        if kinds - {DisturbanceKind.SLOW_CPU}:
            return about(self._name, f"{counted}: pools may rank lower than on a quiet machine")
        ranked = "the ranking of the cells is more reliable than their times"
        return about(self._name, f"{counted}: {ranked}, since each repetition measures all of them")

    def answer(self) -> str:
        group = self._group
        if group.fastest is None or group.recommended is None:
            return ""
        described = self._facts.spec.describe(self._facts.window_s)
        subject = ": ".join(filter(None, [self._name, described]))
        if len(group.cells) == 1:
            return about(subject, self._alone(group.fastest))
        if group.answer is None:
            text = self._without_loop(group.fastest, group.recommended)
        elif group.recommended == group.baseline:
            text = self._use_no_pool()
        else:
            text = self._use_pool(self._cell(group.recommended))
        return advice(subject, text)

    def _use_no_pool(self) -> str:
        """Say that no pool is to be used: none helps, or it cannot be told."""
        group = self._group
        until = " until more is known" if group.answer is Answer.CANNOT_TELL else ""
        why = no_gain_text(group.reason, self._bound_of_pools()) if group.reason else ""
        nearest = group.executors[0] if group.executors else None
        compared = self._than(nearest, subject=self._names[nearest.slower]) if nearest else ""
        baseline = self._names[group.baseline]
        taken = f"{baseline} {_reaches(self._cell(group.baseline), self._facts)}"
        measured = f"{taken}, and {compared}" if compared else taken
        return f"use no pool{until}: {'. '.join(filter(None, [why, measured]))}"

    def _bound_of_pools(self) -> Estimate | None:
        """Return the largest bound of the group's pools, each with its chunks."""
        bounds = [self._cell(cell).own_bound for cell in self._group.cells]
        return max(filter(None, bounds), key=lambda bound: bound.high, default=None)

    def _use_pool(self, cell: CellAnalysis) -> str:
        """Say which pool is to be used, and what it gains over the loop."""
        group = self._group
        name = self._names[cell.cell.id]
        if group.answer is Answer.CANNOT_TELL:
            each = f"it was faster in each of {plural(group.repetitions, 'repetition')}"
            return f"until more is known, use {name}: {each}, {self._gain(cell)}"
        is_fastest = group.fastest == cell.cell.id
        at = f"{'is fastest at' if is_fastest else 'reaches'} {figure_text(cell, self._facts)}"
        text = f"use {name}. It {at}: {self._gain(cell)}{self._fewer_workers()}"
        return text if is_fastest else f"{text}. {self._not_faster(str(group.fastest), cell)}"

    def _gain(self, cell: CellAnalysis) -> str:
        baseline = self._names[self._group.baseline]
        if cell.speedup is None:
            return f"its baseline {baseline} has no time to compare with"
        return (
            f"{three_digits(cell.speedup.value)} times as fast as {baseline} ({self._bounds(cell.speedup)})"
        )

    def _not_faster(self, fastest: str, recommended: CellAnalysis) -> str:
        """Say why another cell than the fastest is recommended."""
        needs = self._needs(self._cell(fastest).cell.workers, recommended.cell.workers)
        needed = f" and needs {needs}" if needs else ""
        figure = figure_text(self._cell(fastest), self._facts)
        return f"{self._names[fastest]}, the fastest at {figure}, is not measurably faster{needed}"

    def _without_loop(self, fastest: str, recommended: str) -> str:
        """Say which cell is to be used where speedups are not relative to a loop, or there is no pool."""
        use = f"{'until more is known, use' if self._is_few else 'use'} {self._names[recommended]}"
        if fastest != recommended:
            return f"{use}. {self._not_faster(fastest, self._cell(recommended))}"
        comparison = self._cell(fastest).over_baseline or self._group.next_over_fastest
        text = f"{use}. It is fastest at {figure_text(self._cell(fastest), self._facts)}"
        if comparison is None:
            return text
        return f"{text}; {self._than(comparison, subject=self._names[comparison.slower])}"

    @property
    def _is_few(self) -> bool:
        """Whether the repetitions are too few to compare the cells of the group."""
        return self._group.repetitions < self._group.needed_repetitions

    def _than(self, comparison: Comparison, *, subject: str, object_: str = "") -> str:
        """Say how much longer one cell takes than another."""
        ratio = comparison.ratio
        than, as_ = (f" than {object_}", f" as {object_}") if object_ else ("", "")
        slower = ratio.value >= 1
        if ratio.is_range or comparison.is_shown or ratio.excludes(1):
            text = f"{subject} {longer_text(ratio, than, as_)} ({self._longer_bounds(ratio)})"
            may_be_chance = not ratio.is_range and not comparison.is_shown
            chance = f", which may be chance among {len(self._group.cells)} cells"
            return f"{text}{chance if may_be_chance else ''}"
        verdict = f"is not measurably {'slower' if slower else 'faster'}{than}"
        text = f"{subject} {verdict} ({_longer(ratio)}, {self._longer_bounds(ratio)})"
        if comparison.slower in self._group.no_busier:
            loop = self._names[self._group.baseline]
            return f"{text}; it keeps no more CPUs busy than {loop}, so it cannot be 5% faster"
        return text

    def _longer_bounds(self, ratio: Estimate) -> str:
        """State the bounds of a ratio of times in the unit in which the ratio itself is shown."""
        if not is_percentage(ratio):
            return self._bounds(ratio if ratio.value >= 1 else ratio.inverse())
        ends = sorted((ratio.low, ratio.high), key=lambda end: abs(end - 1))
        if ratio.low < 1 < ratio.high:
            shown = [_signed(ratio.low), _signed(ratio.high)]
        else:
            shown = [percent(abs(end - 1)) for end in ends]
        return bounds_of(ratio, self._facts, self._group.repetitions, " to ".join(shown))

    def executors(self, comparisons: Sequence[Comparison]) -> str:
        """Compare the best cell of every other executor with the recommended one."""
        if not comparisons:
            return ""
        recommended = self._names[str(self._group.recommended)]
        is_told = self._group.recommended == self._group.baseline and self._group.answer is not None
        return "; ".join(
            self._than(comparison, subject=self._names[comparison.slower], object_=recommended)
            + self._why_slower(comparison)
            for comparison in (comparisons[1:] if is_told else comparisons)
        )

    def _why_slower(self, comparison: Comparison) -> str:
        """Say what a pool that is shown to be slower loses most to, unless the explanation says it."""
        cell, explained = self._cell(comparison.slower), self._group.explanation
        loss = cell.main_loss
        if loss is None or loss.share.value < _LARGE_LOSS or not comparison.is_shown:
            return ""
        if explained is not None and explained.cell == cell.cell.id:
            return ""
        remedy = self._group.remedies.get(cell.cell.id)
        helps = f" (to help: {remedy_text(remedy, cell)})" if remedy and remedy.cause == loss.cause else ""
        return f", because {losses_text([loss])}{helps}"

    def memory(self) -> str:
        """Say what the recommended pool costs in memory."""
        pool, loop = self._cell(str(self._group.recommended)), self._cell(self._group.baseline)
        taken, least = pool.peak_pss_bytes, loop.peak_pss_bytes
        if not pool.is_pool or not taken or not least:
            return ""
        times = f"{three_digits(taken / least)} times the {size(least)} of {self._names[loop.cell.id]}"
        return f"{self._names[pool.cell.id]} takes {size(taken)} of memory at its peak, {times}"

    @staticmethod
    def _needs(workers: int | None, fewer: int | None) -> str:
        if workers is None:
            return ""
        if fewer is None:
            return plural(workers, "worker")
        if workers <= fewer:
            return ""
        times, rest = divmod(workers, fewer)
        if rest:
            return f"{workers} workers instead of {fewer}"
        return f"{'twice' if times == 2 else f'{times} times'} the workers"

    def _alone(self, cell: str) -> str:
        others = " that succeeded" if self._group.failed else ""
        return f"{self._names[cell]} {_reaches(self._cell(cell), self._facts)}; it was the only cell{others}"

    def _fewer_workers(self) -> str:
        """Say whether fewer workers would be enough, where the recommended pool is the fastest."""
        fewer = self._group.fewer_workers
        if fewer is None or self._group.recommended != self._group.fastest:
            return ""
        if fewer.hidden is not None:
            return f"; noise hides whether {self._names[fewer.hidden]} would be enough"
        return "; with fewer workers it is measurably slower" if fewer.enough is None else ""

    def more_repetitions(self, more: MoreRepetitions) -> str:
        """Say how many repetitions would decide it; no fewer than another sentence of the study asks for."""
        if more.at_least and more.total is not None:
            verb = "is" if more.done == 1 else "are"
            few = f"{plural(more.done, 'repetition')} {verb} too few to compare {more.cells} cells"
            return f"Not sure yet: {few}; use repetitions={_asked_by(more, self._least)}"
        question = f"whether an executor is faster than {self._names[self._group.baseline]}"
        if more.nearest is not None:
            nearest, name = self._cell(more.nearest), self._names[more.nearest]
            question = f"{question} ({name} comes closest)"
            if nearest.beats_baseline and nearest.speedup is not None and nearest.speedup.low > 1:
                question = f"whether the gain of {name} is worth it (5% or more)"
        if more.total is None:
            many = f"more than {MOST_MORE_REPETITIONS} further repetitions would be needed"
            return f"Not sure yet: {many} to show {question}"
        total = _asked_by(more, self._least)
        added = total - more.done
        more_would = f"about {added} further repetitions would show {question}"
        return f"Not sure yet: {more_would}; use repetitions={total}"

    def more_workers(self, gain: Comparison) -> str:
        """Say what the next larger number of workers gains."""
        added = replace(gain, slower=gain.faster, faster=gain.slower, ratio=gain.ratio.inverse())
        compared = self._than(added, subject=self._names[added.slower], object_=self._names[added.faster])
        return f"More workers: {compared}"

    def explanation(self, explanation: Explanation) -> str:
        """Say where the time of the workers goes, and what would help."""
        cell, name = self._cell(explanation.cell), self._names[explanation.cell]
        parts = []
        if explanation.is_noise and cell.speedup is not None:
            parts.append(f"its times vary too much to say ({self._bounds(cell.speedup)} times as fast)")
            if cell.own_bound is not None and cell.own_bound.high < _LOW_BOUND * self._at_once(cell):
                parts.append(
                    f"no executor can be more than {three_digits(cell.own_bound.high)} times as fast"
                )
        if explanation.is_at_bound and cell.speedup_bound is not None:
            parts.append(self._at_bound(cell, cell.speedup_bound))
        losses = explanation.losses
        if losses and all(loss.share.value < _SMALL_LOSS for loss in losses):
            share = BY_NAME["share_of_bound"].get(cell)
            if cell.speedup_bound is not None and share is not None and share >= _NEAR_BOUND and not parts:
                bound = three_digits(cell.speedup_bound.value)
                return f"{name} can hardly be faster: its speedup is {percent(share)} of the bound of {bound}"
            losses = () if explanation.is_at_bound else losses
        if losses:
            parts.append(f"{losses_text(losses[:_MOST_LOSSES])}{self._rest(explanation)}")
        elif explanation.unexplained is not None:
            parts.append(unexplained_text(explanation.unexplained))
        if not parts:
            return ""
        is_winner = self._group.answer is Answer.HELPS and explanation.cell == self._group.recommended
        text = f"Why {name} is not {'even ' if is_winner else ''}faster: {'; '.join(parts)}"
        if explanation.remedy is None:
            return text
        return f"{text}. Most likely to help: {remedy_text(explanation.remedy, cell)}"

    def _at_bound(self, cell: CellAnalysis, bound: Estimate) -> str:
        """Say that a cell is as fast as its tasks allow."""
        shown = f"{three_digits(bound.value)}{self._bound_bounds(bound)}"
        most = "the most that these tasks and CPUs allow"
        if cell.bound_limit is BoundLimit.WORKERS and cell.cell.workers is not None:
            most = f"the most that is possible with {plural(cell.cell.workers, 'worker')}"
        if cell.speedup is not None and cell.speedup.value > _BEYOND * bound.high:
            return f"its speedup is above the bound of {shown}, {most}: the tasks took longer in the loop"
        return f"its speedup is not measurably below the bound of {shown}, {most}"

    @staticmethod
    def _at_once(cell: CellAnalysis) -> int:
        """Return how many tasks of a cell can compute at a time."""
        workers = cell.cell.workers or 1
        return min(workers, cell.usable_cpus or workers)

    def _rest(self, explanation: Explanation) -> str:
        """Say how much of the workers' time is lost to nothing that is shown, if that is most of it."""
        cell = self._cell(explanation.cell)
        if cell.efficiency is None or explanation.is_at_bound or explanation.is_noise:
            return ""
        known = max(sum(loss.share.value for loss in losses) for losses in (cell.losses, explanation.losses))
        rest = 1 - cell.efficiency.value - known
        if rest < max(_LARGE_LOSS, known):
            return ""
        return f"; another {percent(rest)} is lost, but to nothing that is the same in all repetitions"

    def _bound_bounds(self, bound: Estimate) -> str:
        shown = {three_digits(value) for value in (bound.low, bound.value, bound.high)}
        return "" if len(shown) == 1 else f" ({self._bounds(bound)})"

    def snippets(self, ranking: SnippetRanking) -> str:
        """Name the quickest snippet, and the next one."""
        quickest = ranking.quickest
        text = f"'{quickest.label}' is the quickest snippet at {seconds(quickest.time_s.value)} per call"
        if ranking.rivals:
            rivals = listed([f"'{name}'" for name in ranking.rivals])
            return f"{text}, but {rivals} {'is' if len(ranking.rivals) == 1 else 'are'} not measurably slower"
        relative = ranking.next.relative
        if relative is not None:
            times = f"{three_digits(relative.value)} times as long ({self._bounds(relative)})"
            text = f"{text}; the next, '{ranking.next.label}', takes {times}"
        if ranking.repetitions < ranking.needed_repetitions:
            needed = max(_enough(ranking.needed_repetitions), self._least)
            text = f"{text}. Use repetitions={needed} to rank all snippets"
        return text

    @property
    def _least(self) -> int:
        return least_repetitions(self._study)

    def _cell(self, cell: str) -> CellAnalysis:
        return self._study.cells[cell]

    def _bounds(self, estimate: Estimate) -> str:
        return bounds_of(estimate, self._facts, self._group.repetitions)


def least_repetitions(study: StudyAnalysis) -> int:
    """Return the repetitions that a study needs for every comparison; 0 if it has enough for all of them."""
    needed = [
        group.needed_repetitions
        for group in study.groups
        if group.cells and group.repetitions < group.needed_repetitions
    ]
    needed += [
        group.snippets.needed_repetitions
        for group in study.groups
        if group.snippets and group.snippets.repetitions < group.snippets.needed_repetitions
    ]
    return max(map(_enough, needed), default=0)


def how_to_extend(study: StudyAnalysis) -> str:
    """Say how to add the repetitions that sentences ask for; empty if none does."""
    asked = repetitions_to_add(study)
    folder = shlex.quote(f"resume={study.study.folder}")
    return f"to add repetitions: python -m runner {folder} repetitions={asked}" if asked else ""


def repetitions_to_add(study: StudyAnalysis) -> int:
    """Return the number of repetitions that sentences ask for, together with those there are; 0 if none does.

    An interrupted study has some left, and one with a precision or a time budget decides on them by itself.
    """
    facts = study.study
    if facts.is_interrupted or facts.precision is not None or facts.time_budget_s is not None:
        return 0
    least = least_repetitions(study)
    wanted = (group.more_repetitions for group in study.groups)
    asked = max([least, *(_asked_by(more, least) for more in wanted if more and more.total is not None)])
    return asked if asked > facts.repetitions_asked else 0


def _asked_by(more: MoreRepetitions, least: int) -> int:
    """Return the number of repetitions that a sentence asks for; no fewer than another one does."""
    total = more.total or 0
    return max(_enough(total) if more.at_least else total, least)


def _enough(needed: int) -> int:
    """Round a number of repetitions up to the usual one or an odd one, whose median is a real run."""
    return max(_USUAL_REPETITIONS, needed | 1)


def is_percentage(ratio: Estimate) -> bool:
    """Whether a ratio of times is so near to 1 that its difference is shown in percent."""
    return _PERCENT[0] < ratio.value < _PERCENT[1]


def longer_text(ratio: Estimate, than: str, as_: str) -> str:
    """Say how much longer something takes: `takes 2.20 times as long`, `is 6% slower`, `is 3% faster`."""
    if is_percentage(ratio):
        return f"is {_longer(ratio)}{than}"
    return f"{'is' if ratio.value < 1 else 'takes'} {_longer(ratio)}{as_}"


def _longer(ratio: Estimate) -> str:
    if is_percentage(ratio):
        signed = _signed(ratio.value)
        return f"less than 1{signed[1:]}" if signed.startswith("0%") else signed
    if ratio.value < 1:
        return f"{three_digits(1 / ratio.value)} times as fast"
    return f"{three_digits(ratio.value)} times as long"


def _signed(ratio: float) -> str:
    """Show a ratio of times as a difference: `6% slower`, `3% faster`."""
    return f"{percent(ratio - 1)} slower" if ratio >= 1 else f"{percent(1 - ratio)} faster"


def no_gain_text(reason: NoGain, bound: Estimate | None) -> str:
    """Say why no pool can help, and what would have to change for another answer."""
    text = {
        NoGain.ALL_CPUS_USED: "the tasks already use all CPUs",
        NoGain.ONE_TASK: "one task is nearly all the work, and a task cannot be divided",
        NoGain.ONE_CPU: "there is one usable CPU, and the tasks keep it busy",
        NoGain.EVENT_LOOP: "an event loop has one thread, and the tasks hold it nearly all the time",
        NoGain.ONE_WORKER: "a pool of one worker runs nothing in parallel",
        NoGain.PREPARATION: "preparing each worker is nearly all the work",
        NoGain.ONE_CHUNK: "one chunk is nearly all the work, and a single worker runs it",
    }[reason]
    most = "" if bound is None or reason is NoGain.ONE_WORKER else f" (bound {three_digits(bound.high)})"
    change = {
        NoGain.ALL_CPUS_USED: "if each task used one CPU",
        NoGain.ONE_TASK: "if that task were divided",
        NoGain.ONE_CPU: "with more CPUs",
        NoGain.EVENT_LOOP: "if they awaited more, or with several processes (executor=asyncio_process)",
        NoGain.ONE_WORKER: "with more workers",
        NoGain.PREPARATION: "with more tasks for each worker",
        NoGain.ONE_CHUNK: "with smaller chunks",
    }[reason]
    return f"{text}{most}; a pool could help {change}"


def _reaches(cell: CellAnalysis, study: StudyFacts) -> str:
    """Say how fast a cell is: `takes 603 ms`, `reaches 16.7 tasks per second`."""
    return f"{'reaches' if study.spec.has_window else 'takes'} {figure_text(cell, study)}"


def figure_text(cell: CellAnalysis, study: StudyFacts) -> str:
    """Show the figure by which the cells of a study are compared, with its unit."""
    figure = BY_NAME[study.spec.figure.column].get(cell)
    return "an unknown time" if figure is None else study.spec.figure.text(figure.value)


def losses_text(losses: Sequence[Loss]) -> str:
    """Say what share of the workers' time is lost to which causes."""
    largest, *others = ((percent(loss.share.value), _lost_to(loss)) for loss in losses)
    text = f"{largest[0]} of its workers' time is lost to {largest[1]}"
    return " and ".join([text, *(f"{share} to {cause}" for share, cause in others)])


def _lost_to(loss: Loss) -> str:
    """Name the cause of a loss, with the figures that are known of it."""
    detail = loss.detail
    if isinstance(detail, InEachWorker):
        return f"{loss.cause.name} ({seconds(detail.seconds)} each)"
    if isinstance(detail, Restarts):
        return f"{loss.cause.name} ({plural(detail.count, 'time')}, {seconds(detail.seconds)} each)"
    if isinstance(detail, Sent):
        return f"{loss.cause.name} ({_sent(detail)})"
    if isinstance(detail, CpusTogether):
        return f"{loss.cause.name} (these {detail.cpus} CPUs together do the work of {detail.delivered:.2g})"
    if isinstance(detail, TinyTasks):
        return f"{loss.cause.name} ({_tiny_tasks(detail)})"
    return loss.cause.name


def _sent(sent: Sent) -> str:
    """Say how large what is sent is, and whether it is the same object again."""
    text = size(sent.bytes) if sent.each_worker else f"{size(sent.bytes)} each"
    if sent.repeated_bytes > sent.bytes / 2:
        return f"{text}, of which {size(sent.repeated_bytes)} are the same objects every time"
    return text


def _tiny_tasks(tiny: TinyTasks) -> str:
    """Say what tasks take against their dispatch, and from which length on a pool could pay."""
    tasks = tiny.tasks_per_chunk
    subject = "a task" if tasks == 1 else f"a chunk of {tasks} tasks"
    text = f"{subject} takes {seconds(tiny.work_s)} to run and {seconds(tiny.dispatch_s)} to dispatch"
    if tiny.break_even_s is None:
        return f"{text}; threads share the GIL, so no chunk size pays unless the tasks release it"
    needed = f"a pool could pay from {seconds(tiny.break_even_s)} of work"
    if tiny.chunk_size is None:
        return f"{text}; {needed}, but all these tasks together take only {seconds(tiny.all_work_s)}"
    return f"{text}; {needed}, in chunks of {tiny.chunk_size} tasks"


def unexplained_text(why: Unexplained) -> str:
    """Say why the losses of a cell are unknown."""
    if why == Unexplained.BLOCKS_EVENT_LOOP:
        return "its function is not async def, so its tasks block the event loop and run one after another"
    slowed = f"makes it more than {percent(MOST_SLOWED_BY_TRACING)} slower"
    return f"tracing its tasks {slowed}, so its losses are unknown"


def short_loss(cell: CellAnalysis) -> str:
    """Show the largest loss of a cell in a narrow column: `GIL 48%`."""
    if cell.unexplained is not None and cell.unexplained.is_of_tasks:
        return "not async" if cell.unexplained == Unexplained.BLOCKS_EVENT_LOOP else "unknown"
    loss = cell.main_loss
    return "" if loss is None else f"{loss.cause.short} {percent(loss.share.value)}"


def remedy_text(remedy: Remedy, cell: CellAnalysis) -> str:
    """Say what is most likely to help."""
    if remedy.code == RemedyCode.MORE_ITEMS:
        saved = f"all the time that {plural(cell.cell.workers or 0, 'worker')} could save"
        return f"more items, since start-up and shutdown of the workers cost {saved}"
    return _REMEDIES.get(remedy.code, remedy.cause.remedy)


_REMEDIES = {
    RemedyCode.LONGEST_FIRST: "submit the longest tasks first",
    RemedyCode.SMALLER_CHUNKS: "smaller chunks",
    RemedyCode.MORE_TASKS: "divide the work into more tasks, or use a number of workers that divides theirs",
    RemedyCode.LESS_DATA: "less data per task, or more work in each",
    RemedyCode.FEWER_WORKERS: "fewer workers",
    RemedyCode.QUICKER_START: "a quicker start method",
    RemedyCode.LESS_WORK: "less work per task",
    RemedyCode.COMPACT_DATA: "an array or one buffer instead of many objects",
    RemedyCode.OWN_COPIES: "a copy of the objects for each thread",
    RemedyCode.LESS_TRAFFIC: "less memory traffic",
}


# --- beyond one group ---------------------------------------------------------------------------------


def work_sentence(work: WorkComparison, study: StudyAnalysis) -> str:
    """Compare groups that do the same work: interpreters, or environments."""
    groups = {group.baseline: group for group in study.groups}
    first, second = (groups[baseline] for baseline in work.groups[:2])
    fastest = study.cells[work.fastest]
    cell = f"{fastest.cell.name} at {figure_text(fastest, study.study)}"
    text = f"{_where_or_name(first)} is fastest ({cell})"
    if len(study.workloads) > 1:
        text = f"{first.workload}: {text}"
    if work.second is None:
        return text
    ratio = work.second.ratio
    bounds = bounds_of(ratio, study.study, min(first.repetitions, second.repetitions))
    times = f"{three_digits(ratio.value)} times as long"
    name, other = _where_or_name(second), study.cells[work.second.slower].cell.name
    if ratio.is_range or ratio.excludes(1):
        return f"{text}; the next is {name}, where {other} takes {times} ({bounds})"
    return f"{text}, but {name} is not measurably slower ({other}: {times}, {bounds})"


def _where_or_name(group: GroupAnalysis) -> str:
    return where_text(group) or group.workload


def break_even_sentence(row: BreakEven, study: StudyFacts) -> str:
    """Say from which size on a pool is faster than its baseline; empty if that could not be estimated."""
    if row.size is None:
        return ""
    verb = "may be" if _not_shown(row) else "is"
    if not 0 < row.size.value < math.inf:
        return f"{row.workload}: {row.name} {verb} {break_even_note(row)} ({row.setting})"
    bounds = f"{'range' if row.size.is_range else interval_name(study)} {_size_bounds(row.size, row.sizes)}"
    few = "; too few repetitions for an interval" if row.size.is_range else ""
    faster = f"faster than its baseline from {row.setting}={_size(row.size.value)} on ({bounds})"
    sentence = f"{row.workload}: {row.name} {verb} {faster}{few}"
    return "; ".join(filter(None, [sentence, _not_shown(row)]))


def break_even_note(row: BreakEven) -> str:
    """Say what a break-even means where the figure alone does not."""
    if row.problem == "sizes_not_positive":
        return "sizes must be positive"
    if row.size is None:
        return "not every size has a time and a baseline"
    if 0 < row.size.value < math.inf:
        few = "the bounds are the range of few repetitions" if row.size.is_range else ""
        return few or _not_shown(row)
    smallest, largest = row.sizes[0], row.sizes[-1]
    if row.size.value == 0:
        text = f"faster than its baseline at every size from {smallest:g} on"
    elif row.faster_at:
        faster = ", ".join(f"{size:g}" for size in row.faster_at)
        text = f"faster than its baseline at {faster}, but not at the largest size, {largest:g}"
    else:
        text = f"not faster than its baseline at any size up to {largest:g}"
    text = "; ".join(filter(None, [text, _not_shown(row)]))
    if not row.is_shown:
        return f"{text}; more repetitions may show otherwise"
    return f"{text}; too few repetitions for an interval" if row.size.is_range else text


def _not_shown(row: BreakEven) -> str:
    """Say at which sizes it is shown that a pool is faster; empty if at all that are claimed."""
    if row.size is None or row.size.is_range:
        return ""
    is_found = math.isfinite(row.size.value)
    claimed = [size for size in row.sizes if size > row.size.value] if is_found else row.faster_at
    shown = [size for size in claimed if size in row.shown_at]
    if len(shown) == len(claimed):
        return ""
    if not shown:
        return "this is not shown at any measured size"
    return f"this is shown only at {', '.join(f'{size:g}' for size in shown)}"


def _size(size: float) -> str:
    """Show a size with three digits; only millions and millionths have an exponent."""
    return f"{float(f'{size:.3g}'):g}"


def _size_bounds(size: Estimate, measured: Sequence[float]) -> str:
    low = f"below {measured[0]:g}" if size.low == 0 else _size(size.low)
    high = f"above {measured[-1]:g}" if math.isinf(size.high) else _size(size.high)
    return f"{low} to {high}"


def law_note(law: LawAnalysis, study: StudyFacts) -> str:
    """Say why a law is not identifiable, or has no peak."""
    problem = law.problem
    if problem is None:
        most = max(law.curve.workers, default=0) if law.curve else 0
        has_no_peak = law.law == "usl" and law.peak_workers is None
        return f"no peak is shown up to {most:g} workers" if has_no_peak else ""
    needed = f"{problem.needed:g} needed"
    reason = {
        "mode": f"the laws describe mode=tasks, and this is mode={study.mode}",
        "repetitions": f"{plural(problem.found, 'repetition')}, {needed}",
        "levels": f"{plural(problem.found, 'number')} of workers, {needed}",
        "span": f"the numbers of workers span a factor of {problem.found:g}, {needed}",
    }[problem.reason]
    text = f"not identifiable: {reason}"
    if not law.unattributed:
        return text
    return f"{text} ({law.unattributed} of {plural(len(law.cells), 'cell')} cannot be explained)"


# --- notes of one cell --------------------------------------------------------------------------------


def cell_note(cell: CellAnalysis, study: StudyFacts) -> str:
    """Say why a figure of a cell is missing, and what limits comparisons."""
    return "; ".join(
        [*_status_notes(cell, study), *_limit_notes(cell, study), *_missing_figures(cell, study)]
    )


def _status_notes(cell: CellAnalysis, study: StudyFacts) -> Iterator[str]:
    if cell.error:
        yield f"{cell.status}: {cell.error}"
    elif not cell.repetitions:
        yield "not measured"
    elif cell.repetitions < study.fewest_repetitions:
        ranged = f"bounds are the range of {plural(cell.repetitions, 'repetition')}"
        yield f"{ranged}; an interval needs {study.fewest_repetitions}"


def _limit_notes(cell: CellAnalysis, study: StudyFacts) -> Iterator[str]:
    workers, cpus = cell.cell.workers or 0, cell.usable_cpus or 0
    if workers > cpus > 0 and not cell.shares_event_loop:
        yield f"{plural(workers, 'worker')} on {plural(cpus, 'CPU')}"
    if cell.native_threads is not None:
        yield _crowded(workers, cell.native_threads, cpus)
    if cell.exceeds_bound:
        yield "above its bound, perhaps due to a larger cache, a faster clock or a disturbed baseline"
    if cell.missed_precision is not None and study.precision is not None:
        yield f"precision {study.precision:g} not reached: {cell.missed_precision:.2g}"
    if cell.short_window is not None:
        yield _short_window(cell.short_window)


def _missing_figures(cell: CellAnalysis, study: StudyFacts) -> Iterator[str]:
    if not cell.has_task_times:
        yield "too many tasks to list the time of each"
    if study.spec.why_unexplained:
        yield study.spec.why_unexplained
    if cell.unexplained is not None and cell.unexplained.is_of_tasks:
        yield unexplained_text(cell.unexplained)
    if cell.memory is not None and cell.memory.peak_pss_bytes is None:
        yield f"memory: {cell.memory.error}"


def anomalies_text(cell: CellAnalysis) -> str:
    """List what is odd about the times of a cell."""
    words = {
        Anomaly.OUTLIERS: plural(cell.anomalies.get(Anomaly.OUTLIERS, 0), "outlier"),
        Anomaly.TWO_MODES: "two modes",
        Anomaly.SLOWER: "slower over the repetitions",
        Anomaly.FASTER: "faster over the repetitions",
    }
    return ", ".join(words[anomaly] for anomaly in cell.anomalies)


def short_note(cell: CellAnalysis) -> str:
    """Say in a word or two what limits a cell, for the table."""
    return missing(cell, cell.speedup) or ("" if cell.limit is None else _limit(cell.limit))


def _limit(limit: Limit) -> str:
    if limit.kind == "cpus":
        return f"on {plural(limit.count, 'CPU')}"
    return plural(limit.count, "task" if limit.kind == "tasks" else "chunk")


def _crowded(workers: int, threads: NativeThreads, cpus: int) -> str:
    native = f"up to {plural(threads.per_worker, 'native thread')} (BLAS, OpenMP)"
    return f"{plural(workers, 'worker')} × {native} on {plural(cpus, 'CPU')}"


def _short_window(window: ShortWindow) -> str:
    few = f"a window contained only {plural(window.tasks, 'task')}, too few to estimate a rate"
    return f"{few}; use duration_s={window.needed_s}"


# --- warnings -----------------------------------------------------------------------------------------


def warning_sentence(warning: StudyWarning, study: StudyAnalysis) -> str:
    """Word a warning: what is wrong, and what to do about it."""
    match warning:
        case CellsFailed():
            text = _cells_failed(warning, study)
        case CellsNotMeasured():
            where = "" if len(study.workloads) == 1 else f"{warning.workload}: "
            verb = "was" if len(warning.cells) == 1 else "were"
            text = f"{where}{len(warning.cells)} of {plural(warning.of, 'cell')} {verb} not measured"
        case TooFewRepetitions():
            text = _too_few(warning, study)
        case PrecisionMissed():
            missed = f"precision {warning.asked:g} not reached: {warning.worst:.2g} at worst"
            cells = plural(len(warning.cells), "cell")
            text = f"{missed} ({cells}); raise max_repetitions or time_budget_s, or set a larger precision"
        case ShortWindows():
            text = f"{_short_window(warning.worst)} ({plural(len(warning.cells), 'cell')})"
        case DisturbedRuns():
            text = _disturbed(warning)
        case CrowdedCpus():
            crowded = _crowded(warning.workers, warning.threads, warning.usable_cpus)
            text = f"{crowded}; one native thread per worker may be faster: {_ONE_NATIVE_THREAD}"
        case OddTimes():
            text = _odd_times(warning, study)
    return text


def _disturbed(warning: DisturbedRuns) -> str:
    """Say what disturbed the runs, each with what can be done about it."""
    verb = "was" if warning.disturbed == 1 else "were"
    runs = f"{warning.disturbed} of {plural(warning.runs, 'run')} {verb} disturbed"
    kinds = "; ".join(
        _DISTURBED[count.kind].format(runs=count.runs, most=count.most) for count in warning.kinds
    )
    return f"{runs}: {kinds}" if kinds else runs


_DISTURBED = {
    DisturbanceKind.OTHER_PROGRAMS: (
        "in {runs}, other programs took up to {most:.2f} CPUs (stop them, or use a quieter machine)"
    ),
    DisturbanceKind.HOST: (
        "in {runs}, the host of this virtual machine took up to {most:.2f} CPUs (measure at another time, or "
        "on a machine that shares no CPUs)"
    ),
    DisturbanceKind.SLOW_CPU: (
        "before {runs}, the CPU itself was up to {most:.2f} times slower than at its best (because of its "
        "clock, heat, or other guests of the host; fix its clock, cool it, or measure at another time)"
    ),
}


def more_warnings(count: int) -> str:
    """Count the warnings that are not shown."""
    return f"{plural(count, 'more warning')}: see verdict.json"


def _cells_failed(warning: CellsFailed, study: StudyAnalysis) -> str:
    status = warning.status.replace("_", " ")
    error = f"{warning.error}{_remedy_of_failure(warning)}"
    reason = f"{status}: {error}"
    if warning.is_all:
        loop = ", including the plain loop" if warning.in_loop else ""
        why = error if warning.status == "failed" else reason  # that it fails is said already
        fails = f"fails in every cell{loop}"
        if warning.succeeded:
            since = f"from repetition {warning.first_repetition} on"
            fails = f"failed in every cell{loop}, {since}, after {_succeeded(warning)}"
        return f"{warning.workload} {fails}: {why}"
    late = (
        f"; first in repetition {warning.first_repetition}, after {_succeeded(warning)}"
        if warning.succeeded
        else ""
    )
    names_of_cells = [study.cells[cell].name for cell in warning.cells]
    workload = "" if len(study.workloads) == 1 else f"{warning.workload}: "
    verb = "is" if len(names_of_cells) == 1 else "are"
    return f"{workload}{listed(names_of_cells)} {verb} excluded from comparisons: {reason}{late}"


def _succeeded(warning: CellsFailed) -> str:
    return f"{plural(warning.succeeded, 'run')} had succeeded"


def _remedy_of_failure(warning: CellsFailed) -> str:
    if warning.status != "wrong_result":
        return ""
    if warning.from_reference:
        return "; if results may differ between runs, set workload.compare=none"
    return "; correct the function, or workload.expect"


def _too_few(warning: TooFewRepetitions, study: StudyAnalysis) -> str:
    needed = max(_enough(warning.needed), least_repetitions(study))
    remedy = {
        "asked": f"use repetitions={needed}",
        "interrupted": "the study was interrupted",
        "time_budget": "the time budget ended the study",
        "ended": "the study ended before all repetitions were made",
    }[warning.reason]
    few = f"an interval needs {warning.needed} repetitions, and there are {warning.fewest}"
    if warning.fewest == 1:
        few = f"an interval needs {warning.needed} repetitions, and there is 1"
    return f"bounds are ranges, not {study.study.confidence * 100:g}% intervals: {few}; {remedy}"


def _odd_times(warning: OddTimes, study: StudyAnalysis) -> str:
    first = study.cells[warning.cells[0]]
    others = len(warning.cells) - 1
    more = f"; {plural(others, 'more cell')} {'has' if others == 1 else 'have'} anomalies" if others else ""
    return f"{first.name}: {anomalies_text(first)}{more}; nothing was removed, see samples.csv and the plots"


def where_failures_are(study: StudyAnalysis) -> str:
    """Say where the details of failures are; empty without failures."""
    failed = [cell for cell in study.cells.values() if cell.error]
    if not failed:
        return ""
    printed = [file for cell in failed for file in cell.printed]
    more = f" and {len(printed) - 1} more" if len(printed) > 1 else ""
    where = f"; their output: {study.study.folder}/{printed[0]}{more}" if printed else ""
    return f"details of failures, with tracebacks: {study.study.folder}/study.log{where}"


# --- known answers ------------------------------------------------------------------------------------


def known_cell(answer: KnownAnswerAnalysis, study: StudyAnalysis) -> str:
    """Name the cell that a known answer is about, whether it was asked for or not."""
    if answer.cell is not None:
        return study.cells[answer.cell].cell.name
    known = answer.known
    return executor_name(known.executor, known.workers)


def expected_text(answer: KnownAnswerAnalysis) -> str:
    """Show the known value or range."""
    known = answer.known
    if known.contains is not None:
        return f"{known.contains:g} in interval"
    if known.about is not None:
        return f"{known.about:g} ± {percent(known.within)}"
    limits = (("≥", known.at_least), ("≤", known.at_most))
    return ", ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)


def outcome_text(outcome: KnownOutcome) -> str:
    """Show the outcome of a known answer."""
    return outcome.value.replace("_", " ")


def known_reason(answer: KnownAnswerAnalysis, study: StudyAnalysis) -> str:
    """Say why an answer is known and why it cannot hold here, or why it was not run."""
    if answer.not_run is None:
        reasons = [
            answer.known.because,
            out_of_reach_text(answer.out_of_reach) if answer.out_of_reach else "",
        ]
        return "; ".join(filter(None, reasons))
    return f"not run: {_why_not_run(answer, answer.not_run, study)}"


def out_of_reach_text(reach: OutOfReach) -> str:
    """Say what the bound allows, and what a speedup would need."""
    most = f"at most {three_digits(reach.bound.high)}"
    allow = "allows" if reach.count == 1 else "allow"
    limits = {
        BoundLimit.CPUS: f"{_cpus(reach.count)} {allow} {most}",
        BoundLimit.WORKERS: f"{plural(reach.count, 'worker')} {allow} {most}",
        BoundLimit.LONGEST_TASK: f"the longest task allows {most}",
    }
    wanted = three_digits(reach.speedup)
    if reach.needed is None:
        return f"{limits[reach.limit]}; no number of CPUs allows {wanted} with these tasks"
    return f"{limits[reach.limit]}; these tasks need {plural(reach.needed, 'CPU')} for {wanted}"


def _cpus(count: float) -> str:
    return plural(count, "CPU") if count == int(count) else f"{count:g} CPUs"


def _why_not_run(answer: KnownAnswerAnalysis, why: NotRun, study: StudyAnalysis) -> str:
    needed = 0.0 if answer.needed is None else answer.needed
    available = 0.0 if answer.available is None else answer.available
    note = cell_note(study.cells[answer.cell], study.study) if answer.cell else ""
    return {
        NotRun.NO_SUCH_CELL: "the study has no such cell",
        NotRun.OTHER_MODE: f"it is about mode=tasks, and this is mode={study.study.mode}",
        NotRun.BY_AUTHOR: answer.author_reason,
        NotRun.NO_GIL: "it is about the GIL, and the interpreter has none",
        NotRun.TOO_FEW_CPUS: f"it needs {needed:g} CPUs, and there are {available:g}",
        NotRun.NO_QUOTA: (
            f"it needs a quota of {needed:g} CPUs: a cgroup with that cpu.max, which root can create"
        ),
        NotRun.CELL_FAILED: f"its cell has no figures: {note}",
    }[why]


def known_summary(study: StudyAnalysis) -> str:
    """Count the outcomes of the known answers, and say why some were not run."""
    outcomes = [answer.outcome for answer in study.known_answers]
    verbs = {
        KnownOutcome.DOES_NOT_HOLD: ("does not hold", "do not hold"),
        KnownOutcome.CANNOT_TELL: ("cannot be decided", "cannot be decided"),
        KnownOutcome.NOT_RUN: ("was not run", "were not run"),
        KnownOutcome.HOLDS: ("holds", "hold"),
    }
    counts = [
        f"{outcomes.count(outcome)} {verb[outcomes.count(outcome) != 1]}"
        for outcome, verb in verbs.items()
        if outcome in outcomes
    ]
    workloads: dict[str, dict[str, None]] = {}
    for answer in study.known_answers:
        if answer.not_run is not None:
            reason = known_reason(answer, study)
            workloads.setdefault(reason, {})[answer.known.workload] = None
    reasons = [f"{reason} ({', '.join(names_of_reason)})" for reason, names_of_reason in workloads.items()]
    reasons += [
        f"{answer.known.workload}, {known_cell(answer, study)}: {out_of_reach_text(answer.out_of_reach)}"
        for answer in study.known_answers
        if answer.out_of_reach is not None
    ]
    return "; ".join([f"known answers: {', '.join(counts)}", *reasons])


# --- profiles -----------------------------------------------------------------------------------------


def profile_title(purpose: str) -> str:
    """Head the table of one profiler."""
    if purpose == "cpu-profile":
        return "CPU profile (py-spy, in untimed runs): functions by their own time"
    return "memory profile (tracemalloc, in untimed runs): lines by the memory that they hold at the peak"


def missing_profiles(profiles: Iterable[ProfileAnalysis], study: StudyAnalysis) -> Iterator[str]:
    """Say which cells have no profile, and why."""
    for profile in profiles:
        name = study.cells[profile.cell].name
        if profile.error:
            yield f"no profile of {name}: {profile.error}"
        elif not profile.hotspots:
            short = profile.purpose == "cpu-profile"
            waited, freed = "the run was too short, or only waited", "the code of the workload kept no memory"
            why = waited if short else freed
            yield f"the profile of {name} is empty: {why}"


def where_profiles_are(purpose: str) -> str:
    """Say where the profiles are."""
    viewer = "; open them in https://speedscope.app" if purpose == "cpu-profile" else ""
    return f"full profiles: profiles/ in the results folder{viewer}"


# --- the table ----------------------------------------------------------------------------------------


def omitted_columns(headings: Sequence[str], file: str) -> str:
    """Say which columns found no room; empty if all did."""
    return f"columns omitted (see {file}): {', '.join(headings)}" if headings else ""


#: Where the code to paste is, if there is too much to print.
CODE_ELSEWHERE = "the code to paste for each of them is in verdict.json"
