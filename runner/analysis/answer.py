"""The answer for the cells with one baseline: what to use, how certain it is, and why."""

import math
from collections.abc import Sequence

import numpy as np

from runner.analysis.alike import alike_but_for
from runner.analysis.explain.first_tasks import FIRST_TASKS
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level, Values, medians, ratio_of_medians
from runner.analysis.remedies import remedy_of
from runner.analysis.sample_size import FEWEST_FOR_FAR
from runner.analysis.standings import Standing, compare
from runner.disturbances import DisturbanceKind, parse
from runner.estimate import Estimate
from runner.facts import (
    MOST_MORE_REPETITIONS,
    Answer,
    BoundLimit,
    CellAnalysis,
    Comparison,
    Explanation,
    FewerWorkers,
    MoreRepetitions,
    NoGain,
    Remedy,
)

WORTH_IT = 1.05  # a speedup that is shown to be smaller does not help
_FEWEST_TO_DIVIDE = 2  # workers, to divide work among
_ONE_CPU = (0.9, 1.1)  # CPUs that a loop keeps busy in every run if it hardly waits, in one thread
_NEARLY = 0.99  # of a bound: a lower one of chunks is another one
_SAME_WORK = 0.75  # of the CPU time of the loop: less is more than a faster CPU explains
_CPU_TAKEN = frozenset({DisturbanceKind.OTHER_PROGRAMS, DisturbanceKind.HOST})
_PLAIN = 0.2  # of the workers' time: what a loss costs at least is plain however much the times vary
_NOISE = 1.6  # upper over lower end of a speedup's interval; a wider one around 1 hides every cause


class ComparedCells:
    """The cells with one baseline that were measured and never failed.

    Args:
        cells: at least one, in the order of the grid
        times: the times by which they are compared
        has_equal_tasks: whether the tasks of the loop take about the same time; None: unknown
    """

    def __init__(
        self, cells: Sequence[CellAnalysis], times: CellTimes, *, has_equal_tasks: bool | None = None
    ) -> None:
        self.cells, self.times, self.has_equal_tasks = cells, times, has_equal_tasks
        self._no_busier: dict[str, bool] = {}  # by cell: each is asked for several times
        self._standings = {
            cell.cell.id: Standing(among_best=cell.among_best, beats_baseline=cell.beats_baseline)
            for cell in cells
        }
        #: number of repetitions in which all of them succeeded
        self.repetitions: int = times.together(cell.cell.id for cell in cells).shape[1]
        #: confidence level of each comparison with the best
        self.level: Level = times.level.to_compare(len(cells))

    @property
    def can_compare(self) -> bool:
        """Whether there are enough repetitions to compare this many cells."""
        return bool(self.repetitions >= self.level.fewest_blocks)

    @property
    def pools(self) -> list[CellAnalysis]:
        """The pools that have a speedup over another cell."""
        return [cell for cell in self.cells if cell.is_pool and cell.speedup is not None]

    @property
    def loop(self) -> CellAnalysis | None:
        """The plain loop that speedups are relative to; None if the baseline is something else."""
        return next((cell for cell in self.cells if cell.is_baseline and cell.cell.is_loop), None)

    def fastest_first(self, cells: Sequence[CellAnalysis]) -> list[CellAnalysis]:
        """Sort cells by the time by which they are compared."""
        return sorted(cells, key=lambda cell: self.times.middle(cell.cell.id))

    def compare(self, slower: CellAnalysis, faster: CellAnalysis) -> Comparison | None:
        """Compare two cells; None if they share no repetition.

        The comparisons of all cells together decide whether the difference is shown.
        """
        return compare(slower.cell, faster.cell, self.times, self._standings)

    def speedup_over_loop(self, pool: CellAnalysis) -> Estimate:
        """Estimate the speedup of a pool, at the level of the comparisons with the best."""
        loop_times, pool_times = self.times.together([pool.cell.baseline, pool.cell.id])
        confidence = max(self.times.level.confidence, self.level.confidence)
        return ratio_of_medians(loop_times, pool_times, confidence, self.level.seed)

    def worker_curve(self, cell: CellAnalysis) -> list[CellAnalysis]:
        """Return this cell and those that differ from it only in the number of workers, fewest first."""
        pools = [other for other in self.cells if other.cell.workers is not None]
        for curve in alike_but_for((pool.cell for pool in pools), "workers"):
            ids = {pool.id for pool in curve}
            if cell.cell.id in ids:
                return sorted((pool for pool in pools if pool.cell.id in ids), key=_workers)
        return []

    def fewer_workers(self, cell: CellAnalysis) -> list[CellAnalysis]:
        """Return the cells that differ from this one only in having fewer workers, fewest first."""
        return [other for other in self.worker_curve(cell) if _workers(other) < _workers(cell)]

    @property
    def multi_worker_pools(self) -> list[CellAnalysis]:
        """The pools that can divide work: a pool of a single worker cannot be faster than the loop."""
        return [
            pool for pool in self.pools if pool.cell.workers is None or _workers(pool) >= _FEWEST_TO_DIVIDE
        ]

    def winners(self) -> list[CellAnalysis]:
        """Return the pools that are shown to be faster than the loop, by a gain that is probably worth it."""
        return [
            pool
            for pool in self.multi_worker_pools
            if wins(pool.beats_baseline, self.speedup_over_loop(pool).value)
        ]

    def rivals(self) -> list[CellAnalysis]:
        """Return the pools that may be faster than the loop by a gain that is worth it."""
        return [
            pool
            for pool in self.multi_worker_pools
            if pool.among_best is not False
            and not self.is_bounded(pool)
            and not self.is_no_busier(pool)
            and self._may_gain(pool)
        ]

    def is_bounded(self, pool: CellAnalysis) -> bool:
        """Whether the bound of a pool, or that of its chunks, excludes a gain that is worth it."""
        bound = pool.own_bound
        if bound is None or (bound.is_range and self.repetitions < FEWEST_FOR_FAR):
            return False
        return bound.high < WORTH_IT

    def is_no_busier(self, pool: CellAnalysis) -> bool:
        """Whether a pool in one process keeps no more CPUs busy than the loop: it cannot be faster by 5 %.

        That follows where the loop keeps one CPU busy all the time and the pool needs as much CPU time, which
        it would not if its tasks waited in a loop. Unlike their times, the CPUs that they keep busy do not
        depend on how fast the CPUs are at the moment; repetitions in which other programs took some of them
        do not count.
        """
        if pool.cell.id not in self._no_busier:
            self._no_busier[pool.cell.id] = self._keeps_no_more_busy(pool)
        return self._no_busier[pool.cell.id]

    def _keeps_no_more_busy(self, pool: CellAnalysis) -> bool:
        if not pool.in_one_process or self.loop is None or pool.beats_baseline:
            return False
        of_loop, of_pool = (_undisturbed_runs(cell) for cell in (self.loop, pool))
        both = sorted(of_loop.keys() & of_pool.keys())
        loop, runs = (np.array([of[number] for number in both]).reshape(-1, 2) for of in (of_loop, of_pool))
        level = Level(max(self.times.level.confidence, self.level.confidence), self.level.seed)
        return keeps_no_more_busy(loop, runs, level, bags=pool.bags)

    def _may_gain(self, pool: CellAnalysis) -> bool:
        """Whether the times allow a gain that is worth it; few times exclude only far slower pools."""
        ratio = self.speedup_over_loop(pool)
        return pool.beats_baseline is not False if ratio.is_range else ratio.high > WORTH_IT


def wins(beats_baseline: bool | None, speedup: float) -> bool:  # noqa: FBT001 - a fact, not a switch
    """Whether a pool is shown to be faster than the loop, by a gain that is probably worth it."""
    return bool(beats_baseline) and speedup >= WORTH_IT


def keeps_no_more_busy(loop: Values, pool: Values, level: Level, *, bags: int = 1) -> bool:
    """Whether a pool keeps no more CPUs busy than a loop that keeps one busy, for as much work.

    Args:
        loop: CPU seconds and duration of the loop, an array of runs by 2
        pool: the same of the pool, in the same repetitions
        level: of the comparison
        bags: how many times the work of the loop the pool has done
    """
    if len(loop) < FEWEST_FOR_FAR:
        return False
    busy, busy_pool = loop[:, 0] / loop[:, 1], pool[:, 0] / pool[:, 1]
    if busy.min() < _ONE_CPU[0] or busy.max() > _ONE_CPU[1]:
        return False
    if np.median(pool[:, 0]) < _SAME_WORK * bags * np.median(loop[:, 0]):
        return False
    [ratio] = medians((busy_pool / busy)[np.newaxis], level.confidence, level.seed)
    return ratio.high < WORTH_IT


def _undisturbed_runs(cell: CellAnalysis) -> dict[int, tuple[float, float]]:
    """Return the CPU seconds and the duration of the runs from which nobody took CPUs, by repetition."""
    return {
        run.repetition: (run.cpu_s, run.wall_s)
        for run in cell.runs
        if run.cpu_s is not None and not {each.kind for each in parse(run.disturbance)} & _CPU_TAKEN
    }


def _workers(cell: CellAnalysis) -> int:
    return cell.cell.workers or 0


def answer_of(group: ComparedCells) -> Answer | None:
    """Decide whether a pool helps, from the comparisons of all cells together and from the bounds."""
    if not group.pools or group.loop is None:
        return None
    if group.winners():
        return Answer.HELPS
    return Answer.CANNOT_TELL if group.rivals() else Answer.DOES_NOT_HELP


def reason_of(group: ComparedCells) -> NoGain | None:
    """Return why the bounds allow no pool to help; None if they allow one to."""
    if not group.multi_worker_pools:
        return NoGain.ONE_WORKER
    if not all(group.is_bounded(pool) for pool in group.multi_worker_pools):
        return None
    highest = max(group.multi_worker_pools, key=lambda pool: pool.own_bound.high if pool.own_bound else 0.0)
    bound, chunk_bound = highest.speedup_bound, highest.chunk_bound
    if bound and chunk_bound and chunk_bound.high < _NEARLY * bound.high:
        return NoGain.ONE_CHUNK
    has_one_cpu = highest.usable_cpus == 1
    reasons = {
        # A first task that is long because it loads what all tasks use cannot be divided among workers.
        BoundLimit.LONGEST_TASK: NoGain.PREPARATION if _has_loading_first_tasks(group) else NoGain.ONE_TASK,
        BoundLimit.WORKERS: NoGain.PREPARATION,
        BoundLimit.EVENT_LOOP: NoGain.ONE_CPU if has_one_cpu else NoGain.EVENT_LOOP,
        BoundLimit.CPUS: NoGain.ONE_CPU if has_one_cpu else NoGain.ALL_CPUS_USED,
    }
    return reasons[highest.bound_limit or BoundLimit.CPUS]


def _has_loading_first_tasks(group: ComparedCells) -> bool:
    causes = (loss.cause for pool in group.multi_worker_pools for loss in pool.losses)
    return any(cause.code == FIRST_TASKS.code for cause in causes)


def no_busier_of(group: ComparedCells) -> tuple[str, ...]:
    """Return the pools with several workers that keep no more CPUs busy than the loop."""
    return tuple(pool.cell.id for pool in group.multi_worker_pools if group.is_no_busier(pool))


def recommended_of(group: ComparedCells, answer: Answer | None) -> CellAnalysis:
    """Choose the cell to use.

    If a pool helps: the pool with the fewest workers among those that are shown to be faster than the loop
    and not shown to be slower than the best. Otherwise the loop, or, while the repetitions are too few to
    tell, a pool that was faster in each of them. If there is no loop: the cell with the fewest workers among
    the best.
    """
    loop = group.loop
    if answer is Answer.HELPS:
        winners = group.winners()
        return _fewest_workers(group, [pool for pool in winners if pool.among_best is not False] or winners)
    if answer is not None and loop is not None:
        fastest = group.fastest_first([loop, *group.rivals()])[0]
        is_provisional = answer is Answer.CANNOT_TELL and not group.can_compare and group.repetitions > 1
        return fastest if is_provisional and fastest.speedup and fastest.speedup.low > 1 else loop
    best = [cell for cell in group.cells if cell.among_best]
    return _fewest_workers(group, best) if best else group.fastest_first(group.cells)[0]


def _fewest_workers(group: ComparedCells, cells: Sequence[CellAnalysis]) -> CellAnalysis:
    fewest = min(map(_workers, cells))
    return group.fastest_first([cell for cell in cells if _workers(cell) == fewest])[0]


def executors_of(group: ComparedCells, recommended: CellAnalysis) -> tuple[Comparison, ...]:
    """Compare the best cell of every other executor with the recommended cell, the fastest first."""
    by_executor: dict[str, list[CellAnalysis]] = {}
    for cell in group.cells:
        if not cell.cell.is_loop and cell.cell.executor != recommended.cell.executor:
            by_executor.setdefault(cell.cell.executor, []).append(cell)
    best = [
        group.fastest_first([cell for cell in cells if cell in group.multi_worker_pools] or cells)[0]
        for cells in by_executor.values()
    ]
    comparisons = (group.compare(cell, recommended) for cell in group.fastest_first(best))
    return tuple(comparison for comparison in comparisons if comparison is not None)


def fewer_workers_of(group: ComparedCells, fastest: CellAnalysis) -> FewerWorkers | None:
    """Decide whether fewer workers, all else being equal, are enough; None if it was not measured."""
    fewer = [cell for cell in group.fewer_workers(fastest) if cell in group.multi_worker_pools]
    if not fewer or any(cell.among_best is None for cell in fewer):
        return None
    good = [cell for cell in fewer if cell.among_best]
    winners = group.winners()
    enough = [cell.cell.id for cell in good if cell in winners]
    hidden = [cell.cell.id for cell in good if cell not in winners]
    return FewerWorkers(enough=enough[0] if enough else None, hidden=hidden[0] if hidden else None)


def more_workers_of(group: ComparedCells, recommended: CellAnalysis) -> Comparison | None:
    """Compare the recommended cell with the next larger number of workers, all else being equal."""
    marginals = (cell.marginal for cell in group.cells)
    return next(
        (marginal for marginal in marginals if marginal and marginal.slower == recommended.cell.id), None
    )


def more_repetitions_of(group: ComparedCells) -> MoreRepetitions:
    """Estimate how many repetitions would show whether a pool is faster than the loop.

    An interval narrows with the square root of the repetitions. If ratios do not change, the question is
    decided as soon as the interval of one rival with a gain that is worth it excludes 1, or those of all
    rivals exclude such a gain.
    """
    done, fewest, cells = group.repetitions, group.level.fewest_blocks, len(group.cells)
    if done < fewest:
        return MoreRepetitions(done=done, total=fewest, at_least=True, cells=cells, nearest=None)
    gains, losses = [], []
    for rival in group.rivals():
        ratio = group.speedup_over_loop(rival)
        gain, loss = _narrowing_factors(ratio)
        gains.append((gain, -ratio.value, rival.cell.id))
        losses.append(loss)
    gain, _, nearest = min(gains)
    needed = done * min(gain, max(losses)) ** 2
    total = None if needed - done > MOST_MORE_REPETITIONS else max(math.ceil(needed) | 1, done + 2)
    # An odd number, so that the median is a real run.
    return MoreRepetitions(done=done, total=total, at_least=False, cells=cells, nearest=nearest)


def _narrowing_factors(ratio: Estimate) -> tuple[float, float]:
    """Return the factors by which an interval must narrow to exclude 1, and any gain that is worth it."""
    value, low, high = (math.log(bound) for bound in (ratio.value, ratio.low, ratio.high))
    to_worth = math.log(WORTH_IT) - value
    gain = math.inf if to_worth > 0 else (value - low) / value
    return gain, (high - value) / to_worth if to_worth > 0 else math.inf


def explanation_of(group: ComparedCells, recommended: CellAnalysis) -> Explanation | None:
    """Explain why the recommended cell is not faster; None if nothing is known.

    A cell with one worker or none is replaced by the fastest pool with several workers, if there is one.
    """
    cell = recommended
    if _workers(cell) < _FEWEST_TO_DIVIDE:
        pools = [other for other in group.cells if other.cell.workers is not None]
        multi_worker_pools = [pool for pool in pools if _workers(pool) >= _FEWEST_TO_DIVIDE]
        if not pools:
            return None
        cell = group.fastest_first(multi_worker_pools or pools)[0]
    unexplained = cell.unexplained if cell.unexplained and cell.unexplained.is_of_tasks else None
    is_noise = _is_noise(group, cell)
    if not cell.losses and not cell.is_at_bound and unexplained is None and not is_noise:
        return None
    return Explanation(
        cell=cell.cell.id,
        losses=tuple(loss for loss in cell.losses if loss.share.low >= _PLAIN) if is_noise else cell.losses,
        unexplained=unexplained,
        is_at_bound=cell.is_at_bound and not is_noise,
        is_noise=is_noise,
        remedy=_remedy(group, cell),
    )


def remedies_of(group: ComparedCells) -> dict[str, Remedy]:
    """Choose the remedy for each pool, by cell; omit pools without a known remedy."""
    remedies = ((cell.cell.id, _remedy(group, cell)) for cell in group.cells)
    return {cell: remedy for cell, remedy in remedies if remedy is not None}


def _remedy(group: ComparedCells, cell: CellAnalysis) -> Remedy | None:
    return None if _is_noise(group, cell) else remedy_of(group, cell)


def _is_noise(group: ComparedCells, cell: CellAnalysis) -> bool:
    """Whether the times of a pool vary too much to show whether it is faster: they cannot be explained."""
    speedup = cell.speedup
    if speedup is None or speedup.is_range or group.is_no_busier(cell):
        return False
    return speedup.low < 1 < speedup.high and speedup.high > _NOISE * speedup.low
