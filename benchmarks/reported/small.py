"""Tasks of pure Python: tiny ones, equal ones, uneven ones."""

import logging
from decimal import Decimal, getcontext

_LOG = logging.getLogger("benchmarks.reported")
_LOG.addHandler(logging.NullHandler())
_LOG.setLevel(logging.INFO)
_LOG.propagate = False


def add_one(number: int) -> int:
    """Do next to nothing."""
    return number + 1


def log_lines(count: int) -> int:
    """Write log records, each under the lock of its handler."""
    for number in range(count):
        _LOG.info("line %d", number)
    return count


def square_root(digits: int) -> str:
    """Compute with many digits."""
    getcontext().prec = digits
    return str(Decimal(2).sqrt())[-8:]


def many(count: int) -> range:
    """Make many small items."""
    return range(count)
