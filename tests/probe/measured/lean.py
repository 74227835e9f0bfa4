"""Tells what is imported, and imports next to nothing itself."""

import sys


def modules(_: object) -> list[str]:
    return sorted(sys.modules)
