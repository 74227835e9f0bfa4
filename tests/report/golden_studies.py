"""Analysed studies whose whole output is kept in tests/report/golden/.

`python -m tests.report.golden_studies` writes the golden texts again; review the change before committing.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from runner.analysis.explain import causes, start_up
from runner.disturbances import DisturbanceKind
from runner.facts import (
    Anomaly,
    Answer,
    BoundLimit,
    BreakEven,
    CellsFailed,
    Comparison,
    DisturbanceCount,
    DisturbedRuns,
    Explanation,
    FewerWorkers,
    Hotspot,
    KnownAnswerAnalysis,
    KnownOutcome,
    Limit,
    Memory,
    MoreRepetitions,
    NotRun,
    OddTimes,
    OutOfReach,
    ProfileAnalysis,
    Remedy,
    RemedyCode,
    Service,
    ShortWindow,
    ShortWindows,
    SnippetRanking,
    StudyAnalysis,
    TooFewRepetitions,
    Unexplained,
    WorkComparison,
)
from runner.folder.study_description import StudyAnswer
from runner.records import Mode
from runner.report.terminal import render_terminal
from tests.analysis_factories import (
    analysed_cell,
    analysed_group,
    analysed_snippet,
    analysed_study,
    estimate,
    loss,
    study_facts,
)
from tests.factories import cell

GOLDEN = Path(__file__).parent / "golden"


def pools() -> StudyAnalysis:
    """Four workers are enough; threads lose to the GIL."""
    serial = analysed_cell("serial", wall_s=2.0, memory=Memory(peak_pss_bytes=5_760_000, error=""))
    two = analysed_cell("process", 2, wall_s=1.1, speedup=1.82, among_best=False)
    four = analysed_cell(
        "process",
        4,
        wall_s=1.05,
        speedup=1.9,
        is_at_bound=True,
        losses=(loss(0.35, causes.OVERSUBSCRIBED), loss(0.18, causes.UNEVEN_TASKS)),
        limit=Limit(kind="cpus", count=2),
        memory=Memory(peak_pss_bytes=38_400_000, error=""),
    )
    eight = analysed_cell(
        "process",
        8,
        wall_s=1.0,
        speedup=2.0,
        losses=(loss(0.39, causes.OVERSUBSCRIBED),),
        limit=Limit(kind="tasks", count=6),
        anomalies={Anomaly.OUTLIERS: 1},
    )
    threads = analysed_cell("thread", 4, wall_s=2.1, speedup=0.95, losses=(loss(0.48, causes.LOCK),))
    cells = [serial, two, four, eight, threads]
    remedy = Remedy(code=RemedyCode.OF_CAUSE, cause=causes.UNEVEN_TASKS)
    gain = Comparison(slower="process4", faster="process8", ratio=estimate(1.05, 0.97, 1.2))
    group = analysed_group(
        cells,
        recommended="process4",
        needed_repetitions=7,
        fewer_workers=FewerWorkers(enough="process4"),
        more_workers=gain,
        remedies={"process4": remedy},
        explanation=Explanation(
            cell="process4",
            losses=four.losses,
            unexplained=None,
            is_at_bound=True,
            is_noise=False,
            remedy=remedy,
        ),
    )
    return analysed_study(cells, groups=(group,), warnings=(OddTimes(cells=("process8",)),))


def weak() -> StudyAnalysis:
    """Weak scaling: one bag for each worker."""
    serial = analysed_cell("serial", bag_s=estimate(1.0))
    two = cell("process", 2)
    two = replace(two, settings={**two.settings, "bags": 2})
    pool = analysed_cell(cell=two, wall_s=1.25, speedup=1.6, bags=2, bag_s=estimate(0.625))
    group = analysed_group(
        [serial, pool],
        answer=Answer.HELPS,
        fastest="process2",
        recommended="process2",
        fewer_workers=FewerWorkers(enough=None),
    )
    return analysed_study([serial, pool], study=study_facts(Mode.weak), groups=(group,))


def throughput() -> StudyAnalysis:
    """Tasks per second within a window that is too short."""
    serial = analysed_cell(
        "serial",
        tasks_per_s=estimate(100.0),
        service=Service(p50_s=0.01, p90_s=0.012, p99_s=0.02),
        speedup_bound=None,
    )
    short = ShortWindow(tasks=16.0, needed_s=3)
    pool = analysed_cell(
        "process",
        2,
        speedup=1.6,
        wall_s=0.9,
        tasks_per_s=estimate(160.0),
        service=Service(p50_s=0.0125, p90_s=0.015, p99_s=0.03),
        speedup_bound=None,
        short_window=short,
    )
    warnings = (
        ShortWindows(cells=("process2",), worst=short),
        DisturbedRuns(
            disturbed=3,
            runs=14,
            kinds=(
                DisturbanceCount(kind=DisturbanceKind.SLOW_CPU, runs=3, most=1.5),
                DisturbanceCount(kind=DisturbanceKind.HOST, runs=1, most=0.25),
            ),
        ),
    )
    return analysed_study([serial, pool], study=study_facts(Mode.throughput), warnings=warnings)


def failures() -> StudyAnalysis:
    """Some cells fail, and every cell of one workload."""
    error = "items[1] = 2 raised ValueError: bad item"
    serial = analysed_cell("serial")
    crashed = analysed_cell(
        "process", 2, status="crashed", error="a worker died", printed=("output/process2_1.txt",)
    )
    wrong = analysed_cell("thread", 2, status="wrong_result", error="items[1] = 2 gave -1, but 2 expected")
    others = [
        analysed_cell(
            cell=replace(
                cell(executor, workers), id=f"other {executor}", baseline="other serial", workload="other"
            ),
            status="failed",
            error=error,
        )
        for executor, workers in (("serial", None), ("thread", 2))
    ]
    warnings = (
        CellsFailed(
            workload="work",
            status="crashed",
            cells=("process2",),
            is_all=False,
            in_loop=False,
            error="a worker died",
            from_reference=False,
        ),
        CellsFailed(
            workload="other",
            status="failed",
            cells=("other serial", "other thread"),
            is_all=True,
            in_loop=True,
            error=error,
            from_reference=False,
        ),
        CellsFailed(
            workload="work",
            status="wrong_result",
            cells=("thread2",),
            is_all=False,
            in_loop=False,
            error=wrong.error,
            from_reference=False,
        ),
        DisturbedRuns(
            disturbed=1,
            runs=7,
            kinds=(DisturbanceCount(kind=DisturbanceKind.OTHER_PROGRAMS, runs=1, most=0.5),),
        ),
    )
    return analysed_study([serial, crashed, wrong, *others], warnings=warnings)


def snippets() -> StudyAnalysis:
    """Snippets, ranked with too few repetitions for all of them."""
    serial = analysed_cell("serial")
    ranked = [
        analysed_snippet("list", 1e-6, relative=estimate(1.0, 1.0, 1.0)),
        analysed_snippet("sum", 1.5e-6, relative=estimate(1.5)),
        analysed_snippet("set", 2e-6, relative=estimate(2.0)),
    ]
    ranking = SnippetRanking(
        quickest=ranked[0], next=ranked[1], rivals=(), repetitions=7, needed_repetitions=8
    )
    group = analysed_group([serial], snippets=ranking)
    return analysed_study([serial], groups=(group,), tasks=tuple(reversed(ranked)))


def sizes() -> StudyAnalysis:
    """A pool that is faster from a size on, and the code of many groups."""
    cells, groups = [], []
    for count, speedup in ((10, 0.5), (100, 1.1), (1000, 1.8)):
        swept = {"workload.items.count": count}
        base = replace(cell("serial", None), id=f"base{count}", baseline=f"base{count}", swept=swept)
        base = replace(
            base, settings={**base.settings, "workload": {**base.settings["workload"], "items": [count]}}
        )
        pool = replace(cell("process", 2), id=f"pool{count}", baseline=base.id, swept=swept)
        pool = replace(pool, settings={**pool.settings, "workload": base.settings["workload"]})
        serial = analysed_cell(
            cell=base,
            name=f"serial (count={count})",
            wall_s=count / 100,
            memory=Memory(peak_pss_bytes=None, error="the process ended at once"),
        )
        parallel = analysed_cell(
            cell=pool,
            name=f"process × 2 (count={count})",
            wall_s=count / 100 / speedup,
            speedup=speedup,
            beats_baseline=count > 100,
        )
        cells += [serial, parallel]
        groups.append(analysed_group([serial, parallel], where=swept))
    groups[0] = replace(
        groups[0],
        executors=(Comparison(slower="pool10", faster="base10", ratio=estimate(2.0)),),
        explanation=Explanation(
            cell="pool10",
            losses=(loss(0.41, start_up.POOL_START),),
            unexplained=None,
            is_at_bound=False,
            is_noise=False,
            remedy=Remedy(code=RemedyCode.MORE_ITEMS, cause=start_up.POOL_START),
        ),
    )
    groups[1] = replace(
        groups[1],
        answer=Answer.CANNOT_TELL,
        recommended="base100",
        executors=(
            Comparison(slower="pool100", faster="base100", ratio=estimate(0.89, 0.75, 1.1), decided=False),
        ),
        more_repetitions=MoreRepetitions(done=7, total=103, at_least=False, cells=2, nearest="pool100"),
    )
    break_even = BreakEven(
        setting="workload.items.count",
        workload="work",
        cells=("pool10", "pool100", "pool1000"),
        name="process × 2",
        sizes=(10.0, 100.0, 1000.0),
        size=estimate(72.3, 31.0, math.inf),
        faster_at=(100.0, 1000.0),
        shown_at=(100.0, 1000.0),
        is_shown=True,
        problem=None,
    )
    return analysed_study(
        cells,
        study=study_facts(swept=("workload.items.count",)),
        groups=tuple(groups),
        break_evens=(break_even,),
    )


def pythons() -> StudyAnalysis:
    """The same work in two interpreters; functions that block an event loop; few repetitions."""
    cells, groups = [], []
    for version, wall_s in (("3.11.7", 3.0), ("3.13.0", 2.0)):
        base = replace(cell("serial", None), id=f"base{version}", baseline=f"base{version}", python=version)
        pool = replace(cell("asyncio", 2), id=f"pool{version}", baseline=base.id, python=version)
        best = estimate(2.0 / wall_s, is_range=True)
        serial = analysed_cell(
            cell=base, wall_s=wall_s, speedup_of_best=best, name=f"serial (python={version})", repetitions=3
        )
        loop = analysed_cell(
            cell=pool,
            name=f"asyncio × 2 (python={version})",
            wall_s=wall_s * 1.01,
            speedup=0.99,
            speedup_of_best=best,
            unexplained=Unexplained.BLOCKS_EVENT_LOOP,
            repetitions=3,
        )
        loop = replace(loop, speedup=estimate(0.99, is_range=True))
        cells += [serial, loop]
        groups.append(
            analysed_group(
                [serial, loop],
                where={"python": version},
                answer=Answer.CANNOT_TELL,
                executors=(Comparison(slower=pool.id, faster=base.id, ratio=estimate(1.01, is_range=True)),),
                more_repetitions=MoreRepetitions(done=3, total=6, at_least=True, cells=2, nearest=None),
                explanation=Explanation(
                    cell=pool.id,
                    losses=(),
                    unexplained=Unexplained.BLOCKS_EVENT_LOOP,
                    is_at_bound=False,
                    is_noise=False,
                    remedy=None,
                ),
            )
        )
    second = Comparison(slower="base3.11.7", faster="base3.13.0", ratio=estimate(1.5, 1.4, 1.6))
    work = WorkComparison(groups=("base3.13.0", "base3.11.7"), fastest="base3.13.0", second=second)
    few = TooFewRepetitions(fewest=3, needed=6, asked=3, reason="asked")
    study = study_facts(repetitions_asked=3)
    return analysed_study(cells, study=study, groups=tuple(groups), work=(work,), warnings=(few,))


def known_answers() -> StudyAnalysis:
    """Known answers with every outcome, and a CPU profile."""
    cells = [analysed_cell("serial"), analysed_cell("process", 2, wall_s=0.5, speedup=2.0)]
    about_two = StudyAnswer(
        workload="work",
        executor="process",
        workers=2,
        figure="speedup",
        about=2.0,
        within=0.05,
        because="there are two workers",
    )
    known = KnownAnswerAnalysis(
        known=about_two,
        cell="process2",
        measured=estimate(2.0, 1.98, 2.02),
        outcome=KnownOutcome.HOLDS,
        not_run=None,
        author_reason="",
        needed=None,
        available=None,
        out_of_reach=None,
        disturbed=1,
        repetitions=7,
    )
    answers = (
        known,
        replace(
            known,
            known=replace(about_two, about=3.43),
            outcome=KnownOutcome.DOES_NOT_HOLD,
            out_of_reach=OutOfReach(
                speedup=3.43, bound=estimate(2.0, 1.98, 2.0), limit=BoundLimit.CPUS, count=2.0, needed=5
            ),
        ),
        replace(
            known,
            known=replace(about_two, about=None, contains=2.0),
            outcome=KnownOutcome.CANNOT_TELL,
            measured=None,
        ),
        replace(
            known,
            known=replace(about_two, workers=4),
            cell=None,
            measured=None,
            outcome=KnownOutcome.NOT_RUN,
            not_run=NotRun.NO_SUCH_CELL,
        ),
        replace(
            known,
            measured=None,
            outcome=KnownOutcome.NOT_RUN,
            not_run=NotRun.TOO_FEW_CPUS,
            needed=4,
            available=2.0,
        ),
    )
    hotspots = (
        Hotspot(name="work", place="mine/[red].py", amount=3.0, share=0.75),
        Hotspot(name="rest", place="/home/me/projects/long/path/to/mine.py", amount=1.0, share=0.25),
    )
    profiles = (
        ProfileAnalysis(cell="serial", purpose="cpu-profile", error="", hotspots=hotspots),
        ProfileAnalysis(cell="process2", purpose="cpu-profile", error="it died", hotspots=()),
    )
    return analysed_study(cells, known_answers=answers, profiles=profiles)


STUDIES: Mapping[str, Callable[[], StudyAnalysis]] = {
    study.__name__: study
    for study in (pools, weak, throughput, failures, snippets, sizes, pythons, known_answers)
}


def main() -> None:
    """Write the golden texts."""
    for name, make in STUDIES.items():
        (GOLDEN / f"{name}.txt").write_text(render_terminal(make()), encoding="utf-8")


if __name__ == "__main__":
    main()
