"""Settings of these tests: they may import the code under measurement."""

import pytest

from tests.probe.probing import MEASURED


@pytest.fixture(autouse=True)
def _measured_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(MEASURED))
