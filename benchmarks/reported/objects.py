"""Tasks that read many Python objects made before the pool, in a module that imports NumPy."""

import zlib

import numpy as np

NAMES = [f"name {number}" for number in range(1_000_000)]
SMALL_BYTES = [number.to_bytes(8, "little") for number in range(200_000)]
WORDS = [f"word{number % 5000}" for number in range(400_000)]
COUNTS = dict.fromkeys(set(WORDS), 0)
ONE = int(np.ones(1)[0])


def total_length(first: int) -> int:
    """Add up the lengths of every eighth name."""
    return sum(len(name) for name in NAMES[first::8]) * ONE


def check_sums(first: int) -> int:
    """Hash every eighth of the small objects, three times."""
    return sum(sum(map(zlib.crc32, SMALL_BYTES[first::8])) for _ in range(3)) & 0xFFFF


def count_words(first: int) -> int:
    """Count the distinct words of a quarter, as in a word count that never copies its input."""
    counts = dict(COUNTS)
    for word in WORDS[first::4]:
        counts[word] += 1
    return max(counts.values())
