"""Lists imported modules, and itself imports almost nothing."""

import sys


def modules(_: object) -> list[str]:
    return sorted(sys.modules)
