"""Which runs explain a cell."""

import pytest

from runner.analysis.tables import tabulate
from tests.made import MakeResults, cell

SERIAL, TWO = cell("serial", None), cell("process", 2)
WALLS = [1.0, 1.1, 0.9, 1.0, 1.2, 0.8, 1.0]


@pytest.mark.parametrize(
    ("added", "is_explained"),
    [
        ([0.04] * 7, True),
        ([0.06] * 7, False),
        # More than 5 % at the median, but also less than nothing: that is chance.
        ([-0.3, -0.2, 0.06, 0.07, 0.08, 0.3, 0.4], True),
    ],
)
def test_a_run_apart_explains_a_cell_unless_it_is_shown_to_be_slowed(
    make_results: MakeResults,
    added: list[float],
    is_explained: bool,  # noqa: FBT001
) -> None:
    serial = [2 * wall for wall in WALLS]
    traced = [wall + more for wall, more in zip(WALLS, added, strict=True)]
    tables = tabulate(make_results({SERIAL: serial, TWO: WALLS}, apart={TWO: traced}))
    assert (tables.unexplained[TWO.id] == "") is is_explained
