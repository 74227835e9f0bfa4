"""`references.jsonl`: what invocations fix for later ones, kept for sessions that resume the study."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from runner.errors import RunnerError
from runner.folder.atomic_files import write
from runner.records import Reference, ReferenceRecord

FILE = "references.jsonl"


def append(folder: Path, record: ReferenceRecord) -> None:
    """Append a record. When this returns, it is on the disk."""
    with (folder / FILE).open("a", encoding="utf-8") as file:
        file.write(_line(record))
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> list[ReferenceRecord]:
    """Read all records; a last line without a line end is unfinished and is ignored.

    Raises:
        RunnerError: if the file is damaged
    """
    path = folder / FILE
    if not path.exists():
        return []
    try:
        complete = path.read_text(encoding="utf-8").rpartition("\n")[0]
        return [_record(line) for line in complete.splitlines()]
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunnerError(
            f"{path}: it cannot be read ({reason}); restore the file, or measure again"
        ) from error


def rewrite(folder: Path, records: Iterable[ReferenceRecord]) -> None:
    """Replace the content of the file with these records."""
    write(folder / FILE, "".join(map(_line, records)))


def _line(record: ReferenceRecord) -> str:
    return json.dumps(asdict(record)) + "\n"


def _record(line: str) -> ReferenceRecord:
    content = json.loads(line)
    reference = None if content["reference"] is None else Reference(**content["reference"])
    return ReferenceRecord(**{**content, "reference": reference})
