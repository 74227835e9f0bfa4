"""The runner is killed at any write to the disk, then resumed: nothing is lost or measured twice."""

import json
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from runner.analysis.study import analyse
from runner.folder.results import read

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = (
    *("workload=function", "workload.function=work.square", "workload.items=[1,2,3]"),
    *("executor=thread", "workers=2", "repetitions=2", "seed=1", "quiet=true"),
)
KILLED = -9
AIMED, RANDOM = 40, 10
MAX_DELAY_S = 1.5  # before a kill at a random moment
MAX_TORN_BYTES = 40  # shorter than any row


class Killer:
    """The program that runs the studies."""

    def __init__(self, process: "subprocess.Popen[str]", messages: Path) -> None:
        self._process, self._messages = process, messages

    def run(
        self,
        results: Path,
        *,
        resume: Path | None = None,
        last_step: int | None = None,
        torn_bytes: int = 0,
        after_s: float | None = None,
    ) -> tuple[int, str]:
        """Run one study; return its exit code and its messages."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        before = len(self._messages.read_text())
        request = {
            "results_dir": str(results),
            "resume": None if resume is None else str(resume),
            "last_step": last_step,
            "torn_bytes": torn_bytes,
            "after_s": after_s,
        }
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        code = int(self._process.stdout.readline())
        return code, self._messages.read_text()[before:]


@pytest.fixture(scope="module")
def killer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Killer]:
    folder = tmp_path_factory.mktemp("killed")
    (folder / "work.py").write_text("def square(number):\n    return number * number\n")
    messages = folder / "messages.txt"
    with (
        messages.open("w") as errors,
        subprocess.Popen(
            [sys.executable, "-m", "tests.dying_studies", *SETTINGS],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        yield Killer(process, messages)
        assert process.stdin is not None
        process.stdin.close()


@pytest.fixture(scope="module")
def whole(killer: Killer, tmp_path_factory: pytest.TempPathFactory) -> tuple[list[tuple[str, int, int]], int]:
    """Measure a study that is not killed; return its invocations and the number of its steps."""
    results = tmp_path_factory.mktemp("whole")
    code, messages = killer.run(results)
    assert code == 0, messages
    steps = re.search(r"steps: (\d+)", messages)
    assert steps is not None
    return invocations(only_folder(results)), int(steps[1])


def only_folder(results: Path) -> Path:
    (folder,) = filter(Path.is_dir, results.iterdir())
    return folder


def invocations(folder: Path) -> list[tuple[str, int, int]]:
    """Return cell, repetition and position of every invocation that has its last row."""
    complete = (sample for sample in read(folder).samples if sample.invocation_s is not None)
    return [(sample.cell, sample.repetition, sample.position) for sample in complete]


def is_resumable(folder: Path) -> bool:
    """Whether it was killed after its folder was made."""
    return all((folder / name).exists() for name in ("samples.csv", "cells.yaml", "study.yaml"))


def assert_whole(folder: Path, expected: list[tuple[str, int, int]], why: str) -> None:
    results = read(folder)
    assert invocations(folder) == expected, why
    assert {sample.status for sample in results.samples} == {"ok"}, why
    rows = Counter((sample.cell, sample.repetition, sample.iteration) for sample in results.samples)
    assert set(rows.values()) == {1}, why
    recorded: Counter[tuple[str, int]] = Counter()
    for row in results.trace().to_pylist():
        recorded[row["cell"], row["repetition"]] += row["tasks"]
    # A pool that takes far longer than its tasks is not traced in every repetition.
    traced = {(sample.cell, sample.repetition) for sample in results.samples if sample.start_s is not None}
    assert recorded == dict.fromkeys(traced, 3), why
    assert {cell for cell, _ in traced} == {cell for cell, _, _ in expected}, why
    assert {cell.repetitions for cell in analyse(results).cells.values()} == {2}, why
    assert set(results.environment["workers"]) == {cell for cell, _, _ in expected}, why
    assert not list(folder.glob("*.part")), why


def killed_and_resumed(
    killer: Killer, results: Path, whole: tuple[list[tuple[str, int, int]], int], seed: int, step: int | None
) -> None:
    """Kill a study, perhaps kill the session that resumes it, and resume it until it is complete."""
    expected, steps = whole
    generator = random.Random(seed)  # noqa: S311 - no secret
    why = f"seed {seed}, step {step} of {steps}"
    torn_bytes = generator.choice([0, generator.randint(1, MAX_TORN_BYTES)])
    after_s = generator.uniform(0, MAX_DELAY_S) if step is None else None
    code, messages = killer.run(results, last_step=step, torn_bytes=torn_bytes, after_s=after_s)
    assert code == KILLED or step is None, f"{why}: {messages}"
    folders = [path for path in results.iterdir() if path.is_dir()] if results.exists() else []
    if not folders or not is_resumable(folders[0]):
        return  # nothing was measured yet
    (folder,) = folders
    before = invocations(folder)
    assert before == expected[: len(before)], why
    if generator.random() < 0.5:
        killer.run(results, resume=folder, last_step=generator.randint(1, steps), torn_bytes=torn_bytes)
        again = invocations(folder)
        assert again[: len(before)] == before or torn_bytes, f"{why}, killed twice"
    code, messages = killer.run(results, resume=folder)
    assert code == 0, f"{why}: {messages}"
    assert_whole(folder, expected, why)


@pytest.mark.parametrize("number", range(AIMED))
def test_a_runner_killed_at_a_step_loses_nothing(
    killer: Killer, tmp_path: Path, whole: tuple[list[tuple[str, int, int]], int], number: int
) -> None:
    killed_and_resumed(killer, tmp_path / "r", whole, seed=number, step=1 + number * whole[1] // AIMED)


@pytest.mark.parametrize("number", range(RANDOM))
def test_a_runner_killed_at_a_random_moment_loses_nothing(
    killer: Killer, tmp_path: Path, whole: tuple[list[tuple[str, int, int]], int], number: int
) -> None:
    killed_and_resumed(killer, tmp_path / "r", whole, seed=1000 + number, step=None)
