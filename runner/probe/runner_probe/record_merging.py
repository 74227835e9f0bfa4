"""Merging of task records, where there are too many to keep them all."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from runner_probe.wire import RecordValues

_MANY_WORKERS = 1_000  # from this number on, records are merged across workers


def merge(records: list[RecordValues], limit: int) -> list[RecordValues]:
    """Merge consecutive records of each worker, so that at most `limit` are left.

    Sums, first starts and last ends stay exact.

    With very many workers, such as a thread for each task, records of different workers are merged, too.
    """
    # Half of the limit: each worker's last group may be short, which adds a record.
    group = -(-len(records) // (limit // 2))
    lanes: dict[tuple[str, int, int] | None, list[RecordValues]] = {}
    records = sorted(records, key=_started_ns)
    for record in records:
        lanes.setdefault(record[2:5], []).append(record)
    if len(lanes) >= _MANY_WORKERS:
        lanes = {None: records}
    merged = [
        _merged(lane[start : start + group])
        for lane in lanes.values()
        for start in range(0, len(lane), group)
    ]
    return sorted(merged, key=_started_ns)


def _started_ns(record: RecordValues) -> int:
    return record[6]


def _merged(records: list[RecordValues]) -> RecordValues:
    tasks, counts, *_, submitted, started, ended, received, busy, cpu, delay = zip(*records, strict=True)
    return (
        tasks[0],
        sum(counts),
        *records[0][2:5],
        min(submitted),
        min(started),
        max(ended),
        max(received),
        sum(busy),
        None if None in cpu else sum(cpu),
        None if None in delay else sum(delay),
    )
