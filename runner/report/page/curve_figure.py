"""The figure of scaling laws: their predictions with bands, and the runs that they were fitted to."""

from collections.abc import Sequence
from math import log2

from markupsafe import Markup

from runner.facts import LawAnalysis, LawCurve
from runner.report import captions
from runner.report.labels import one_line, shown
from runner.report.page import page_wording
from runner.report.page.figure import WIDTH, PageFigure, drawing, hint, key, series, x_axis, y_axis
from runner.report.page.markup import element, points
from runner.report.page.scale import Scale, limits_of
from runner.units import three_digits

_HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 300.0, 62.0, 14.0, 34.0, 46.0
_COLOURS = {"amdahl": "#0072B2", "usl": "#D55E00"}
_INK = "#4D4D4D"


def curve_figure(id_: str, laws: Sequence[LawAnalysis], caption: str) -> PageFigure | None:
    """Draw the fitted laws of one workload, a panel for each curve; None if none was fitted."""
    fitted = [(law, law.curve) for law in laws if law.curve is not None]
    if not fitted:
        return None
    names = dict.fromkeys(law.name for law, _ in fitted)
    drawings = [_panel(name, [pair for pair in fitted if pair[0].name == name]) for name in names]
    text = "; ".join(page_wording.law_text(law) for law, _ in fitted)
    return PageFigure(
        id=id_,
        title=page_wording.LAWS_TITLE,
        drawings=drawings,
        legend=[
            key(captions.LAW_NAMES[law], _COLOURS[law], "s")
            for law in dict.fromkeys(law.law for law, _ in fitted)
        ],
        caption=f"{caption} {text}.",
    )


def _panel(name: str, laws: Sequence[tuple[LawAnalysis, LawCurve]]) -> Markup:
    most = max(curve.workers[-1] for _, curve in laws)
    values = [value for _, curve in laws for value in (*curve.low, *curve.high)]
    values += [value for _, curve in laws for runs in curve.measured.values() for value in runs]
    low, high = limits_of([1.0, *values], is_log=True)
    x = Scale(low=-0.2, high=log2(most) + 0.2, start=_LEFT, end=WIDTH - _RIGHT)
    y = Scale(low=low, high=min(high, 2 * most), start=_HEIGHT - _BOTTOM, end=_TOP, is_log=True)
    ticks = [(float(power), str(2**power)) for power in range(int(log2(most)) + 1)]
    ideal = [(x.at(log2(count)), y.at(count)) for count in (1.0, min(most, y.high))]
    parts = [
        x_axis(x, ticks, _TOP, _HEIGHT - _BOTTOM, page_wording.WORKERS),
        y_axis(
            y,
            [(value, shown(value)) for value in y.ticks(binary=True)],
            _LEFT,
            WIDTH - _RIGHT,
            page_wording.OVER_ONE,
        ),
        element("text", one_line(name, 60), class_="panel", x=WIDTH - _RIGHT, y=14, text_anchor="end"),
        element("polyline", class_="ideal", points=points(ideal)),
    ]
    for law, curve in laws:
        upper = [
            (x.at(log2(count)), y.at(value)) for count, value in zip(curve.workers, curve.high, strict=True)
        ]
        lower = [
            (x.at(log2(count)), y.at(value)) for count, value in zip(curve.workers, curve.low, strict=True)
        ]
        line = [
            (x.at(log2(count)), y.at(value))
            for count, value in zip(curve.workers, curve.speedup, strict=True)
        ]
        band = element("polygon", class_="band", points=points([*upper, *reversed(lower)]))
        parts.append(
            series(_COLOURS[law.law], band, element("polyline", class_=f"law {law.law}", points=points(line)))
        )
    _, curve = laws[-1]
    dots = [
        element(
            "circle", hint(three_digits(value)), class_="run", cx=x.at(log2(count)), cy=y.at(value), r=2.5
        )
        for count, runs in curve.measured.items()
        for value in runs
    ]
    return drawing(one_line(name, 60), _HEIGHT, *parts, series(_INK, *dots))
