"""Figures, drawn from analysed studies that the tests choose."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan
from statistics import median
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from runner.estimate import Estimate
from runner.facts import (
    CellAnalysis,
    HeadlineRun,
    LawAnalysis,
    LawCurve,
    StudyAnalysis,
    TaskAnalysis,
)
from runner.records import Cell, Mode
from runner.report.plots import draw, render_plots
from runner.report.plots.appearance import FAILURE
from runner.report.series import series_styles_of
from runner.report.x_axis import NO_COUNT
from tests.analysis_factories import analysed_cell, analysed_snippet, analysed_study, estimate, study_facts
from tests.factories import POOL, SERIAL

pytestmark = pytest.mark.slow  # a figure takes about a third of a second

BLUE, VERMILION = "#0072b2", "#d55e00"  # threads and processes
CONTROL = {"name": "control", "pool": {"_target_": "runner_probe.pools.Serial"}}


class Study:
    """Cells of one workload, added one by one; the first is the baseline of all."""

    def __init__(self, *, workload: str = "primes") -> None:
        self.workload = workload
        self.cells: list[CellAnalysis] = []
        self.tasks: list[TaskAnalysis] = []

    def add(  # noqa: PLR0913 - all but three are keywords
        self,
        executor: str,
        workers: int | None,
        walls: Sequence[float],
        *,
        status: str = "ok",
        baseline: str | None = None,
        python: str = "3.11.7",
        chunk_size: Any = 1,
        swept: Mapping[str, Any] | None = None,
        is_loop: bool = False,
        is_range: bool = False,
        **facts: Any,
    ) -> str:
        """Add a cell whose repetitions took these seconds; return its id."""
        identity = f"{self.workload}-{len(self.cells)}"
        base = baseline or (self.cells[0].cell.id if self.cells else identity)
        is_loop = is_loop or executor == "serial"
        cell = Cell(
            id=identity,
            baseline=base,
            workload=self.workload,
            executor=executor,
            workers=workers,
            chunk_size=None if is_loop else chunk_size,
            python=python,
            swept=swept or {},
            settings={"workload": {}, "executor": SERIAL if is_loop else POOL},
        )
        by_id = {cell.cell.id: cell for cell in self.cells}
        base_runs = (
            {run.repetition: run.unit_s for run in by_id[base].runs}
            if base in by_id
            else dict(enumerate(walls, start=1))
        )
        runs = tuple(
            HeadlineRun(
                repetition=repetition,
                started_at=f"2026-01-01T00:00:{repetition:02}+00:00",
                wall_s=wall_s,
                unit_s=wall_s,
                start_s=wall_s / 10,
                work_s=wall_s * 8 / 10,
                end_s=wall_s / 10,
                cpu_s=wall_s,
                tasks=1,
                tasks_per_s=None,
                speedup=base_runs[repetition] / wall_s if repetition in base_runs else None,
                efficiency=(
                    base_runs[repetition] / wall_s / workers if repetition in base_runs and workers else None
                ),
                disturbance="",
            )
            for repetition, wall_s in enumerate(walls, start=1)
        )
        mid = median(walls) if walls and status == "ok" else None
        base_s = by_id[base].wall_s if base in by_id else None
        base_mid = mid if base == identity else base_s.value if base_s else None
        known: dict[str, Any] = {
            "runs": runs,
            "wall_s": estimate(mid, is_range=is_range) if mid else None,
            "speedup": estimate(base_mid / mid, is_range=is_range) if mid and base_mid else None,
            "efficiency": estimate(base_mid / mid / workers) if mid and base_mid and workers else None,
            "speedup_bound": None,
        }
        analysed = replace(analysed_cell(cell=cell, status=status), **{**known, **facts})
        self.cells.append(analysed)
        return identity

    def change_last(self, **facts: Any) -> None:
        """Change the cell that was added last."""
        self.cells[-1] = replace(self.cells[-1], **facts)

    def change_runs(self, **facts: Any) -> None:
        """Change every run of the cell that was added last."""
        self.change_last(runs=tuple(replace(run, **facts) for run in self.cells[-1].runs))

    def analysis(
        self, mode: Mode = Mode.tasks, laws: Sequence[LawAnalysis] = (), **facts: Any
    ) -> StudyAnalysis:
        """Make the analysed study."""
        study = study_facts(mode, **facts)
        return analysed_study(self.cells, study=study, tasks=tuple(self.tasks), laws=tuple(laws))

    def draw(self, mode: Mode = Mode.tasks, **facts: Any) -> dict[str, Figure]:
        """Draw it."""
        return draw(self.analysis(mode, **facts))


def threads_and_processes() -> Study:
    study = Study()
    study.add("serial", None, [2.0, 2.0, 2.2])
    for workers in (1, 2, 4, 8):
        study.add("thread", workers, [2.1, 2.0, 2.2])
        study.add("process", workers, [2.0 / workers, 2.1 / workers, 2.2 / workers])
    return study


@pytest.fixture(scope="module")
def typical_speedup() -> Figure:
    """Return one figure for tests that only read it."""
    return threads_and_processes().draw()["speedup"]


def texts(figure: Figure) -> list[str]:
    """Return every text of a figure, on one line each."""
    written = [text.get_text() for text in figure.findobj(Text)]
    return [" ".join(text.split()) for text in written if text]


def lines(axes: Axes, colour: str, *, style: str) -> list[Line2D]:
    return [
        line for line in axes.lines if to_hex(line.get_color()) == colour and line.get_linestyle() == style
    ]


def ideal(axes: Axes, *, unit: float, workers: Sequence[int]) -> list[tuple[float, float]]:
    """Return the corners of the ideal: level around 1 and around each number of workers."""
    levels = [unit * count for count in (1, 1, *(count for count in workers for _ in range(2)))]
    for line in axes.lines:
        corners = [(float(x), float(y)) for x, y in np.asarray(line.get_xydata())]
        if len(corners) >= len(levels) and np.allclose([y for _, y in corners[: len(levels)]], levels):
            pairs = zip(corners[::2], corners[1::2], strict=False)
            assert all(left <= y / unit <= right for (left, y), (right, other) in pairs if other == y)
            assert corners[-1] == pytest.approx((axes.get_xlim()[1], unit * axes.get_xlim()[1]))
            return corners
    raise AssertionError("no ideal is drawn")


def xs(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_xdata())]


def ys(line: Line2D) -> list[float]:
    return [float(value) for value in np.asarray(line.get_ydata())]


def runs(axes: Axes, colour: str) -> list[float]:
    """Return the heights of the dots of single runs."""
    dots = [line for line in lines(axes, colour, style="None") if line.get_alpha() is not None]
    return [value for line in dots for value in ys(line)]


def crosses(axes: Axes) -> list[Line2D]:
    return [line for line in axes.lines if line.get_marker() == "x" and line.get_color() == FAILURE]


def tick_labels(axes: Axes) -> list[str]:
    axis = axes.xaxis
    return [axis.get_major_formatter()(value, at) for at, value in enumerate(axis.get_majorticklocs())]


def row_labels(axes: Axes) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def windows() -> Study:
    """Four tasks per second in series, seven on two workers."""
    study = Study()
    for executor, workers, count in (("serial", None, 8), ("thread", 2, 14)):
        study.add(executor, workers, [2.0] * 7, tasks_per_s=estimate(count / 2.0))
        study.change_runs(unit_s=2.0 / count, tasks_per_s=count / 2.0)
    return study


def test_a_window_is_drawn_as_tasks_per_second_and_nothing_else() -> None:
    figures = windows().draw(Mode.throughput, window_s=2.0)
    assert list(figures) == ["throughput"]
    (axes,) = figures["throughput"].axes
    assert axes.get_ylabel() == "tasks per second"
    low, high = axes.get_ylim()
    assert low < 3.8  # the ends of the intervals
    assert high > 7.35
    assert "serial loop,\n4.00 per second" in [text.get_text() for text in axes.texts]
    assert "Tasks that ended within 2.00 s" in " ".join(texts(figures["throughput"]))


def test_the_ideal_of_a_window_is_a_multiple_of_its_baseline() -> None:
    (axes,) = windows().draw(Mode.throughput)["throughput"].axes
    assert "ideal" in [text.get_text() for text in axes.texts]
    assert ideal(axes, unit=4.0, workers=[2])


def test_a_marker_at_the_ideal_is_not_drawn_above_it() -> None:
    study = Study()
    study.add("serial", None, [4.0])
    for workers in (2, 4):
        for executor in ("thread", "process", "pool"):
            study.add(executor, workers, [4.0 / workers] * 7, speedup=estimate(float(workers)))
    axes = study.draw()["speedup"].axes[0]
    drawn = [line for line in axes.lines if line.get_marker() not in ("None", "")]
    markers = np.log2([point for line in drawn for point in zip(xs(line), ys(line), strict=True)])
    corners = np.log2(ideal(axes, unit=1.0, workers=[2, 4]))
    assert len({x for x, _ in markers}) >= 6
    assert all(np.interp(markers[:, 0], *corners.T) >= markers[:, 1] - 1e-9)


def test_a_window_in_which_a_cell_failed_shows_a_cross() -> None:
    study = windows()
    study.add("process", 2, [], status="crashed")
    assert "crashed" in " ".join(texts(study.draw(Mode.throughput)["throughput"]))


def test_weak_scaling_is_named_and_compares_bags() -> None:
    study = Study()
    study.add("serial", None, [1.0] * 7)
    study.add("thread", 2, [1.25] * 7, speedup=estimate(1.6))
    study.change_runs(unit_s=1.25 / 2, speedup=1.6)
    figure = study.draw(Mode.weak)["speedup"]
    upper, lower = figure.axes
    assert upper.get_ylabel() == "scaled speedup vs serial loop"
    assert lower.get_ylabel() == "scaled\nefficiency"
    assert "Weak scaling: one bag per worker." in " ".join(texts(figure))
    assert runs(upper, BLUE) == [1.6] * 7


def test_a_study_without_cells_has_no_figure() -> None:
    assert Study().draw() == {}


def test_a_study_without_worker_counts_has_no_speedup_figure() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.1, 2.0])
    assert list(study.draw()) == ["time"]


def test_a_single_cell_can_be_drawn_and_rendered() -> None:
    study = Study()
    study.add("process", 3, [2.0], is_range=True)
    rendered = render_plots(study.analysis())
    assert list(rendered) == ["speedup.png", "speedup.svg", "time.png", "time.svg"]
    assert all(len(content) > 1000 for content in rendered.values())


def test_speedup_axes_are_doublings_with_plain_numbers(typical_speedup: Figure) -> None:
    speedup, efficiency = typical_speedup.axes
    assert speedup.get_xscale() == speedup.get_yscale() == "log"
    assert tick_labels(efficiency) == ["1", "2", "4", "8"]
    assert speedup.get_ylabel() == "speedup vs serial loop"
    assert efficiency.get_ylim()[0] == 0


def test_worker_counts_that_are_not_powers_of_two_are_labelled_too() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("thread", 6, [1.0])
    assert tick_labels(study.draw()["speedup"].axes[1]) == ["1", "2", "4", "6"]


def test_a_run_is_compared_with_the_baseline_of_its_own_repetition() -> None:
    study = Study()
    study.add("serial", None, [2.0, 4.0, 6.0])
    study.add("thread", 2, [1.0, 4.0, 1.5])
    speedup, efficiency = study.draw()["speedup"].axes
    assert runs(speedup, BLUE) == [2.0, 1.0, 4.0]
    assert runs(efficiency, BLUE) == [1.0, 0.5, 2.0]


def test_dashes_join_the_medians_of_one_executor_and_never_two(typical_speedup: Figure) -> None:
    speedup, efficiency = typical_speedup.axes
    for axes in (speedup, efficiency):
        for colour, other in ((BLUE, VERMILION), (VERMILION, BLUE)):
            [dashes] = lines(axes, colour, style="--")
            medians = [line for line in lines(axes, colour, style="None") if line.get_alpha() is None]
            assert xs(dashes) == [xs(line)[0] for line in medians]
            assert ys(dashes) == [ys(line)[0] for line in medians]
            assert not set(xs(dashes)) & {x for line in lines(axes, other, style="--") for x in xs(line)}
        bars = [line for colour in (BLUE, VERMILION) for line in lines(axes, colour, style="-")]
        assert all(len(set(xs(bar))) == 1 for bar in bars)


def test_a_failed_cell_is_a_cross_at_its_worker_count_and_interrupts_the_dashes() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.0])
    study.add("process", 1, [2.0, 2.0])
    study.add("process", 2, [], status="timeout")
    study.add("process", 4, [1.0, 1.0])
    figures = study.draw()
    speedup = figures["speedup"].axes[0]
    [cross] = crosses(speedup)
    assert xs(cross) == [2.0]
    assert "process: timeout" in texts(figures["speedup"])
    [dashes] = lines(speedup, VERMILION, style="--")
    assert [isnan(y) for y in ys(dashes)] == [False, True, False]


def test_a_cell_that_failed_once_shows_its_good_runs_but_no_median() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.0])
    study.add("process", 2, [1.0, 1.0], status="crashed")
    for axes in study.draw()["speedup"].axes:
        assert len(runs(axes, VERMILION)) == 2
        assert [line for line in axes.lines if line.get_marker() == "s" and line.get_markersize() < 10] == []


def test_a_failed_cell_keeps_its_row_among_the_times() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.0])
    study.add("process", 2, [1.0], status="wrong_result")
    figure = study.draw()["time"]
    assert len(crosses(figure.axes[0])) == 1
    assert row_labels(figure.axes[0]) == ["serial", "process \N{MULTIPLICATION SIGN} 2"]
    assert "wrong result" in texts(figure)
    assert runs(figure.axes[0], VERMILION) != []


def test_labels_of_failures_shrink_where_there_is_no_room() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    for workers in range(1, 13):
        study.add("process", workers, [], status="wrong_result")
    words = [text for text in study.draw()["speedup"].findobj(Text) if text.get_color() == FAILURE]
    assert len(words) == 12
    assert {text.get_text() for text in words} == {"wrong result"}
    assert {text.get_rotation() for text in words} == {90}


def test_cells_of_a_failed_baseline_are_shown_without_a_baseline() -> None:
    study = Study()
    study.add("serial", None, [], status="failed")
    study.add("thread", 2, [1.0, 1.0])
    figure = study.draw()["speedup"]
    assert len(crosses(figure.axes[0])) == 1
    assert {"thread: no baseline", "serial loop, failed"} <= set(texts(figure))


def test_the_line_at_one_shows_the_seconds_of_the_baseline(typical_speedup: Figure) -> None:
    assert {"serial loop, 2.00 s", "ideal", "more workers than CPUs (2)"} <= set(texts(typical_speedup))


def test_usable_cpus_far_beyond_the_axis_are_in_the_caption() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("thread", 2, [1.0])
    captions = texts(study.draw(usable_cpus=64)["speedup"])
    assert any("Usable CPUs: 64" in caption for caption in captions)


def test_unknown_cpus_are_neither_counted_nor_shaded() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("thread", 2, [1.0])
    shown = texts(study.draw(usable_cpus=None, cpu_model="")["speedup"])
    assert any(text.endswith("unknown CPU") for text in shown)
    assert not any("more workers than CPUs" in text for text in shown)


def test_the_caption_is_about_the_bounds_that_are_drawn() -> None:
    study = Study()
    study.add("serial", None, [2.0] * 7)
    study.add("thread", 2, [1.0] * 7, speedup=estimate(2.0, is_range=True))
    figures = study.draw()
    assert "median and range of 7 runs" in " ".join(texts(figures["speedup"]))
    assert "95% interval" in " ".join(texts(figures["time"]))


@pytest.mark.parametrize(
    ("walls", "is_range", "expected"),
    [
        ([2.0] * 7, False, "median of 7 runs with its 95% interval"),
        ([2.0] * 3, True, "median and range of 3 runs"),
        ([2.0], True, "one run, so no interval"),
    ],
)
def test_the_caption_says_what_the_bars_are(walls: list[float], expected: str, *, is_range: bool) -> None:
    study = Study()
    study.add("serial", None, walls, is_range=is_range)
    study.add("thread", 2, walls, is_range=is_range)
    for figure in study.draw().values():
        assert expected in " ".join(texts(figure))


def test_runs_without_known_phases_have_no_strip() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.0])
    study.add("thread", 2, [1.0, 1.0])
    study.change_runs(start_s=None, work_s=None, end_s=None)
    (axes,) = study.draw()["time"].axes
    strips = [float(bar.get_width()) for bar in axes.patches if isinstance(bar, Rectangle)]
    assert strips == pytest.approx([0.2, 1.6, 0.2])


def test_disturbed_runs_are_open() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.0])
    study.add("thread", 2, [1.0, 1.0])
    first, second = study.cells[-1].runs
    study.change_last(runs=(first, replace(second, disturbance="other processes took 1.00 CPUs")))
    figure = study.draw()["speedup"]
    open_dots = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "none"]
    assert [ys(line) for line in open_dots] == [[2.0]]
    assert any("(open: disturbed)" in text for text in texts(figure))


def test_an_executor_that_takes_no_workers_has_a_separate_x() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("thread", 2, [1.0])
    study.add("asyncio", None, [1.5])
    speedup, efficiency = study.draw()["speedup"].axes
    asyncio = series_styles_of(["asyncio"])["asyncio"].colour.lower()
    assert tick_labels(efficiency)[0] == "n/a"
    assert runs(speedup, asyncio) == pytest.approx([4 / 3])
    assert runs(efficiency, asyncio) == []
    assert speedup.get_xlim()[0] < NO_COUNT


def test_the_bound_is_drawn_where_it_is_known() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("process", 2, [1.5], speedup_bound=estimate(1.5))
    study.add("process", 4, [1.5])
    figure = study.draw()["speedup"]
    bounds = [line for line in figure.axes[0].lines if ys(line) == [1.5, 1.5]]
    assert len(bounds) == 1
    assert "bound for these tasks and CPUs" in texts(figure)


def test_a_swept_setting_makes_a_panel_for_each_value() -> None:
    study = Study()
    for count in (10, 100, 1000):
        swept = {"count": count}
        base = study.add("serial", None, [count / 10], baseline=f"primes-{len(study.cells)}", swept=swept)
        study.add("process", 2, [count / 20], baseline=base, swept=swept)
        study.add("process", 4, [count / 40], baseline=base, swept=swept)
    figure = study.draw(swept=("count",))["speedup"]
    assert [axes.get_title(loc="left") for axes in figure.axes[::2]] == [
        "count = 10",
        "count = 100",
        "count = 1000",
    ]
    assert {"serial loop, 1.00 s", "serial loop, 10.0 s", "serial loop, 100 s"} <= set(texts(figure))


def test_a_swept_number_of_many_values_becomes_the_axis() -> None:
    study = Study()
    for count in (1, 2, 5, 10, 20, 50):
        swept = {"items.count": count}
        base = study.add("serial", None, [float(count)], baseline=f"primes-{len(study.cells)}", swept=swept)
        study.add("process", 2, [count / 2], baseline=base, swept=swept, speedup_bound=estimate(1.75))
    figures = study.draw(swept=("items.count",))
    assert list(figures) == ["speedup_by_count", "time"]
    speedup, efficiency = figures["speedup_by_count"].axes
    assert speedup.get_xscale() == "log"
    assert tick_labels(efficiency) == ["1", "2", "5", "10", "20", "50"]
    assert efficiency.get_xlabel() == "items.count"
    assert len(lines(speedup, VERMILION, style="--")) == 1
    assert len([line for line in speedup.lines if ys(line) == [1.75, 1.75]]) == 6


def test_chunk_sizes_share_the_baseline_that_has_none() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("process", 2, [1.0], chunk_size=1)
    study.add("process", 2, [0.5], chunk_size=10)
    figures = study.draw()
    assert [axes.get_title(loc="left") for axes in figures["time"].axes] == [
        "chunk_size = 1",
        "chunk_size = 10",
    ]
    assert [runs(axes, "#4d4d4d") != [] for axes in figures["time"].axes] == [True, True]
    upper, lower = figures["speedup_by_chunk_size"].axes
    assert runs(upper, VERMILION) == [2.0, 4.0]
    assert lower.get_xlabel() == "chunk_size"


def test_chunks_of_auto_size_are_drawn_at_the_chosen_size() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("process", 2, [1.0], chunk_size=1)
    study.add("process", 2, [0.5], chunk_size="auto", tasks_per_chunk=8)
    _, lower = study.draw()["speedup_by_chunk_size"].axes
    assert {"1", "8"} <= {tick.get_text() for tick in lower.get_xticklabels()}
    assert {"process × 2", "process × 2, auto"} <= set(texts(study.draw()["speedup_by_chunk_size"]))


def test_chunks_of_all_tasks_have_a_panel_and_the_loop_is_in_every_panel() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("control", None, [2.0], is_loop=True)
    study.add("process", 2, [1.0], chunk_size=1)
    study.add("process", 2, [0.5], chunk_size=None)
    figures = study.draw()
    assert [axes.get_title(loc="left") for axes in figures["time"].axes] == [
        "chunk_size = 1",
        "chunk_size = all",
    ]
    assert [runs(axes, VERMILION) for axes in figures["speedup"].axes[::2]] == [[2.0], [4.0]]
    control_colour = series_styles_of(["control"])["control"].colour.lower()
    assert [len(runs(axes, control_colour)) for axes in figures["time"].axes] == [1, 1]


def test_one_chunk_size_and_a_loop_without_one_make_no_panels() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("process", 2, [1.0], chunk_size=None)
    assert [axes.get_title(loc="left") for axes in study.draw()["time"].axes] == [""]


def test_a_setting_that_is_empty_in_one_place_is_named_as_such() -> None:
    study = Study()
    for mode in ("", "fast"):
        swept = {"mode": mode}
        base = study.add("serial", None, [1.0], baseline=f"primes-{len(study.cells)}", swept=swept)
        study.add("process", 2, [0.5], baseline=base, swept=swept)
    figure = study.draw(swept=("mode",))["time"]
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["mode = ''", "mode = fast"]


def test_a_workload_that_failed_everywhere_has_no_figure() -> None:
    study = Study()
    study.add("serial", None, [], status="failed")
    study.add("thread", 2, [], status="failed")
    assert study.draw() == {}


def test_every_workload_has_its_own_figures_with_valid_file_names() -> None:
    first, second = Study(), Study(workload="a/b")
    first.add("serial", None, [1.0])
    first.add("thread", 2, [1.0])
    second.add("serial", None, [1.0])
    figures = draw(analysed_study([*first.cells, *second.cells]))
    assert list(figures) == ["speedup_primes", "time_primes", "time_a-b"]


def test_snippets_are_bars_the_quickest_first_with_their_values() -> None:
    study = Study(workload="collections")
    base = study.add("serial", None, [0.1, 0.1])
    study.tasks = [analysed_snippet("set", 2.5e-6, cell=base), analysed_snippet("list", 8e-7, cell=base)]
    figure = study.draw()["snippets"]
    axes = figure.axes[0]
    assert row_labels(axes) == ["list", "set"]
    assert axes.yaxis_inverted()
    bars = {bar.get_y(): bar.get_width() for bar in axes.patches if isinstance(bar, Rectangle)}
    assert [bars[y] for y in sorted(bars)] == pytest.approx([0.8, 2.5])
    assert {"2.50 µs", "800 ns"} <= set(texts(figure))


def test_snippets_on_several_pythons_are_adjacent() -> None:
    study = Study()
    for python in ("3.11.7", "3.13.0t"):
        cell = study.add("serial", None, [0.1], baseline=f"primes-{len(study.cells)}", python=python)
        study.tasks += [analysed_snippet(label, 1e-6, cell=cell) for label in ("set", "list")]
    figure = study.draw()["snippets"]
    assert len(figure.axes) == 1
    assert len(figure.axes[0].patches) == 4
    assert {"3.11.7", "3.13.0t"} <= set(texts(figure))


def test_tasks_of_a_function_have_no_figure_of_snippets() -> None:
    study = Study()
    base = study.add("serial", None, [0.1])
    study.tasks = [analysed_snippet("1", 0.1, cell=base, per_call=False)]
    assert "snippets" not in study.draw()


def test_names_of_the_users_are_shown_as_they_are() -> None:
    study = Study()
    study.add("serial", None, [0.1])
    study.add("$weird_{x}$ <&> 素数 and quite a long name", 2, [0.1])
    text = render_plots(study.analysis())["time.svg"].decode()
    assert "$weird_{x}$ &lt;&amp;&gt;" in text


def test_figures_are_the_same_bytes_every_time_and_hold_text_as_text() -> None:
    study = Study()
    study.add("serial", None, [2.0, 2.1])
    study.add("thread", 2, [2.0, 2.1])
    first, second = (render_plots(study.analysis()) for _ in range(2))
    assert first == second
    svg = first["speedup.svg"].decode()
    assert ">speedup vs serial loop</text>" in svg
    assert "<dc:date>" not in svg


def test_series_that_share_no_x_are_drawn_exactly_at_their_x() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("process", 2, [1.0], chunk_size=1)
    study.add("process", 2, [1.0], chunk_size=100)
    study.add("process", 2, [0.5], chunk_size="auto", tasks_per_chunk=8)
    upper, _ = study.draw()["speedup_by_chunk_size"].axes
    medians = [line for line in upper.lines if line.get_markersize() == 6.8]
    assert sorted(x for line in medians for x in xs(line)) == pytest.approx([1.0, 8.0, 100.0])


def test_markers_at_the_number_of_cpus_are_not_shaded() -> None:
    study = threads_and_processes()
    upper, _ = study.draw()["speedup"].axes
    shade = min(patch.get_x() for patch in upper.patches if isinstance(patch, Rectangle))
    medians = [xs(line)[0] for line in upper.lines if line.get_markersize() == 6.8]
    assert len([x for x in medians if 1.5 < x < 2.6]) == 2
    assert all(x < shade for x in medians if x < 2.6)
    assert all(x > shade for x in medians if x > 2.6)


def test_an_axis_has_fractions_or_decimals_but_never_both() -> None:
    study = Study()
    study.add("serial", None, [1.0])
    study.add("process", 2, [60.0])
    upper, _ = study.draw()["speedup"].axes
    labels = [label.get_text() for label in upper.get_yticklabels()]
    assert "1/32" in labels
    assert not [label for label in labels if "." in label]


def test_panels_of_one_baseline_share_their_time_axis() -> None:
    study = Study()
    study.add("serial", None, [2.0])
    study.add("process", 2, [1.0], chunk_size=1)
    study.add("process", 2, [4.0], chunk_size=10)
    first, second = study.draw()["time"].axes
    assert first.get_xlim() == second.get_xlim()


def test_shipped_executors_keep_their_colours_and_others_get_different_ones() -> None:
    few, many = (
        series_styles_of(["thread", "process"]),
        series_styles_of(["mine", "process", "ray", "thread"]),
    )
    assert [many[name] for name in few] == list(few.values())
    assert len({(style.colour, style.marker) for style in many.values()}) == 4


def test_a_law_is_drawn_with_its_band_and_to_twice_the_workers_that_were_measured() -> None:
    study = threads_and_processes()
    workers = [float(count) for count in range(1, 17)]
    speedup = [1 / (0.1 + 0.9 / count) for count in workers]
    law = LawAnalysis(
        law="amdahl",
        workload="primes",
        cells=tuple(cell.cell.id for cell in study.cells[1::2]),
        name="thread",
        levels=4,
        unattributed=0,
        alpha=Estimate(value=0.1, low=0.09, high=0.11),
        beta=None,
        peak_workers=None,
        curve=LawCurve(
            workers=workers,
            speedup=speedup,
            low=[0.9 * value for value in speedup],
            high=[1.1 * value for value in speedup],
            measured={1: [1.0] * 7, 8: [4.5] * 7},
        ),
        problem=None,
    )
    figure = draw(study.analysis(laws=[law]))["scaling"]
    (axes,) = figure.axes
    drawn = next(line for line in axes.get_lines() if to_hex(str(line.get_color())) == BLUE)
    assert xs(drawn)[-1] == 16
    assert ys(drawn)[-1] == pytest.approx(1 / (0.1 + 0.9 / 16))
    assert len(axes.collections) == 1
    assert "Amdahl's law" in texts(figure)
