"""Tasks on large buffers: some release the GIL, some do not."""

import hashlib
import re
import zlib

import numpy as np

BLOB = bytes(range(256)) * 65_536  # 16 MB
TEXT = "\n".join(f"GET /page/{n % 97} 200 {n % 1013}ms" for n in range(40_000))
_LINE = re.compile(r"GET /page/(\d+) (\d{3}) (\d+)ms")
_TABLE = bytes(range(256))[::-1]
FIELD = np.arange(4_000_000, dtype=np.float64)


def count_pattern(first: int) -> int:
    """Search a buffer; `bytes.count` keeps the GIL."""
    return BLOB.count(bytes([first, (first + 1) % 256, (first + 2) % 256, first]))


def match_lines(first: int) -> int:
    """Match a regular expression against every line of a log."""
    return sum(int(match[3]) for match in _LINE.finditer(TEXT, first))


def hash_blob(rounds: int) -> str:
    """Hash a buffer; `hashlib` releases the GIL."""
    digest = hashlib.sha256()
    for _ in range(rounds):
        digest.update(BLOB)
    return digest.hexdigest()


def compress(start: int) -> int:
    """Compress a part of a text; `zlib` releases the GIL."""
    return len(zlib.compress(TEXT.encode()[start : start + 700_000], 6))


def check_sum(item: tuple[bytes, int]) -> int:
    """Take a large item, from which little is computed; `zlib` releases the GIL."""
    data, start = item
    return zlib.crc32(data, start)


def pairs(count: int, megabytes: int) -> list[tuple[bytes, int]]:
    """Make items that hold a buffer each, all different."""
    return [(bytes([number]) * (megabytes * 1_000_000), number) for number in range(count)]


def reversed_copy(megabytes: int) -> bytes:
    """Return a large result."""
    return (b"abc" * (megabytes * 333_333)).translate(_TABLE)


def sum_part(item: tuple[np.ndarray, int]) -> float:
    """Use a part of an array that every item contains whole."""
    array, start = item
    return float(np.sqrt(array[start::8]).sum())


def with_array(count: int) -> list[tuple[np.ndarray, int]]:
    """Make items that all contain the same array of 32 MB."""
    return [(FIELD, number) for number in range(count)]


def add_arrays(number: int) -> float:
    """Add arrays that no cache holds: limited by the memory's bandwidth."""
    total = 0.0
    for _ in range(3):
        total += float((FIELD + FIELD * number)[-1])
    return total


def sort_numbers(seed: int) -> float:
    """Sort an array; NumPy releases the GIL."""
    return float(np.sort(np.random.default_rng(seed).random(1_500_000))[0])
