"""What single invocations fix for those that follow, kept for a study that is resumed: a JSON line each."""

import json
import os
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from runner.errors import RunnerError
from runner.folder.atomic_files import write
from runner.records import Reference, ReferenceRecord

_FILE = "references.jsonl"


def append(folder: Path, finding: ReferenceRecord) -> None:
    """Append one. When this returns, it is on the disk."""
    with (folder / _FILE).open("a", encoding="utf-8") as file:
        file.write(_line(finding))
        file.flush()
        os.fsync(file.fileno())


def read(folder: Path) -> list[ReferenceRecord]:
    """Read them all; a last line that is half written is none.

    Raises:
        RunnerError: if the file was changed
    """
    path = folder / _FILE
    if not path.exists():
        return []
    try:
        whole = path.read_text(encoding="utf-8").rpartition("\n")[0]
        return [_finding(line) for line in whole.splitlines()]
    except (OSError, ValueError, TypeError, KeyError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise RunnerError(
            f"{path}: it cannot be read ({reason}); restore the file, or measure again"
        ) from error


def rewrite(folder: Path, findings: Iterable[ReferenceRecord]) -> None:
    """Leave these alone."""
    write(folder / _FILE, "".join(map(_line, findings)))


def _line(finding: ReferenceRecord) -> str:
    return json.dumps(asdict(finding)) + "\n"


def _finding(line: str) -> ReferenceRecord:
    read = json.loads(line)
    reference = None if read["reference"] is None else Reference(**read["reference"])
    return ReferenceRecord(**{**read, "reference": reference})
