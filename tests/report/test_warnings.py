"""What is told of cells that make no claim."""

import pandas as pd
import pytest

from runner.report import warnings as caveats


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (
            "task 1 (2) gave -1, but 2 in the reference invocation",
            "if results may differ, workload.compare=none",
        ),
        ("task 1 (2) gave -1, but 2 expected", "mend the function, or workload.expect"),
    ],
)
def test_the_remedy_of_a_wrong_result_is_of_what_it_was_compared_with(error: str, remedy: str) -> None:
    told = caveats._reason(pd.Series({"status": "wrong_result", "error": error}))
    assert told == f"wrong result: {error}; {remedy}"
