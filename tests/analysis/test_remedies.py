"""What helps a pool: one row for each rule, from the settings and figures of a study."""

from dataclasses import replace
from typing import Any

import pytest

from runner.analysis.answer import ComparedCells
from runner.analysis.explain import causes, start_up
from runner.analysis.headline import CellTimes
from runner.analysis.intervals import Level
from runner.analysis.remedies import remedy_of
from runner.facts import Cause, CellAnalysis, RemedyCode
from tests.analysis_factories import analysed_cell, estimate, loss
from tests.factories import POOL, SETTINGS, cell

THREADS = {"name": "thread", "pool": {"_target_": "concurrent.futures.ThreadPoolExecutor"}}
SPAWN: dict[str, Any] = {
    "name": "process",
    "pool": {"_target_": "concurrent.futures.ProcessPoolExecutor", "mp_context": "spawn"},
}
NOISE = (1.0, 1.01, 0.99, 1.02, 0.98, 1.0, 1.01)


def pool(cause: Cause, share: float = 0.3, *, settings: Any = None, workers: int = 4, **changes: Any) -> Any:
    """Make a pool that loses a share of its workers' time to one cause; it takes 1 s, as the loop does."""
    settings = settings or {**SETTINGS, "executor": POOL}
    pool_cell = replace(cell("process", workers), settings=settings, executor=settings["executor"]["name"])
    chunk_size = changes.pop("chunk_size", 1)
    facts = {"losses": (loss(share, cause),), "tasks": 100, "tasks_per_chunk": 1, **changes}
    return analysed_cell(cell=replace(pool_cell, chunk_size=chunk_size), **facts)


def remedy(losing_pool: CellAnalysis, *others: CellAnalysis, equal: bool | None = None) -> RemedyCode | None:
    """Choose the remedy for a pool that is compared with others, by their times."""
    cells = [analysed_cell("serial"), losing_pool, *others]
    times = {
        analysed.cell.id: {
            number: (analysed.wall_s or estimate(1.0)).value * factor for number, factor in enumerate(NOISE)
        }
        for analysed in cells
    }
    group = ComparedCells(cells, CellTimes(times, Level(0.95, 1)), has_equal_tasks=equal)
    chosen = remedy_of(group, losing_pool)
    return None if chosen is None else chosen.code


IN_THREADS = {**SETTINGS, "executor": THREADS}
FEWER_SLOWER = analysed_cell("process", 2, wall_s=2.0, among_best=False)
FEWER_AS_GOOD = analysed_cell("process", 2, wall_s=1.0)
SLOWER_THREADS = analysed_cell(
    cell=replace(cell("thread", 4), settings={**SETTINGS, "executor": THREADS}), wall_s=2.0
)
FASTER_PROCESSES = analysed_cell("process", 8, wall_s=0.5)
SLOWER_PROCESSES = analysed_cell("process", 8, wall_s=2.0)


@pytest.mark.parametrize(
    ("losing_pool", "others", "equal", "code"),
    [
        (pool(start_up.LATE_WORKERS), (), None, RemedyCode.FEWER_WORKERS),
        (pool(start_up.LATE_WORKERS), (FEWER_SLOWER,), None, None),
        (
            pool(start_up.LATE_WORKERS, settings={**SETTINGS, "executor": SPAWN}),
            (),
            None,
            RemedyCode.OF_CAUSE,
        ),
        (
            pool(start_up.LATE_WORKERS, settings={**SETTINGS, "executor": SPAWN}),
            (FEWER_SLOWER,),
            None,
            RemedyCode.QUICKER_START,
        ),
        (pool(causes.DISPATCH), (), None, RemedyCode.OF_CAUSE),
        (pool(causes.DISPATCH, chunk_size="auto"), (), None, RemedyCode.LESS_DATA),
        (pool(causes.DISPATCH, chunk_size=25), (), None, RemedyCode.LESS_DATA),
        (pool(causes.DISPATCH, chunk_size=None), (), None, RemedyCode.LESS_DATA),
        (pool(causes.UNEVEN_TASKS), (), False, RemedyCode.OF_CAUSE),
        (pool(causes.UNEVEN_TASKS), (), True, RemedyCode.MORE_TASKS),
        (pool(causes.PLACEMENT), (), False, RemedyCode.LONGEST_FIRST),
        (pool(causes.PLACEMENT), (), True, None),
        (pool(causes.PLACEMENT, chunk_size=4, tasks_per_chunk=4), (), True, RemedyCode.SMALLER_CHUNKS),
        (pool(causes.PLACEMENT, chunk_size=4, tasks_per_chunk=4), (), False, RemedyCode.OF_CAUSE),
        (pool(causes.PLACEMENT, chunk_size="auto", tasks_per_chunk=4), (), True, None),
        (pool(causes.LOCK, settings=IN_THREADS), (), None, RemedyCode.OF_CAUSE),
        (pool(causes.LOCK, settings=IN_THREADS), (FASTER_PROCESSES,), None, RemedyCode.OF_CAUSE),
        (pool(causes.LOCK, settings=IN_THREADS), (SLOWER_PROCESSES,), None, None),
        (pool(causes.FULL_EVENT_LOOP, settings=IN_THREADS), (), None, RemedyCode.OF_CAUSE),
        (pool(causes.FULL_EVENT_LOOP, settings=IN_THREADS), (SLOWER_PROCESSES,), None, RemedyCode.LESS_WORK),
        (pool(causes.SHARED_OBJECTS, settings=IN_THREADS), (), None, RemedyCode.OF_CAUSE),
        (pool(causes.SHARED_OBJECTS, settings=IN_THREADS), (SLOWER_PROCESSES,), None, RemedyCode.OWN_COPIES),
        (pool(causes.COPIED_PAGES), (), None, RemedyCode.OF_CAUSE),
        (pool(causes.COPIED_PAGES), (FEWER_SLOWER,), None, RemedyCode.COMPACT_DATA),
        (pool(causes.COPIED_PAGES), (SLOWER_THREADS,), None, RemedyCode.COMPACT_DATA),
        (pool(causes.SHARED_CORES), (FEWER_SLOWER,), None, None),
        (pool(causes.OVERSUBSCRIBED), (FEWER_AS_GOOD,), None, RemedyCode.OF_CAUSE),
        (pool(causes.OVERSUBSCRIBED), (FEWER_SLOWER,), None, None),
        (pool(causes.SLOWER_CPU), (FEWER_AS_GOOD,), None, RemedyCode.OF_CAUSE),
        (pool(causes.SLOWER_CPU), (FEWER_SLOWER,), None, RemedyCode.LESS_TRAFFIC),
        (pool(causes.NATIVE_THREADS), (), None, RemedyCode.OF_CAUSE),
        (
            pool(
                causes.NATIVE_THREADS,
                settings={**SETTINGS, "executor": POOL, "env": {"OMP_NUM_THREADS": "1"}},
            ),
            (),
            None,
            None,
        ),
        (pool(start_up.POOL_START, 0.2), (), None, RemedyCode.OF_CAUSE),
        (pool(start_up.POOL_START, 0.8), (), None, RemedyCode.MORE_ITEMS),
        (pool(start_up.POOL_START, 0.04), (), None, None),  # little is left to gain
        (pool(start_up.POOL_START, 0.2, efficiency=estimate(0.98)), (), None, None),
    ],
)
def test_a_remedy_is_only_given_where_the_study_allows_it(
    losing_pool: CellAnalysis, others: tuple[CellAnalysis, ...], equal: Any, code: RemedyCode | None
) -> None:
    assert remedy(losing_pool, *others, equal=equal) is code
