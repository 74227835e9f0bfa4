"""Which cells may be compared with each other, and which of them are the best."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from runner.analysis.alike import alike_but_for
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level, Values, among_best, ratio_of_medians
from runner.analysis.sample_size import FEWEST_FOR_FAR
from runner.disturbances import MAX_SLOWDOWN
from runner.facts import Comparison
from runner.records import Cell

#: The multiple of the largest disturbance that the smallest ratio must exceed.
TIMES_THE_DISTURBANCE = 2.0


def groups_of(cells: Iterable[Cell]) -> dict[str, list[Cell]]:
    """Group cells by their baseline, in the order of the grid."""
    groups: dict[str, list[Cell]] = {}
    for cell in cells:
        groups.setdefault(cell.baseline, []).append(cell)
    return groups


def next_fewer_workers(cells: Iterable[Cell]) -> dict[str, str]:
    """Find, by cell, the cell of its group with the next smaller number of workers, all else being equal.

    Args:
        cells: those that were measured and never failed
    """
    fewer: dict[str, str] = {}
    for group in groups_of(cell for cell in cells if cell.workers is not None).values():
        for curve in alike_but_for(group, "workers"):
            by_workers = sorted(curve, key=lambda cell: cell.workers or 0)
            fewer |= {cell.id: smaller.id for smaller, cell in pairwise(by_workers)}
    return fewer


def best_baselines(cells: Sequence[Cell], times: CellTimes) -> dict[str, str]:
    """Find, by cell, the fastest baseline that does the same work, whatever its interpreter."""
    work_of = _work_by_cell(cells)
    best: dict[str, str] = {}
    for cell in cells:
        if cell.is_baseline and times.of(cell.id):
            rival = best.setdefault(work_of[cell.id], cell.id)
            best[work_of[cell.id]] = min(
                rival, cell.id, key=lambda baseline: (times.middle(baseline), baseline)
            )
    return {cell.id: best[work_of[cell.id]] for cell in cells if work_of[cell.id] in best}


def _work_by_cell(cells: Iterable[Cell]) -> dict[str, str]:
    """Return `Cell.work` by cell. Cells of one workload share its settings, whose text may be long."""
    texts: dict[int, str] = {}
    work_of = {}
    for cell in cells:
        settings = id(cell.settings["workload"])
        if settings not in texts:
            texts[settings] = cell.work
        work_of[cell.id] = texts[settings]
    return work_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """How a cell compares with the others of its group. Every statement about it follows from this."""

    among_best: bool | None  #: not shown to be slower than the best; None: too few repetitions to tell
    beats_baseline: bool | None  #: shown to be faster than the baseline; None: too few repetitions to tell


def standings(
    groups: Mapping[str, Sequence[Cell]], times: CellTimes, slowdowns: Mapping[str, float]
) -> dict[str, Standing]:
    """Compare the cells of every group with each other; by id.

    Args:
        groups: the cells by their baseline
        times: the times by which they are compared
        slowdowns: by cell, how many times slower the machine was at worst than at its best
    """
    by_cell: dict[str, Standing] = {}
    for baseline, group in groups.items():
        timed = [cell.id for cell in group if times.of(cell.id)]
        walls = times.together(timed)
        if not walls.size:
            by_cell |= {cell: Standing(among_best=None, beats_baseline=None) for cell in timed}
            continue
        slowdown = max(slowdowns.get(cell, 1.0) for cell in timed)
        slower = [[is_far_slower(times_s, others_s, slowdown) for others_s in walls] for times_s in walls]
        row = timed.index(baseline) if baseline in timed else None
        if len(timed) == 1 or walls.shape[1] >= times.level.to_compare(len(timed)).fewest_blocks:
            shown = by_intervals(walls, row, times.level)
        else:
            shown = [Standing(among_best=None, beats_baseline=None)] * len(timed)
        shown = [
            _with_overwhelming_differences(standing, index, row, slower)
            for index, standing in enumerate(shown)
        ]
        by_cell |= zip(timed, _with_sole_survivor(shown), strict=True)
    return by_cell


def compare(
    slower: Cell, faster: Cell, times: CellTimes, standings: Mapping[str, Standing]
) -> Comparison | None:
    """Compare two cells of one group; None if they share no repetition.

    The comparisons of all cells together decide whether the difference is shown.
    """
    ratio = times.ratio(slower.id, faster.id)
    if ratio is None:
        return None
    loser, winner = (slower, faster) if ratio.value >= 1 else (faster, slower)
    if loser.is_baseline:
        decided = standings[winner.id].beats_baseline
    elif standings[loser.id].among_best is None:
        decided = None
    else:
        decided = standings[loser.id].among_best is False and (ratio.is_range or ratio.excludes(1))
    return Comparison(slower=slower.id, faster=faster.id, ratio=ratio, decided=decided)


def is_far_slower(slower: Values, faster: Values, slowdown: float) -> bool:
    """Whether one cell is slower in every repetition, by far more than any disturbance can explain.

    This needs fewer repetitions than an interval (docs/method.md, Overwhelming differences). False with fewer
    than three.

    Args:
        slower: times of one cell, by repetition
        faster: times of the other, in the same repetitions
        slowdown: how many times slower the machine was at worst than at its best
    """
    if len(slower) < FEWEST_FOR_FAR:
        return False
    spreads = (float(times.max() / times.min()) for times in (slower, faster))
    disturbance = max(MAX_SLOWDOWN, slowdown, *spreads)
    return bool((slower / faster).min() > TIMES_THE_DISTURBANCE * disturbance)


def by_intervals(walls: Values, baseline: int | None, level: Level) -> list[Standing]:
    """Compare by intervals; the comparisons of the baseline with each pool are planned beforehand.

    A cell is not among the best if the interval of its own speedup lies below 1. Nor is the baseline if some
    pool is faster at the level of all comparisons together.

    Args:
        walls: times; rows are cells, columns blocks
        baseline: row of the baseline; None: it has no times
        level: of a single interval
    """
    best = among_best(walls, *level)
    beats: list[bool | None] = [None] * len(walls)
    if baseline is not None:
        for row, times in enumerate(walls):
            if row != baseline:
                beats[row] = ratio_of_medians(walls[baseline], times, *_strict(level, len(walls))).low > 1
                best[row] = best[row] and not ratio_of_medians(walls[baseline], times, *level).high < 1
        beats[baseline] = False
        best[baseline] = not any(beats)
    return [
        Standing(among_best=is_best, beats_baseline=is_faster)
        for is_best, is_faster in zip(best, beats, strict=True)
    ]


def _strict(level: Level, cells: int) -> Level:
    """Return the level of all comparisons together, but never less than that of a single interval."""
    return level._replace(confidence=max(level.confidence, level.to_compare(cells).confidence))


def _with_overwhelming_differences(
    standing: Standing, row: int, baseline: int | None, slower: Sequence[Sequence[bool]]
) -> Standing:
    """Add what overwhelming differences show."""
    is_slow = any(slower[row])
    beats = standing.beats_baseline
    if baseline is not None and beats is None and row != baseline:
        beats = True if slower[baseline][row] else False if slower[row][baseline] else None
    return Standing(among_best=False if is_slow else standing.among_best, beats_baseline=beats)


def _with_sole_survivor(shown: Sequence[Standing]) -> list[Standing]:
    """If all cells but one are shown to be slower than the best, the remaining one is the best."""
    remaining = [standing for standing in shown if standing.among_best is not False]
    return [
        replace(standing, among_best=True) if remaining == [standing] and len(remaining) == 1 else standing
        for standing in shown
    ]
