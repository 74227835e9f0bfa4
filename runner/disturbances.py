"""Disturbances of a run, as codes with figures, and their text in samples.csv."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

#: Multiple of its shortest time that fixed work may take; if it takes longer, the run counts as disturbed.
MAX_SLOWDOWN = 1.25


class DisturbanceKind(StrEnum):
    """The source of a disturbance."""

    OTHER_PROGRAMS = "other_programs"  #: processes that do not belong to the invocation took CPU time
    HOST = "host"  #: the host of this virtual machine took CPU time
    SLOW_CPU = "slow_cpu"  #: fixed work took longer although nothing else ran: clock, heat, other guests


@dataclass(frozen=True, kw_only=True, slots=True)
class Disturbance:
    """One disturbance of a run."""

    kind: DisturbanceKind
    amount: float  #: CPUs taken; for a slow CPU, the multiple of its shortest time that fixed work took


_TOOK = {
    DisturbanceKind.OTHER_PROGRAMS: "other processes",
    DisturbanceKind.HOST: "the host of this virtual machine",
}
_RECORDED = {
    **{kind: re.compile(rf"{who} took (\d+(?:\.\d+)?) CPUs") for kind, who in _TOOK.items()},
    # Earlier versions have another wording.
    DisturbanceKind.SLOW_CPU: re.compile(r"before the repetition\D*(\d+(?:\.\d+)?) times"),
}


def as_text(disturbances: Iterable[Disturbance]) -> str:
    """Describe disturbances for samples.csv; empty if there are none."""
    return " and ".join(_text(disturbance) for disturbance in disturbances)


def _text(disturbance: Disturbance) -> str:
    who = _TOOK.get(disturbance.kind)
    if who is not None:
        return f"{who} took {disturbance.amount:.2f} CPUs"
    return f"before the repetition the machine was {disturbance.amount:.2f} times slower than at its best"


def parse(text: str) -> tuple[Disturbance, ...]:
    """Read the disturbances from a text of samples.csv; ignore a text of any other form."""
    matches = ((kind, pattern.search(text)) for kind, pattern in _RECORDED.items())
    return tuple(Disturbance(kind=kind, amount=float(match[1])) for kind, match in matches if match)
