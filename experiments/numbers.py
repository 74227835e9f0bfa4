"""Work for the CPU in any number of equal pieces."""


def sum_of_squares(n: int) -> int:
    """Sum the squares below n in a plain loop."""
    total = 0
    for i in range(n):
        total += i * i
    return total


def numbers(count: int, size: int) -> list[int]:
    """List `count` numbers from `size` on: tasks alike in length, each with a result of its own."""
    return list(range(size, size + count))
