"""CPU-bound work: is a number prime?"""

import math


def is_prime(n: int) -> bool:
    """Return whether n is prime, by trial division with the odd numbers up to its square root."""
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    return all(n % divisor for divisor in range(3, math.isqrt(n) + 1, 2))
