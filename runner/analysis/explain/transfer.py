"""Data transfer of process pools, of the function, the items and the results, and its share of the dispatch.

The reference run measured their sizes and the times to pickle them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from runner.facts import Cause, Loss, Payload, Pickled, Sent

_SHORTEST_S = 0.2e-3  # to send with a chunk; shorter transfers count as dispatch
_PAGE_BYTES = 4096
_COPIES_IN_MEMORY = 4  # pickled, in the buffer of the pool, received, unpickled
_LARGE_BYTES = 128 * 1024  # from which `malloc` takes memory from the system by itself (M_MMAP_THRESHOLD)
_LEAST_PART = 0.2  # of the losses to dispatch; smaller parts are not separated

FUNCTION = Cause(
    code="sending_function",
    name="sending the function with every chunk",
    short="function",
    remedy="keep its data in the workers: load it in an initializer",
)
ITEMS = Cause(
    code="sending_items",
    name="sending the items",
    short="items",
    remedy="send a path or an index and load the data in the worker, or use shared memory",
)
RESULTS = Cause(
    code="returning_results",
    name="returning the results",
    short="results",
    remedy="return less: a reduction, or the path of a file",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Transfer:
    """The data that a cell sends between its processes."""

    payload: Payload
    tasks: int
    chunk_size: int
    workers: int
    is_function_kept: bool = False  #: each worker receives the function once
    method: str | None = None  #: start method of the workers; None: another library starts them

    @property
    def chunks(self) -> int:
        """Number of chunks."""
        return math.ceil(self.tasks / self.chunk_size)

    @property
    def touched_pages(self) -> float:
        """Number of pages of memory that the processes touch for the first time to send all of it.

        Memory for large objects is taken from the system for each of them; that for small ones is used again.
        """
        kinds = {FUNCTION: self.payload.function, ITEMS: self.payload.items, RESULTS: self.payload.results}
        sent_bytes = sum(
            pickled.mean_bytes * (self.count(cause) if pickled.mean_bytes >= _LARGE_BYTES else self.workers)
            for cause, pickled in kinds.items()
            if pickled is not None
        )
        return _COPIES_IN_MEMORY * sent_bytes / _PAGE_BYTES

    def sent(self) -> dict[Cause, Pickled]:
        """List the objects that take long enough to send with a chunk, by cause."""
        of_chunk = {
            FUNCTION: (self.payload.function, 1),
            ITEMS: (self.payload.items, self.chunk_size),
            RESULTS: (self.payload.results, self.chunk_size),
        }
        return {
            cause: pickled
            for cause, (pickled, count) in of_chunk.items()
            if pickled is not None and count * pickled.send_s >= _SHORTEST_S
        }

    def count(self, cause: Cause) -> int:
        """Count how often the objects of a cause are sent."""
        if cause == FUNCTION:
            return min(self.workers, self.chunks) if self.is_function_kept else self.chunks
        return self.tasks


def transfer_losses(
    by_cause: Mapping[Cause, float],
    transfer: Transfer | None,
    dispatch: tuple[Cause, ...],
    ends: tuple[Cause, ...],
) -> dict[Cause, float]:
    """Separate the losses to data transfer from those to dispatch, in worker-seconds.

    One thread of the pool pickles for all workers, so at most every worker waits for all of it.

    Args:
        by_cause: losses by cause
        transfer: the data that is sent; None: nothing, or unknown
        dispatch: the causes that include the transfer
        ends: start-up and shutdown, in which each worker waits for its first items and last results
    """
    if transfer is None:
        return dict(by_cause)
    most_s = {
        cause: transfer.workers * transfer.count(cause) * pickled.send_s
        for cause, pickled in transfer.sent().items()
    }
    lost_s = sum(max(0.0, by_cause.get(cause, 0.0)) for cause in (*dispatch, *ends))
    most_s = {cause: seconds for cause, seconds in most_s.items() if seconds >= _LEAST_PART * lost_s}
    split = dict(by_cause)
    left_s = dict(most_s)
    for causes, part in ((dispatch, 1.0), (ends, min(1.0, transfer.workers / transfer.chunks))):
        of_causes_s = {cause: max(0.0, by_cause.get(cause, 0.0)) for cause in causes}
        wanted_s = {cause: min(left_s[cause], part * seconds) for cause, seconds in most_s.items()}
        available_s, total_s = sum(of_causes_s.values()), sum(wanted_s.values())
        if available_s <= 0 or total_s <= 0:
            continue
        taken = min(1.0, total_s / available_s)
        for cause, seconds in of_causes_s.items():
            split[cause] = split.get(cause, 0.0) - taken * seconds
        for cause, seconds in wanted_s.items():
            attributed_s = seconds / total_s * taken * available_s
            left_s[cause] -= attributed_s
            split[cause] = split.get(cause, 0.0) + attributed_s
    return split


def with_transfer_facts(loss: Loss, transfer: Transfer | None) -> Loss:
    """Add the figures and the fitting remedy to a loss to data transfer; return others unchanged."""
    pickled = None if transfer is None else transfer.sent().get(loss.cause)
    if transfer is None or pickled is None:
        return loss
    is_kept = loss.cause == FUNCTION and transfer.is_function_kept
    sent = Sent(bytes=pickled.mean_bytes, repeated_bytes=pickled.repeated_bytes, each_worker=is_kept)
    keep = "as a global of the module, which forked workers inherit"
    if transfer.method != "fork":
        keep = "from an initializer, once in each worker"
    remedy = loss.cause.remedy
    if loss.cause == FUNCTION:
        remedy = f"keep the function's data {keep}"
        if transfer.chunks > transfer.workers and not is_kept:
            remedy = f"{remedy}; or bigger chunks"
    elif loss.cause == ITEMS and pickled.repeated_bytes > pickled.mean_bytes / 2:
        remedy = f"take the object that every item contains out of the items, and keep it {keep}"
    return replace(loss, cause=replace(loss.cause, remedy=remedy), detail=sent)
