"""Bags with many or with large items and results, for `benchmarks.outside_clock`."""

_TABLE = bytes(range(256))[::-1]


def numbers(factor: int) -> list[int]:
    """Return twenty numbers."""
    return [factor * number for number in range(20)]


def next_number(number: int) -> int:
    """Return the next number."""
    return number + 1


def pair(number: int) -> tuple[int, str]:
    """Return a number and its text."""
    return number, str(number)


def fields(number: int) -> dict[str, object]:
    """Return a record of several types."""
    return {"id": number, "name": str(number), "share": number / 7, "even": number % 2 == 0}


def buffers() -> list[bytes]:
    """Make eight buffers of 20 MB."""
    return [bytes([65 + number]) * 20_000_000 for number in range(8)]


def count(buffer: bytes) -> int:
    """Count how often a byte occurs in a large item."""
    return buffer.count(b"C")


def translate(buffer: bytes) -> bytes:
    """Return a result that is as large as the item."""
    return buffer.translate(_TABLE)
