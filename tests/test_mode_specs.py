"""What each mode declares about itself."""

import pytest

from runner.columns import COLUMNS
from runner.modes import MODES, ModeSpec
from runner.records import LOOP, Mode

ALL_MODES = pytest.mark.parametrize("spec", MODES.values(), ids=lambda spec: spec.mode)


def test_every_mode_has_a_spec() -> None:
    assert set(MODES) == set(Mode)


@ALL_MODES
def test_the_compared_figure_is_a_column(spec: ModeSpec) -> None:
    assert spec.figure.column in {column.name for column in COLUMNS}


@ALL_MODES
def test_only_modes_with_a_window_are_unexplained(spec: ModeSpec) -> None:
    assert bool(spec.why_unexplained) == spec.has_window


@ALL_MODES
def test_only_one_bag_for_all_workers_is_strong_scaling(spec: ModeSpec) -> None:
    assert spec.is_strong_scaling == (not spec.has_window and not spec.bags_per_worker)


def test_the_description_contains_the_length_of_the_window() -> None:
    assert MODES[Mode.tasks].describe(0.0) == ""
    assert MODES[Mode.weak].describe(0.0) == "weak scaling, one bag per worker"
    assert MODES[Mode.throughput].describe(2.0) == "throughput over 2.00 s"


def test_the_figure_in_a_sentence_has_its_unit() -> None:
    assert MODES[Mode.tasks].figure.text(0.625) == "625 ms"
    assert MODES[Mode.weak].figure.text(0.625) == "625 ms per bag"
    assert MODES[Mode.throughput].figure.text(160.0) == "160 tasks per second"


@pytest.mark.parametrize(
    ("mode", "counted"),
    [(Mode.tasks, ()), (Mode.weak, ("executor",)), (Mode.throughput, ("executor", "baseline"))],
)
def test_modes_that_give_each_worker_its_own_work_need_their_number(
    mode: Mode, counted: tuple[str, ...]
) -> None:
    spec, pool = MODES[mode], {"_target_": "concurrent.futures.ThreadPoolExecutor"}
    nodes = ("executor", "baseline")
    assert tuple(node for node in nodes if spec.needs_worker_count(node, pool, None)) == counted
    assert not any(spec.needs_worker_count(node, pool, 2) for node in nodes)
    assert not any(spec.needs_worker_count(node, {"_target_": LOOP}, None) for node in nodes)
