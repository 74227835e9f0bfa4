"""index.html: all studies of a folder of results, newest first, each with its verdict and best speedup."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runner.folder.file_names import PAGE
from runner.report.labels import one_line
from runner.units import three_digits

_LONGEST_ANSWER = 160


@dataclass(frozen=True, kw_only=True)
class ListedStudy:
    """A row of the list."""

    name: str
    link: str  #: to its page, or to its folder if it has none
    started: str  #: date and time in UTC; empty in folders of older versions
    workloads: str
    answer: str  #: of the first group
    more: int  #: further groups
    speedup: str  #: the best one
    is_complete: bool


def listed_studies(verdicts: Iterable[tuple[Path, Mapping[str, Any]]]) -> list[ListedStudy]:
    """Make the rows of the list, the newest first.

    Args:
        verdicts: result folders with the content of their verdict.json, which may be of an older version
    """
    found = [_listed(folder, content) for folder, content in verdicts]
    return sorted(found, key=lambda study: (study.started, study.name), reverse=True)


def _listed(folder: Path, content: Mapping[str, Any]) -> ListedStudy:
    study = _mapping(content.get("study"))
    groups = [_mapping(group) for group in _list(content.get("groups"))]
    answers = [str(answer) for group in groups if (answer := _mapping(group.get("sentences")).get("answer"))]
    best = max(_speedups(content), default=None)
    file = PAGE if (folder / PAGE).is_file() else ""
    return ListedStudy(
        name=one_line(folder.name, 80),
        link=f"{quote(os.fsencode(folder.name))}/{file}",
        started=str(study.get("started_at") or "")[:16].replace("T", " "),
        workloads=one_line(", ".join(dict.fromkeys(str(group.get("workload", "")) for group in groups)), 60),
        answer=_first_sentence(answers[0]) if answers else "no cell was measured",
        more=max(0, len(answers) - 1),
        speedup="" if best is None else three_digits(best),
        is_complete=study.get("is_complete") is not False,
    )


def _speedups(content: Mapping[str, Any]) -> Iterator[float]:
    """List the speedups of all cells but the baselines."""
    for cell in map(_mapping, _mapping(content.get("cells")).values()):
        value = _mapping(cell.get("speedup")).get("value")
        if isinstance(value, int | float) and not cell.get("is_baseline"):
            yield float(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    """Return a value if it is a mapping: the file may be of another version, or of another program."""
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else []


def _first_sentence(answer: str) -> str:
    return one_line(answer.partition(". ")[0], _LONGEST_ANSWER)
