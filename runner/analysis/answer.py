"""The answer for the cells with one baseline: what to use, how sure that is, and why."""

import math
from collections.abc import Sequence

from runner.analysis.alike import alike_but_for
from runner.analysis.estimate import Estimate
from runner.analysis.explain.causes import OVERSUBSCRIBED, PLACEMENT, POOL_END
from runner.analysis.explain.start_up import POOL_START
from runner.analysis.facts import (
    MOST_MORE_REPETITIONS,
    Answer,
    Cause,
    CellAnalysis,
    Comparison,
    Explanation,
    FewerWorkers,
    MoreRepetitions,
    Remedy,
    RemedyCode,
)
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level, ratio_of_medians

_WORTH_IT = 1.05  # a gain that is shown to be smaller than this is no help
_FEWEST_TO_SHARE = 2  # workers


class ComparedCells:
    """The cells with one baseline that were measured and never failed.

    Args:
        cells: at least one, in the order of the grid
        times: by which they are compared
    """

    def __init__(self, cells: Sequence[CellAnalysis], times: CellTimes) -> None:
        self.cells, self.times = cells, times
        #: in which all of them succeeded
        self.repetitions: int = times.together(cell.cell.id for cell in cells).shape[1]
        #: of each comparison with the best
        self.level: Level = times.level.to_compare(len(cells))

    @property
    def can_compare(self) -> bool:
        """Whether there are enough repetitions to tell so many cells apart."""
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
        """Sort cells by what they are compared by."""
        return sorted(cells, key=lambda cell: self.times.middle(cell.cell.id))

    def over(self, slower: str, faster: str) -> Comparison | None:
        """Compare two cells; None if they share no repetition."""
        ratio = self.times.ratio(slower, faster)
        return Comparison(slower=slower, faster=faster, ratio=ratio) if ratio else None

    def loop_over(self, pool: CellAnalysis) -> Estimate:
        """Compare a pool with its baseline at the level of the comparisons with the best."""
        both = self.times.together([pool.cell.baseline, pool.cell.id])
        return ratio_of_medians(both[0], both[1], *self.level)

    def alike(self, cell: CellAnalysis) -> list[CellAnalysis]:
        """Return the cells that differ from one in nothing but the number of workers, fewest first."""
        pools = [other for other in self.cells if other.cell.workers is not None]
        for curve in alike_but_for((pool.cell for pool in pools), "workers"):
            ids = {pool.id for pool in curve}
            if cell.cell.id in ids:
                return sorted((pool for pool in pools if pool.cell.id in ids), key=_workers)
        return []

    def fewer_workers(self, cell: CellAnalysis) -> list[CellAnalysis]:
        """Return the cells like one with fewer workers, fewest first."""
        return [other for other in self.alike(cell) if _workers(other) < _workers(cell)]

    def rivals(self) -> list[CellAnalysis]:
        """Return the pools that may be faster than the loop by as much as is worth it."""
        candidates = [pool for pool in self.pools if pool.among_best]
        return [pool for pool in candidates if self.loop_over(pool).high > _WORTH_IT]


def _workers(cell: CellAnalysis) -> int:
    return cell.cell.workers or 0


def answer_of(group: ComparedCells) -> Answer | None:
    """Tell whether a pool helps, from the comparisons of all cells together."""
    loop = group.loop
    if not group.pools or loop is None:
        return None
    if not group.can_compare:
        return Answer.CANNOT_TELL
    if not loop.among_best:
        is_worth_it = any(group.loop_over(pool).high > _WORTH_IT for pool in group.pools)
        return Answer.HELPS if is_worth_it else Answer.DOES_NOT_HELP
    return Answer.CANNOT_TELL if group.rivals() else Answer.DOES_NOT_HELP


def recommended_of(group: ComparedCells) -> CellAnalysis:
    """Choose, of the cells that are not shown to be slower than the best, the one with fewest workers.

    Too few repetitions show nothing. Then it is the fastest; or the baseline, if it was once as fast, or may
    have been for all that a single repetition shows.
    """
    fastest = group.fastest_first(group.cells)[0]
    if any(cell.among_best is None for cell in group.cells):
        baseline = next((cell for cell in group.cells if cell.is_baseline), None)
        was_level = fastest.speedup is not None and fastest.speedup.low <= 1
        may_be_level = was_level or min(cell.repetitions for cell in group.cells) == 1
        return baseline if baseline and may_be_level and fastest.cell.workers is not None else fastest
    best = [cell for cell in group.cells if cell.among_best]
    fewest = min(map(_workers, best))  # the plain loop needs none
    return group.fastest_first([cell for cell in best if _workers(cell) == fewest])[0]


def fewer_workers_of(group: ComparedCells, fastest: CellAnalysis) -> FewerWorkers | None:
    """Tell whether fewer workers, all else being equal, would do; None if it was not measured."""
    if fastest.cell.workers is None or group.repetitions < group.times.level.fewest_blocks:
        return None
    fewer = group.fewer_workers(fastest)
    if not fewer:
        return None
    for cell in fewer:
        ratio = group.times.ratio(cell.cell.id, fastest.cell.id)
        if ratio is not None and not ratio.excludes(1):
            return FewerWorkers(enough=cell.cell.id)
    return FewerWorkers(enough=None)


def more_workers_of(group: ComparedCells, recommended: CellAnalysis) -> Comparison | None:
    """Compare the recommended cell with the next larger number of workers, all else being equal."""
    if recommended.cell.workers is None:
        return None
    larger = [cell for cell in group.alike(recommended) if _workers(cell) > _workers(recommended)]
    return group.over(recommended.cell.id, larger[0].cell.id) if larger else None


def more_repetitions_of(group: ComparedCells) -> MoreRepetitions:
    """Estimate how many repetitions would tell whether a pool is faster than the loop.

    An interval narrows with the square root of the repetitions. The study can tell as soon as the interval of
    one rival excludes 1, or those of all rivals exclude a gain that is worth it, if ratios stay as they are.
    """
    done, fewest, cells = group.repetitions, group.level.fewest_blocks, len(group.cells)
    if done < fewest:
        return MoreRepetitions(done=done, total=fewest, at_least=True, cells=cells, nearest=None)
    gains, losses = [], []
    for rival in group.rivals():
        gain, loss = _times_narrower(group.loop_over(rival))
        gains.append((gain, rival.name, rival.cell.id))
        losses.append(loss)
    gain, _, nearest = min(gains)
    needed = done * min(gain, max(losses)) ** 2
    total = None if needed - done > MOST_MORE_REPETITIONS else max(math.ceil(needed) | 1, done + 2)
    # An odd number, so that the median is a real run.
    return MoreRepetitions(done=done, total=total, at_least=False, cells=cells, nearest=nearest)


def _times_narrower(ratio: Estimate) -> tuple[float, float]:
    """Return by what factor an interval has to narrow to exclude 1, and every gain that is worth it."""
    value, low, high = (math.log(bound) for bound in (ratio.value, ratio.low, ratio.high))
    to_worth = math.log(_WORTH_IT) - value
    gain = (value - low) / value if value > 0 else math.inf
    return gain, (high - value) / to_worth if to_worth > 0 else math.inf


def explanation_of(group: ComparedCells, recommended: CellAnalysis) -> Explanation | None:
    """Tell why the recommended cell is not faster; None where nothing is known.

    A cell with one worker or none is replaced by the fastest pool with several workers, if there is one.
    """
    cell = recommended
    if _workers(cell) < _FEWEST_TO_SHARE:
        pools = [other for other in group.cells if other.cell.workers is not None]
        sharing = [pool for pool in pools if _workers(pool) >= _FEWEST_TO_SHARE]
        if not pools:
            return None
        cell = group.fastest_first(sharing or pools)[0]
    unexplained = None if cell.losses else cell.unexplained
    if not cell.losses and not cell.is_at_bound and unexplained is None:
        return None
    return Explanation(
        cell=cell.cell.id,
        losses=cell.losses,
        unexplained=unexplained,
        is_at_bound=cell.is_at_bound,
        remedy=_remedy(group, cell),
    )


def _remedy(group: ComparedCells, cell: CellAnalysis) -> Remedy | None:
    """Choose what is most likely to help a pool."""
    causes = [loss.cause for loss in cell.losses if not _is_refuted(group, cell, loss.cause)]
    if _is_too_small(group, cell):
        return Remedy(code=RemedyCode.MORE_ITEMS, cause=cell.losses[0].cause)
    if not causes:
        return None
    is_single = causes[0] == PLACEMENT and cell.cell.chunk_size == 1  # there are no smaller chunks
    return Remedy(code=RemedyCode.LONGEST_FIRST if is_single else RemedyCode.OF_CAUSE, cause=causes[0])


def _is_too_small(group: ComparedCells, cell: CellAnalysis) -> bool:
    """Whether a pool's start-up or shutdown costs most, and both cost all that its workers could save."""
    loop, workers, losses = group.loop, _workers(cell), cell.losses
    if loop is None or loop.wall_s is None or cell.wall_s is None or workers < _FEWEST_TO_SHARE:
        return False
    if not losses or losses[0].cause not in _OF_THE_POOL:
        return False
    share = sum(loss.share.value for loss in losses if loss.cause in _OF_THE_POOL)
    loop_s = loop.wall_s.value * cell.bags
    return share * cell.wall_s.value >= loop_s * (1 - 1 / workers)


_OF_THE_POOL = (POOL_START, POOL_END)


def _is_refuted(group: ComparedCells, cell: CellAnalysis, cause: Cause) -> bool:
    """Whether fewer workers would help against a cause, but were measured and are shown to be slower."""
    fewer = group.fewer_workers(cell)
    if cause != OVERSUBSCRIBED or not fewer:
        return False
    if cell.among_best and all(other.among_best is False for other in fewer):
        return True
    ratios = [group.times.ratio(other.cell.id, cell.cell.id) for other in fewer]
    return all(ratio is not None and ratio.excludes(1) and ratio.value > 1 for ratio in ratios)
