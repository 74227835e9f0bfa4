"""What disturbed a run, as codes with figures, and the text in which samples.csv records them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

#: How many times its shortest time fixed work may take before a run is recorded as disturbed.
MAX_SLOWDOWN = 1.25


class DisturbanceKind(StrEnum):
    """Who or what disturbed a run."""

    OTHER_PROGRAMS = "other_programs"  #: processes that do not belong to the invocation took CPU time
    HOST = "host"  #: the host of this virtual machine took CPU time
    SLOW_CPU = "slow_cpu"  #: fixed work took longer although nothing else ran: clock, heat, other guests


@dataclass(frozen=True, kw_only=True, slots=True)
class Disturbance:
    """One thing that disturbed a run."""

    kind: DisturbanceKind
    amount: float  #: CPUs taken; of a slow CPU, how many times as long as at its best fixed work took


_TOOK = {
    DisturbanceKind.OTHER_PROGRAMS: "other processes",
    DisturbanceKind.HOST: "the host of this virtual machine",
}
_RECORDED = {
    **{kind: re.compile(rf"{who} took (\d+(?:\.\d+)?) CPUs") for kind, who in _TOOK.items()},
    # Earlier versions worded it in another way.
    DisturbanceKind.SLOW_CPU: re.compile(r"before the repetition\D*(\d+(?:\.\d+)?) times"),
}


def as_text(disturbances: Iterable[Disturbance]) -> str:
    """Word what disturbed a run, for samples.csv; empty without disturbances."""
    return " and ".join(_text(disturbance) for disturbance in disturbances)


def _text(disturbance: Disturbance) -> str:
    who = _TOOK.get(disturbance.kind)
    if who is not None:
        return f"{who} took {disturbance.amount:.2f} CPUs"
    return f"before the repetition the machine was {disturbance.amount:.2f} times slower than at its best"


def parse(text: str) -> tuple[Disturbance, ...]:
    """Read what samples.csv recorded; a text of another form is ignored."""
    found = ((kind, pattern.search(text)) for kind, pattern in _RECORDED.items())
    return tuple(Disturbance(kind=kind, amount=float(match[1])) for kind, match in found if match)
