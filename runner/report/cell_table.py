"""The cells of a workload, a row each, and what the reader must know of the columns."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from math import ceil
from typing import Any

import pandas as pd

from runner.analysis.sample_size import fewest_blocks
from runner.analysis.summary import SERVICE
from runner.analysis.tables import Tables
from runner.folder.results import Results
from runner.records import AUTO
from runner.report.labels import ALL_TASKS, short, shown
from runner.report.text_table import TextColumn as Column
from runner.units import seconds, size, three_digits

_MEANINGS = {
    "bound": "the most that these tasks and CPUs allow",
    "eff.": "speedup per worker",
    "warm": "speedup of the tasks alone, the pool being open",
    "scaled": "work done over that of the baseline in the same time",
    "ratio": "tasks a second over those of the baseline",
    "p50": "half of the tasks take no longer (p99: 99 of 100)",
    "vs best": "speedup over the fastest baseline",
    "memory": "the most that all its processes held",
}
_WAITING = 0.9  # of the workers that the bound allows
_HEADINGS = {"chunk_size": "chunk"}


def varying_settings(rows: pd.DataFrame, results: Results) -> list[str]:
    """List the settings beside executor and workers that tell rows apart."""
    keys = [key for key in ("python", "chunk_size", *results.swept) if rows[key].nunique(dropna=True) > 1]
    if "chunk_size" not in keys and rows["chunk_size"].eq(AUTO).any():
        keys.append("chunk_size")  # to tell what it came to
    return keys


def cell_columns(rows: pd.DataFrame, results: Results, tables: Tables) -> list[Column]:
    """Lay out the rows of one workload."""
    # Of a cell that did not always end well, no figure is a claim.
    claims = rows.where(rows["status"].eq("ok"))
    has_speedups = bool((~rows["is_baseline"] & claims["speedup"].notna()).any())
    speedups, bounds = (_texts(claims["speedup"], three_digits), _bounds(rows)) if has_speedups else ((), ())
    named, note = _naming(rows, results), _note_column(rows, results, tables)
    ratio = [
        Column(heading=tables.terms.mode.ratio_heading, texts=speedups),
        Column(heading=kind_of_bounds(rows, results), texts=bounds),
    ]
    if tables.terms.mode.has_window:
        return [*named, *_rates(claims), *ratio, *_service(claims), note]
    return [
        *named,
        Column(heading="time", texts=_texts(claims["wall_s"], seconds)),
        *ratio,
        Column(heading="warm", texts=_texts(claims["warm_speedup"], three_digits), drop=3),
        Column(heading="vs best", texts=_beside_the_best(claims, results)),
        Column(heading="bound", texts=_texts(claims["speedup_bound"], three_digits), drop=5),
        Column(heading="eff.", texts=_texts(claims["efficiency"], "{:.0%}".format), drop=1),
        Column(heading="CPU", texts=_texts(claims["cpu_s"], seconds), drop=2),
        Column(heading="memory", texts=_texts(claims["peak_pss_bytes"], size), drop=4),
        note,
    ]


def _naming(rows: pd.DataFrame, results: Results) -> list[Column]:
    """Lay out what tells rows apart."""
    settings = [
        Column(
            heading=_HEADINGS.get(key, short(key)),
            texts=_setting_texts(rows, key),
            justify="left",
            folds=True,
        )
        for key in varying_settings(rows, results)
    ]
    return [
        Column(heading="executor", texts=list(rows["executor"].astype(str)), justify="left"),
        *settings,
        Column(heading="workers", texts=_texts(rows["workers"], str)),
    ]


def _setting_texts(rows: pd.DataFrame, key: str) -> list[str]:
    """Show the values of a setting; a chunk size of `auto` with what it came to."""
    if key != "chunk_size":
        return [shown(value) for value in rows[key]]
    pairs = zip(rows[key], rows["tasks_per_chunk"], strict=True)
    return [f"{AUTO} ({tasks})" if size == AUTO and pd.notna(tasks) else shown(size) for size, tasks in pairs]


def _rates(claims: pd.DataFrame) -> list[Column]:
    return [Column(heading="tasks/s", texts=_texts(claims["tasks_per_s"], three_digits))]


def _service(claims: pd.DataFrame) -> list[Column]:
    """Lay out what a task takes in a window, and what the whole run took of the CPUs."""
    p50, p90, p99 = (_texts(claims[name], seconds) for name in SERVICE)
    return [
        Column(heading="p50", texts=p50),
        Column(heading="p90", texts=p90, drop=2),
        Column(heading="p99", texts=p99),
        Column(heading="CPU", texts=_texts(claims["cpu_s"], seconds), drop=1),
    ]


def _note_column(rows: pd.DataFrame, results: Results, tables: Tables) -> Column:
    return Column(heading="note", texts=_notes(rows, results, tables), justify="left", style="dim")


def explanation(columns: Sequence[Column], left_out: Sequence[str]) -> str:
    """Say what the headings of columns mean that hold anything; and which found no room."""
    headings = [column.heading for column in columns if any(column.texts) and column.heading not in left_out]
    meanings = [f"{heading}: {_MEANINGS[heading]}" for heading in headings if heading in _MEANINGS]
    if left_out:
        meanings.append(f"in summary.csv, for want of room: {', '.join(left_out)}")
    return "; ".join(meanings)


def kind_of_bounds(rows: pd.DataFrame, results: Results) -> str:
    """Name what the bounds of these rows are."""
    counts = rows.loc[rows["status"].eq("ok"), "repetitions"]
    confidence = results.study.confidence
    fewest = fewest_blocks(confidence)
    if counts.min() >= fewest:
        return f"{confidence * 100:g}% interval"
    return "bounds" if counts.max() >= fewest else "range"


def _texts(values: "pd.Series[Any]", text: Callable[[Any], str]) -> list[str]:
    return ["" if pd.isna(value) else text(value) for value in values]


def _bounds(rows: pd.DataFrame) -> list[str]:
    """Tell the bounds of every speedup, but for those that are 1 by definition."""
    pairs = zip(rows["is_baseline"], rows["speedup_low"], rows["speedup_high"], strict=True)
    return [
        "baseline" if is_baseline else "" if pd.isna(low) else f"{three_digits(low)}–{three_digits(high)}"
        for is_baseline, low, high in pairs
    ]


def _beside_the_best(rows: pd.DataFrame, results: Results) -> list[str]:
    """Compare with the fastest baseline, where there are several and all do the same work."""
    baselines = [cell for cell in results.cells if cell.is_baseline and cell.id in set(rows["cell"])]
    is_one_work = all(cell.settings["workload"] == baselines[0].settings["workload"] for cell in baselines)
    if len(baselines) < 2 or not is_one_work:
        return [""] * len(rows)
    return _texts(rows["speedup_of_best"], three_digits)


def _notes(rows: pd.DataFrame, results: Results, tables: Tables) -> list[str]:
    """Say in a word or two what limits a row; summary.csv has the whole note."""
    cells = {cell.id: cell for cell in results.cells}
    tasks = tables.samples.groupby("cell")["tasks"].max()
    return [
        _note(
            row,
            tasks.get(row["cell"]),
            tables.machine.usable_cpus(cells[row["cell"]]),
            has_window=tables.terms.mode.has_window,
        )
        for row in rows.to_dict("records")
    ]


def _note(
    row: Mapping[Hashable, Any], tasks: int | None, usable_cpus: int | None, *, has_window: bool
) -> str:
    if row["status"] != "ok":
        return str(row["status"]).replace("_", " ")
    if pd.isna(row["speedup"]):
        return "no baseline"
    workers = 0 if pd.isna(row["workers"]) else row["workers"]
    size = row["tasks_per_chunk"] if row["chunk_size"] == AUTO else row["chunk_size"]
    chunks = 1 if size == ALL_TASKS else ceil(tasks / (1 if pd.isna(size) else size)) if tasks else workers
    if workers > chunks and not has_window:
        noun = "task" if chunks == tasks else "chunk"
        return f"{chunks} {noun}{'s' * (chunks != 1)}"
    waits = row["speedup_bound"] > _WAITING * workers  # then more workers than CPUs is no limit
    if not usable_cpus or workers <= usable_cpus or waits:
        return ""
    return f"over {usable_cpus} CPU{'s' * (usable_cpus != 1)}"
