"""Exact memory of processes in a simulated /proc."""

import os
from collections.abc import Mapping
from pathlib import Path

from runner.supervise.proc import Peak, descendants


def holding(proc: Path, process: int, kilobytes: int) -> None:
    folder = proc / str(process)
    folder.mkdir(parents=True, exist_ok=True)
    text = f"5580-7ffd ---p 0 00:00 0    [rollup]\nRss:    999 kB\nPss:    {kilobytes} kB\nPss_Anon:  1 kB\n"
    (folder / "smaps_rollup").write_text(text, encoding="ascii")


def sampled(proc: Path, *looks: Mapping[int, int]) -> Peak:
    """Sample processes that hold these kilobytes, one sample after another."""
    now: Mapping[int, int] = {}
    peak = Peak(lambda: now, proc)
    for now in looks:
        for process, kilobytes in now.items():
            holding(proc, process, kilobytes)
        peak.sample()
    return peak


def test_the_peak_is_of_the_sum_not_the_sum_of_the_peaks(tmp_path: Path) -> None:
    peak = sampled(tmp_path, {5: 100, 6: 10}, {5: 50, 6: 90, 7: 1}, {5: 60})
    assert (peak.pss_bytes, peak.samples) == (141 * 1024, 3)


def test_processes_that_end_or_cannot_be_read_do_not_count(tmp_path: Path) -> None:
    holding(tmp_path, 5, 100)
    (tmp_path / "6").mkdir()
    (tmp_path / "6" / "smaps_rollup").write_text("", encoding="ascii")
    peak = Peak(lambda: [5, 6, 7], tmp_path)
    peak.sample()
    assert (peak.pss_bytes, peak.samples) == (100 * 1024, 1)


def test_without_a_readable_process_there_is_no_figure(tmp_path: Path) -> None:
    peak = Peak(lambda: [5], tmp_path)
    peak.sample()
    assert (peak.pss_bytes, peak.samples) == (None, 0)


def test_descendants_of_zombies_are_listed_but_not_the_zombies(tmp_path: Path) -> None:
    this_process = os.getpid()
    for process, state, parent in ((5, "S", this_process), (6, "Z", 5), (7, "R", 6), (8, "S", 1)):
        (tmp_path / str(process)).mkdir()
        (tmp_path / str(process) / "stat").write_text(
            f"{process} (a ) name) {state} {parent} 0", encoding="ascii"
        )
    assert sorted(descendants(tmp_path)) == [5, 7]
