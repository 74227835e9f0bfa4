"""Threads of native libraries, as a worker reports them."""

import os
from pathlib import Path

import pytest

from runner_probe import native_threads as native
from runner_probe.native_threads import native_threads

MAPS = """\
7f00-7f01 r-xp 00000000 08:01 1  /usr/lib/libc.so.6
7f02-7f03 r-xp 00000000 08:01 2  /venv/numpy.libs/libscipy_openblas64_-fdde5778.so
7f04-7f05 r-xp 00000000 08:01 2  /venv/numpy.libs/libscipy_openblas64_-fdde5778.so
7f06-7f07 r-xp 00000000 08:01 3  /usr/lib/libgomp-a34b3233.so.1
7f08-7f09 r-xp 00000000 08:01 4  /usr/lib/libompitrace.so
7f0a-7f0b r-xp 00000000 08:01 5  /venv/_publisher.cpython-311.so
7f0c-7f0d rw-p 00000000 00:00 0
"""


@pytest.fixture
def maps(tmp_path: Path) -> str:
    file = tmp_path / "maps"
    file.write_text(MAPS)
    return str(file)


def test_a_loaded_library_is_found_once(maps: str) -> None:
    assert native._loaded_libraries(maps) == ["gomp", "openblas"]


def test_a_system_without_memory_maps_reports_no_native_threads(tmp_path: Path) -> None:
    assert native._loaded_libraries(str(tmp_path / "none")) == []


@pytest.mark.parametrize(
    ("environment", "threads"),
    [
        ({"OPENBLAS_NUM_THREADS": "3", "OMP_NUM_THREADS": "5"}, 3),
        ({"OMP_NUM_THREADS": "5"}, 5),
        ({"OMP_NUM_THREADS": "4,2"}, None),
    ],
)
def test_the_environment_limits_the_threads(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], threads: int | None
) -> None:
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    expected = threads or native._by_environment("none of these")
    assert native._by_environment("openblas") == expected


@pytest.mark.parametrize(
    ("threads_s", "living_s", "others"),
    [
        (2.0, 1.9, False),  # the threads of a library, which keeps them
        (2.0, 0.0, True),  # threads of the tasks, which have ended
        (0.05, 0.0, False),  # hardly any
        (2.0, None, False),  # unknown
    ],
)
def test_libraries_are_left_out_if_other_threads_computed(
    threads_s: float,
    living_s: float | None,
    others: bool,  # noqa: FBT001 - a parameter
) -> None:
    assert native._others_computed(threads_s, living_s) == others


def test_living_threads_are_those_but_the_main_one(tmp_path: Path) -> None:
    for thread, run_ns in ((os.getpid(), 9_000_000_000), (7, 3_000_000), (8, 2_000_000)):
        folder = tmp_path / str(thread)
        folder.mkdir()
        (folder / "schedstat").write_text(f"{run_ns} 0 0\n")
    (tmp_path / "9").mkdir()  # it has ended in the meantime
    assert native._living_s(str(tmp_path)) == pytest.approx(0.005)


def test_living_threads_may_be_unknown(tmp_path: Path) -> None:
    assert native._living_s(str(tmp_path / "none")) is None
    (tmp_path / "7").mkdir()
    (tmp_path / "7" / "schedstat").write_text("nothing\n")
    assert native._living_s(str(tmp_path)) is None


def test_this_process_reports_its_native_threads() -> None:
    import numpy as np  # noqa: PLC0415 - this is what loads the library

    assert np.ones(1).sum() == 1
    assert all(count >= 1 for count in native_threads().values())
