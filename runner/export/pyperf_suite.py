"""A study as a file of pyperf (format 1.0), for `pyperf stats` and `pyperf compare_to`."""

import json
from typing import Any

from runner.facts import CellAnalysis, StudyAnalysis
from runner.folder.results import Results


def render_pyperf(results: Results, study: StudyAnalysis) -> str:
    """Render every cell that was measured as a benchmark; each of its runs is a run with one value.

    The values are those by which cells are compared: seconds of a bag or, with a window, of a task.
    """
    machine = study.provenance.environment
    suite = {
        "version": "1.0",
        "metadata": _without_unknown(
            {
                "hostname": machine.get("machine", {}).get("host_name"),
                "cpu_model_name": study.study.cpu_model or None,
                "cpu_count": machine.get("cpu", {}).get("logical_cpus"),
                "platform": _platform(machine),
                "unit": "second",
                "description": f"measured by runner {study.provenance.runner_version}".strip(),
            }
        ),
        "benchmarks": [_benchmark(cell, results, study) for cell in study.cells.values() if cell.runs],
    }
    return json.dumps(suite, indent=1, ensure_ascii=False) + "\n"


def _benchmark(cell: CellAnalysis, results: Results, study: StudyAnalysis) -> dict[str, Any]:
    name = cell.name if len(study.workloads) == 1 else f"{cell.cell.workload}: {cell.name}"
    took_s = {
        sample.repetition: sample.invocation_s
        for sample in results.samples
        if sample.cell == cell.cell.id and sample.invocation_s is not None
    }
    return {
        "metadata": {"name": name, "loops": 1, "python_version": cell.python},
        "runs": [
            {
                "values": [run.unit_s],
                "metadata": _without_unknown(
                    {"date": run.started_at[:19].replace("T", " "), "duration": took_s.get(run.repetition)}
                ),
            }
            for run in cell.runs
        ],
    }


def _platform(machine: Any) -> str | None:
    system, release = (machine.get("os", {}).get(key) for key in ("system", "release"))
    architecture = machine.get("machine", {}).get("architecture")
    return "-".join(filter(None, [system, release, architecture])) or None


def _without_unknown(metadata: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in metadata.items() if value is not None}
