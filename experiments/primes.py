"""Work for the CPU: is a number prime?"""

import math


def is_prime(n: int) -> bool:
    """Tell by trial division with the odd numbers up to the square root."""
    if n < 2:
        return False
    if n % 2 == 0:
        return n == 2
    return all(n % divisor for divisor in range(3, math.isqrt(n) + 1, 2))
