"""Check results against expected ones, or against those of the reference run.

Results that are pickled to the same bytes are equal. This is computed in C, for whole blocks of tasks. Only
blocks that differ are compared in the canonical form, whose module is imported only then.
"""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from runner_probe.wire import ExpectedResults, ReferenceResults, WorkloadSettings
    from runner_probe.workload import Labels

_BLOCKS = 64  # of tasks, each with a quick digest
_LARGE_BYTES = 8_000_000  # of the blocks' first results together: from here on, all CPUs compute the digests
_FEW, _FEW_BYTES = 100, 4_000  # of a block: below both, the texts of scalars serve as its digest
_SCALARS = (int, float, bool, str, type(None))  # types whose values are equal if their texts are
NOTHING: ReferenceResults = {"quick": [], "values": [], "shown": []}


class Judgement:
    """The outcome of a check."""

    def __init__(self, new_reference: ReferenceResults | None = None) -> None:
        self.new_reference = new_reference  #: None: there was one already, or no whole bag to make it from
        self.differing: list[int] = []  #: tasks of the bag whose result is wrong
        self.error = ""  #: describes the first wrong result


def judge(
    values: Sequence[Any],
    labels: Labels | Sequence[str],
    workload: WorkloadSettings,
    reference: ExpectedResults | ReferenceResults | None,
    tasks: Sequence[int] | None = None,
) -> Judgement:
    """Compare results as the workload's `compare` says. Without a reference, make one from the first bag.

    Args:
        values: results, bag after bag
        labels: labels of the tasks of one bag
        workload: settings of the workload
        reference: results to compare with, unless the workload has expected results
        tasks: the task of each value, if the values are not whole bags

    Raises:
        TypeError: a result cannot be compared
    """
    comparison = workload["compare"]
    if comparison == "none":
        return Judgement(NOTHING)
    expected = workload.get("expect")
    is_new = reference is None and tasks is None
    judgement = Judgement(_reference(values[: len(labels)], comparison) if is_new else None)
    standard: ExpectedResults | ReferenceResults | None
    if expected is not None:
        standard, source = _reference(expected, comparison), "was expected"
    else:
        standard, source = judgement.new_reference or reference, "in the reference run"
    if standard is None:  # neither a reference nor a whole bag: nothing to compare with
        return judgement
    positions = [*_unequal(values, len(labels), standard["quick"], tasks)]
    if positions:
        from runner_probe.result_reference import find_wrong  # noqa: PLC0415 - equal results do not need it

        judgement.differing, problem = find_wrong(values, positions, standard, source, comparison)
        if judgement.differing:
            task = judgement.differing[0]
            judgement.error = f"items[{task}] = {labels[task]} {problem}"
    return judgement


def _reference(values: Sequence[Any], comparison: str) -> ReferenceResults:
    from runner_probe.result_reference import make_reference  # noqa: PLC0415 - only reference runs need it

    return make_reference(values, comparison)


def blocks_of(values: Sequence[Any]) -> list[Sequence[Any]]:
    """Divide the results of a bag into the blocks that have quick digests."""
    size = _block_size(len(values))
    return [values[first : first + size] for first in range(0, len(values), size)]


def _block_size(tasks: int) -> int:
    return max(1, -(-tasks // _BLOCKS))


def _unequal(
    values: Sequence[Any], count: int, quick: Sequence[str], tasks: Sequence[int] | None
) -> Iterator[tuple[int, int]]:
    """List the positions of the values that are not known to be equal, each with its task.

    Args:
        values: results
        count: number of tasks of a bag
        quick: quick digests of the reference's blocks
        tasks: the task of each value; None: the values are whole bags
    """
    size = _block_size(count)
    starts: list[int] = []  # of whole blocks among the values
    position = 0
    while position < len(values):
        task = position % count if tasks is None else tasks[position]
        length = min(size, count - task)
        is_block = task % size == 0 and (
            tasks is None or list(tasks[position : position + length]) == list(range(task, task + length))
        )
        if is_block:
            starts.append(position)
            position += length
        else:
            yield position, task
            position += 1
    firsts = [start % count if tasks is None else tasks[start] for start in starts]
    lengths = [min(size, count - first) for first in firsts]
    blocks = [values[start : start + length] for start, length in zip(starts, lengths, strict=True)]
    for start, first, length, digest in zip(starts, firsts, lengths, quick_digests(blocks), strict=True):
        if not digest or digest != quick[first // size]:
            yield from zip(range(start, start + length), range(first, first + length), strict=True)


def quick_digests(blocks: Sequence[Sequence[Any]]) -> list[str]:
    """Compute a digest of each pickled block: equal digests mean equal values. Empty: it cannot be pickled.

    Large values are pickled and hashed on all CPUs, since hashing releases the GIL.
    """
    first = [block[0] for block in blocks if block]
    if len(blocks) == 1 or sum(map(sys.getsizeof, first)) < _LARGE_BYTES:
        return [_quick_digest(block) for block in blocks]
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - large results can pay for it

    from runner_probe.cpu import usable_cpus  # noqa: PLC0415

    with ThreadPoolExecutor(usable_cpus()) as pool:
        return list(pool.map(_quick_digest, blocks))


class _HashingFile:
    """A file for a pickler that hashes what is written: large values are not copied."""

    def __init__(self) -> None:
        try:
            from _hashlib import openssl_sha256  # noqa: PLC0415 - the fastest where CPUs have instructions for it
        except ImportError:
            from hashlib import sha256 as openssl_sha256  # noqa: PLC0415
        self.hash = openssl_sha256()
        self.write = self.hash.update


def _quick_digest(values: Sequence[Any]) -> str:
    # The number first: asking a million values for their sizes takes ten times as long as pickling them.
    is_small = len(values) < _FEW and sum(map(sys.getsizeof, values)) < _FEW_BYTES
    if is_small and all(type(value) in _SCALARS for value in values):
        try:
            return f"={list(values)!r}"  # importing a pickler takes longer
        except ValueError:  # an integer with too many digits to show
            pass
    try:
        from _pickle import Pickler  # noqa: PLC0415 - `pickle` takes longer to import
    except ImportError:
        from pickle import Pickler  # noqa: PLC0415
    file = _HashingFile()
    pickler = Pickler(file, 5)
    pickler.fast = True  # without a memo, so that the bytes do not depend on what is shared
    try:
        pickler.dump(values if isinstance(values, list) else list(values))
    except Exception:  # a cycle, or what cannot be pickled
        return ""
    return file.hash.hexdigest()[:32]
