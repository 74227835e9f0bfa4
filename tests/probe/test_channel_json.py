"""The channel decodes and encodes the same as the package `json`."""

import json
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner_probe.channel import dumps, loads

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(values)
@pytest.mark.slow
def test_encoded_values_are_decoded_unchanged(value: Any) -> None:
    assert json.loads(dumps(value)) == value
    assert loads(json.dumps(value)) == value


@given(values)
@pytest.mark.slow
def test_the_accelerator_and_the_package_write_the_same_text(value: Any) -> None:
    assert dumps(value) == json.dumps(value)


def test_nan_and_infinity_are_decoded_unchanged() -> None:
    assert dumps([float("inf"), -float("inf")]) == "[Infinity, -Infinity]"
    assert loads("[Infinity, -Infinity]") == [float("inf"), -float("inf")]
    (nan,) = loads("[NaN]")
    assert nan != nan  # noqa: PLR0124 - only NaN is unlike itself


def test_types_that_json_lacks_are_refused() -> None:
    with pytest.raises(TypeError, match="Object of type set is not JSON serializable"):
        dumps({"key": {1, 2}})


def test_without_the_accelerator_the_package_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "_json", None)
    assert loads(dumps({"key": [1, 2.5, "text", None]})) == {"key": [1, 2.5, "text", None]}
