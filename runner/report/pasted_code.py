"""The code to paste for a group of cells."""

from runner.codegen.code import code_to_paste
from runner.facts import GroupAnalysis, StudyAnalysis


def code_of(group: GroupAnalysis, study: StudyAnalysis) -> str:
    """Write the Python that runs the workload as the recommended cell does; empty for snippets."""
    if group.recommended is None:
        return ""
    cell = study.cells[group.recommended]
    return code_to_paste(cell.cell, is_async=cell.is_async, auto_chunk_size=cell.tasks_per_chunk or 1)
