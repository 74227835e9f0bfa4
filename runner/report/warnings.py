"""What the reader of a result must know before believing it, the worst first."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pandas as pd

from runner.analysis.identity import label, plain_loops
from runner.analysis.machine import Machine
from runner.analysis.sample_size import fewest_blocks
from runner.analysis.samples import FAILED, is_headline
from runner.analysis.summary import (
    crowding,
    describe_crowding,
    describe_short_window,
    missed_precision,
    short_window,
)
from runner.analysis.tables import Tables
from runner.folder.results import Results
from runner.report.cell_table import varying_settings
from runner.report.labels import shown

_UNMEASURED = "not measured"
_MOST_WARNINGS = 3
_MOST_NAMES = 3
_USUAL_REPETITIONS = 7


def warnings(results: Results, tables: Tables, summary: pd.DataFrame) -> Iterator[str]:
    """Say at most three things, and how many more there are.

    Args:
        results: what was measured
        tables: made of it
        summary: that of the tables, with names for settings as they are to be shown
    """
    found = [
        *_failures(results, tables, summary),
        *_too_few(results, summary),
        *_imprecise(summary, results.study.precision),
        *_short_windows(results, tables),
        *_disturbed(tables),
        *_native_threads(results, tables.machine),
        *_flagged(summary),
    ]
    yield from found[:_MOST_WARNINGS]
    if len(found) > _MOST_WARNINGS:
        more = len(found) - _MOST_WARNINGS
        many = "1 more warning: see" if more == 1 else f"{more} more warnings: see"
        yield f"{many} the columns note, noisy and flags of summary.csv"


def traces_of_failures(results: Results, tables: Tables) -> str:
    """Say where more is told of failures; empty without any."""
    bad = _bad_samples(tables)
    if bad.empty:
        return ""
    printed = _printed(results.folder, list(dict.fromkeys(bad["cell"])))
    where = f"; what they printed: {printed}" if printed else ""
    return f"more on failures, with tracebacks: study.log{where}"


def _printed(folder: Path, cells: Sequence[str]) -> str:
    """Name the files with what cells printed."""
    files = [
        file.relative_to(folder)
        for cell in cells
        for file in sorted((folder / "output").glob(f"{cell}_*.txt"))
        if file.stat().st_size
    ]
    if len(files) < 2:
        return "".join(map(str, files))
    return f"{files[0]} and {len(files) - 1} more"


def _bad_samples(tables: Tables) -> pd.DataFrame:
    """List the first sample of every cell that did not end well."""
    samples = tables.samples
    return samples[samples["status"].isin(FAILED)].drop_duplicates("cell")


def _failures(results: Results, tables: Tables, summary: pd.DataFrame) -> Iterator[str]:
    """Say why cells make no claim, each cause once, the worst first."""
    bad = _bad_samples(tables).set_index("cell")
    causes = {cell: _cause(row) for cell, row in bad.iterrows()}
    loops, is_only = plain_loops(results.cells), summary["workload"].nunique() == 1
    found: list[tuple[int, str]] = []
    for workload, rows in summary.groupby("workload", sort=False):
        silent = rows[rows["status"].ne("ok")]
        told_apart = silent["cell"].map(lambda cell: causes.get(cell, _UNMEASURED))
        for cause, cells in silent.groupby(told_apart, sort=False):
            if cause == _UNMEASURED:
                where = "" if is_only else f"{workload}: "
                found.append((len(_WORST), f"{where}{len(cells)} of {len(rows)} cells were not measured"))
                continue
            first = bad.loc[cells["cell"].iloc[0]]
            if len(cells) == len(rows) > 1:
                loop = ", also in the plain loop" if cells["cell"].isin(list(loops)).any() else ""
                told = f"{workload} fails everywhere{loop}: {_reason(first).removeprefix('failed: ')}"
            else:
                verb = "makes" if len(cells) == 1 else "make"
                names = _names(cells, varying_settings(rows, results))
                told = f"{'' if is_only else f'{workload}, '}{names} {verb} no claim: {_reason(first)}"
            found.append((_WORST.index(first["status"]), told))
    yield from (told for _, told in sorted(found, key=lambda one: one[0]))


#: Statuses of cells without a claim: what may be lost with them, the most first.
_WORST = ("crashed", "timeout", "failed", "wrong_result")


def _cause(sample: pd.Series) -> str:
    """Tell causes apart: wrong results differ in every cell, and are one cause all the same."""
    return str(sample["status"]) if sample["status"] == "wrong_result" else _reason(sample)


def _reason(sample: pd.Series) -> str:
    reason = f"{sample['status'].replace('_', ' ')}: {sample['error']}"
    if sample["status"] != "wrong_result":
        return reason
    if " in the reference invocation" in sample["error"]:
        return f"{reason}; if results may differ, workload.compare=none"
    return f"{reason}; mend the function, or workload.expect"


def _names(cells: pd.DataFrame, settings: Sequence[str]) -> str:
    """Name cells by executor and workers, and the settings that tell them apart."""
    names = []
    for row in cells.head(_MOST_NAMES).to_dict("records"):
        own = ", ".join(f"{key}={shown(row[key])}" for key in settings if shown(row[key]))
        names.append(f"{label(row)} ({own})" if own else label(row))
    more = [f"{len(cells) - _MOST_NAMES} more"] if len(cells) > _MOST_NAMES else []
    *first, last = names + more
    return f"{', '.join(first)} and {last}" if first else last


def _too_few(results: Results, summary: pd.DataFrame) -> Iterator[str]:
    """Say that bounds are no intervals, and what gives some."""
    fewest = summary.loc[summary["status"].eq("ok"), "repetitions"].min()
    confidence = results.study.confidence
    needed = fewest_blocks(confidence)
    if not fewest < needed:
        return
    remedy = f"repetitions={max(_USUAL_REPETITIONS, needed | 1)} gives intervals"
    if results.study.repetitions >= needed:
        remedy = _why_so_few(results)
    few = f"a cell has {fewest:.0f} of the {needed} repetitions needed"
    yield f"intervals are ranges, not {confidence * 100:g}% intervals: {few}; {remedy}"


def _why_so_few(results: Results) -> str:
    if any(sample.status == "interrupted" for sample in results.samples):
        return "the study was interrupted"
    if results.study.time_budget_s is not None:
        return "the time budget ended the study"
    return "the study ended before all were made"


def _disturbed(tables: Tables) -> Iterator[str]:
    headlines = tables.samples[is_headline(tables.samples)]
    disturbed = headlines[headlines["noisy"].ne("")]
    if len(disturbed):
        were = "was" if len(disturbed) == 1 else "were"
        runs = f"{len(disturbed)} of {len(headlines)} runs {were} disturbed"
        yield f"{runs} ({disturbed['noisy'].iloc[0]}); end what runs beside, and measure again"


def _imprecise(summary: pd.DataFrame, precision: float | None) -> Iterator[str]:
    """Say how many cells missed the precision that was asked for."""
    rows = summary.to_dict("records")
    missed = [told for row in rows if (told := missed_precision(row, precision))]
    if missed:
        cells = "1 cell" if len(missed) == 1 else f"{len(missed)} cells"
        yield f"{missed[0]} ({cells}); raise max_repetitions or time_budget_s, or ask for less"


def _short_windows(results: Results, tables: Tables) -> Iterator[str]:
    """Say how many cells ended few tasks in a window, and give the longest window that one of them needs."""
    own = dict(iter(tables.samples.groupby("cell")))
    found = [short_window(cell, own[cell.id]) for cell in results.cells if cell.id in own]
    short = [one for one in found if one is not None]
    if short:
        cells = "1 cell" if len(short) == 1 else f"{len(short)} cells"
        yield f"{describe_short_window(*max(short, key=lambda one: one[0]))} ({cells})"


def _native_threads(results: Results, machine: Machine) -> Iterator[str]:
    """Say where the most native threads share a CPU."""
    worst = max(results.cells, key=lambda cell: crowding(cell, machine))
    if crowding(worst, machine):
        remedy = "one each may be faster: env.OMP_NUM_THREADS=1 env.OPENBLAS_NUM_THREADS=1"
        yield f"{describe_crowding(worst, machine)}; {remedy}"


def _flagged(summary: pd.DataFrame) -> Iterator[str]:
    flagged = summary[summary["flags"].ne("")]
    if len(flagged):
        first = flagged.iloc[0]
        others = len(flagged) - 1
        more = f", and {others} more cell{'s' * (others > 1)}" if others else ""
        yield f"{label(first)}: {first['flags']}{more}; nothing was removed, see samples.csv and the plots"
