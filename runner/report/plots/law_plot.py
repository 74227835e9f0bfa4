"""Scaling laws: their predictions with uncertainty, and the measurements that they were fitted to."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

from runner.estimate import Estimate
from runner.facts import LawAnalysis, LawCurve, StudyFacts
from runner.report import captions
from runner.report.labels import one_line
from runner.report.plots import appearance

_COLOURS = {"amdahl": "#0072B2", "usl": "#D55E00"}
_HEIGHT = 3.2  # inches


def draw_laws(title: str, laws: Sequence[LawAnalysis], study: StudyFacts) -> Figure:
    """Draw the fitted laws with their bands, one panel for each curve."""
    fitted = [(law, law.curve) for law in laws if law.curve is not None]
    curves = {
        name: [pair for pair in fitted if pair[0].name == name]
        for name in dict.fromkeys(law.name for law, _ in fitted)
    }
    rows, columns, width = appearance.grid_of(len(curves))
    head = appearance.Head(
        title=f"{title}: scaling laws",
        caption=[captions.laws(study), captions.host(study)],
        legend={
            captions.LAW_NAMES[law]: Line2D([], [], color=_COLOURS[law])
            for law in dict.fromkeys(law.law for law, _ in fitted)
        },
    )
    figure = appearance.empty_figure(width, rows * (_HEIGHT + 0.7), head)
    grid = figure.add_gridspec(rows, columns)
    for index, (name, pairs) in enumerate(curves.items()):
        axes = figure.add_subplot(grid[divmod(index, columns)])
        axes.set_title(
            appearance.stacked([one_line(name, 60)], width / columns - 0.75) if len(curves) > 1 else ""
        )
        _draw_curve(axes, pairs)
    return figure


def _draw_curve(axes: Axes, laws: Sequence[tuple[LawAnalysis, LawCurve]]) -> None:
    appearance.bare(axes, "y")
    largest = max(curve.workers[-1] for _, curve in laws)
    axes.plot([1, largest], [1, largest], color=appearance.FAINT, linewidth=0.9, zorder=1)
    axes.annotate(
        "ideal",
        (largest, largest),
        xytext=(-10, -2),
        textcoords="offset points",
        ha="right",
        **appearance.NOTE,
    )
    for law, curve in laws:
        colour = _COLOURS[law.law]
        axes.fill_between(curve.workers, curve.low, curve.high, color=colour, alpha=0.15, linewidth=0)
        axes.plot(curve.workers, curve.speedup, color=colour, linewidth=1.4, zorder=2)
        if law.peak_workers is not None:
            _draw_peak(axes, law.peak_workers, largest)
    _, curve = laws[-1]
    for workers, speedups in curve.measured.items():
        axes.plot([workers] * len(speedups), speedups, color=appearance.INK, **appearance.RUN)
    _set_up(axes, largest)


def _draw_peak(axes: Axes, peak: Estimate, largest: float) -> None:
    """Mark where the speedup is largest, if that is on the axis."""
    if peak.value > largest:
        return
    axes.axvspan(peak.low, min(peak.high, largest), color=appearance.SHADE, linewidth=0, zorder=0)
    axes.axvline(peak.value, color=appearance.FAINT, linewidth=0.9, linestyle=(0, (1, 2)), zorder=1)
    axes.annotate(
        f"largest at {peak.value:.3g}",
        (peak.value, 1),
        xycoords=("data", "axes fraction"),
        xytext=(0, 4),
        textcoords="offset points",
        ha="center",
        **appearance.NOTE,
    )


def _set_up(axes: Axes, largest: float) -> None:
    axes.set_xscale("log", base=2)
    axes.set_yscale("log", base=2)
    axes.set_xlabel("workers")
    axes.set_ylabel("speedup over one worker")
    powers = [2**power for power in range(int(largest).bit_length()) if 2**power <= largest]
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(FixedLocator(powers))
        axis.set_major_formatter(FixedFormatter([str(power) for power in powers]))
        axis.set_minor_locator(NullLocator())
