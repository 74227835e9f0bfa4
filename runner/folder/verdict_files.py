"""Reading the verdict.json of many result folders, for the list of all studies."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from runner.folder.file_names import VERDICT


def read_verdicts(results_dir: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Read the verdict of each study in a folder of result folders; unreadable ones are left out."""
    for file in sorted(results_dir.glob(f"*/{VERDICT}")):
        try:
            content = json.loads(file.read_text(encoding="utf-8"))
        except (OSError, ValueError):  # being written, or not one of ours
            continue
        if isinstance(content, dict):
            yield file.parent, content
