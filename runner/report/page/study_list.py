"""index.html: all studies of a folder of results, newest first, each with its verdict and best speedup."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from runner.report.labels import one_line
from runner.units import three_digits

_LONGEST_ANSWER = 160


@dataclass(frozen=True, kw_only=True)
class ListedStudy:
    """A row of the list."""

    name: str
    link: str  #: to its page, or to its folder if it has none
    started: str  #: date and time, UTC; empty in folders of older versions
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
    found = [(content.get("study") or {}, folder, content) for folder, content in verdicts]
    newest = sorted(found, key=lambda each: (each[0].get("started_at") or "", each[1].name), reverse=True)
    return [_listed(study, folder, content) for study, folder, content in newest]


def _listed(study: Mapping[str, Any], folder: Path, content: Mapping[str, Any]) -> ListedStudy:
    groups = content.get("groups") or []
    answers = [answer for group in groups if (answer := (group.get("sentences") or {}).get("answer"))]
    best = max(_speedups(content), default=None)
    file = "report.html" if (folder / "report.html").is_file() else ""
    return ListedStudy(
        name=one_line(folder.name, 80),
        link=f"{quote(folder.name)}/{file}",
        started=(study.get("started_at") or "")[:16].replace("T", " "),
        workloads=one_line(", ".join(dict.fromkeys(str(group.get("workload")) for group in groups)), 60),
        answer=_first_sentence(answers[0]) if answers else "no cell was measured",
        more=max(0, len(answers) - 1),
        speedup="" if best is None else three_digits(best),
        is_complete=bool(study.get("is_complete", True)),
    )


def _speedups(content: Mapping[str, Any]) -> Iterator[float]:
    """List the speedups of all cells but the baselines."""
    cells = content.get("cells")
    for cell in cells.values() if isinstance(cells, dict) else ():
        value = (cell.get("speedup") or {}).get("value")
        if isinstance(value, int | float) and not cell.get("is_baseline"):
            yield float(value)


def _first_sentence(answer: str) -> str:
    return one_line(answer.partition(". ")[0], _LONGEST_ANSWER)
