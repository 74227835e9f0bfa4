"""Tasks that read many objects made before a fork: reading them writes their reference counts."""

OBJECTS = [f"name {number}" for number in range(2_000_000)]


def read_part(parts: int) -> int:
    """Read the first of this many equal parts of the objects."""
    return sum(len(name) for name in OBJECTS[: len(OBJECTS) // parts])
