"""How a study was measured: facts of its description and environment, and none of its times."""

from typing import Any, cast

from runner.facts import Provenance
from runner.folder.results import Results


def provenance_of(results: Results) -> Provenance:
    """Collect what is needed to repeat a study."""
    study, environment = results.study, results.environment
    start = cast("dict[str, Any]", environment.get("start", {}))
    runner = start.get("runner", {})
    started = min((sample.started_at for sample in results.samples), default="")
    return Provenance(
        arguments=study.command_line[1:] if study.command_line else None,
        configuration=study.configuration,
        environment=start,
        interpreters=tuple(cast("list[dict[str, Any]]", environment.get("interpreters", []))),
        runner_version=runner.get("runner_version") or "",
        seed=study.seed,
        sessions=1 + len(study.sessions),
        started_at=started,
    )
