"""Tasks that are methods of an object, and tasks whose results are large structures."""

import json
from typing import Any


class Model:
    """A model with 4 MB of state, whose method is the task."""

    def __init__(self) -> None:
        self.weights = [float(number) for number in range(450_000)]

    def score(self, number: int) -> float:
        """Use a small part of the state."""
        return sum(self.weights[number : number + 20_000])


score = Model().score

RECORDS = [{"id": number, "name": f"name {number}", "tags": ["a", "b"]} for number in range(6_000)]
DOCUMENT = json.dumps(RECORDS)


def parse(_: int) -> int:
    """Parse a document, and return little of it."""
    return len(json.loads(DOCUMENT))


def parse_and_return(_: int) -> list[dict[str, Any]]:
    """Parse a document, and return all of it."""
    parsed: list[dict[str, Any]] = json.loads(DOCUMENT)
    return parsed
