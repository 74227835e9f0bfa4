"""A process with 800 MB of memory: forking it copies the tables of its pages."""

BALLAST = bytearray(b"x") * 800_000_000


def touch(number: int) -> int:
    """Read little of it."""
    return BALLAST[number]
