"""CPU-bound work in any number of equal tasks."""


def sum_of_squares(n: int) -> int:
    """Return the sum of the squares below n, computed in a plain loop."""
    total = 0
    for i in range(n):
        total += i * i
    return total


def numbers(count: int, size: int) -> list[int]:
    """List `count` consecutive numbers from `size` on: tasks of equal length with different results."""
    return list(range(size, size + count))
