"""Templates of the code to paste: fields, conditions, and lines that are too long."""

from typing import Any

import pytest

from runner.codegen.imports import Names
from runner.codegen.template import Script, fill
from runner.codegen.work_code import Job


def job(*, chunk_size: int | None = 1, initializer: str | None = None, **pool: Any) -> Job:
    workload: dict[str, Any] = {"function": "mine.work", "arguments": {}, "initializer": initializer}
    return Job(workload=workload, pool=pool, chunk_size=chunk_size, is_async=False, names=Names())


def statements(template: str, **settings: Any) -> list[str]:
    return fill(template, job(**settings)).statements


def test_a_dotted_field_is_imported_and_becomes_a_name() -> None:
    settings = job(workers=3)
    script = fill("{results} = list({engine.Pool}({workers}).map({map_arguments}))", settings)
    assert script.statements == ["results = list(Pool(3).map(work, items))"]
    assert settings.names.imports() == ["from engine import Pool", "from mine import work"]


def test_a_name_that_the_template_assigns_is_not_taken_by_an_import() -> None:
    settings = job()
    settings.names.name("other.client")
    fill("with {engine.client}() as client:\n    {results} = list(map({map_arguments}))", settings)
    assert "from engine import client as engine_client" in settings.names.imports()


def test_without_a_main_guard_the_script_is_not_imported() -> None:
    assert fill("{results} = run({map_arguments})", job()) == Script(
        statements=["results = run(work, items)"], is_imported=False
    )
    guarded = 'if __name__ == "__main__":\n    {results} = run({map_arguments})'
    assert fill(guarded, job()) == Script(statements=["results = run(work, items)"], is_imported=True)


@pytest.mark.parametrize(("backend", "is_imported"), [("threading", False), ("loky", True)])
def test_a_main_guard_may_depend_on_a_setting(backend: str, *, is_imported: bool) -> None:
    template = 'if __name__ == "__main__":  # unless backend=threading\n    {results} = run({map_arguments})'
    assert fill(template, job(backend=backend)).is_imported is is_imported


def test_a_line_and_what_is_indented_below_it_depend_on_a_setting() -> None:
    template = "with a({address}):  # if address\n    join()\n\n    go()\nstart()  # unless address\nend()"
    assert statements(template, address="head:1") == [
        'with a("head:1"):',
        "    join()",
        "",
        "    go()",
        "end()",
    ]
    assert statements(template) == ["start()", "end()"]


def test_a_line_may_depend_on_the_value_of_a_setting() -> None:
    template = "one()  # if workers=1\nmany()  # unless workers=1"
    assert statements(template, workers=1) == ["one()"]
    assert statements(template, workers=2) == ["many()"]


def test_arguments_without_a_value_are_dropped() -> None:
    template = "run({workers=}, {initializer=}, {chunksize=})"
    assert statements(template) == ["run()"]
    assert statements(template, workers=2, initializer="mine.prepare", chunk_size=4) == [
        "run(workers=2, initializer=prepare, chunksize=4)"
    ]


def test_the_initializer_is_called_where_the_template_says() -> None:
    template = "if first:\n    {initialize}\n    go()"
    assert statements(template, initializer="mine.prepare") == ["if first:", "    prepare()", "    go()"]
    assert statements(template) == ["if first:", "    go()"]


def test_a_pool_that_cuts_no_chunks_gets_batches() -> None:
    script = fill("{prepare}\n{results} = run({function}, {arguments}, {items})", job(chunk_size=2))
    assert script.statements == [
        "batches = [items[start : start + 2] for start in range(0, len(items), 2)]",
        "done = run(run_batch, work, batch, batches)",
        "results = [result for batch in done for result in batch]",
    ]
    assert script.definitions == [
        ["def run_batch(call, batch):", "    return [call(item) for item in batch]"]
    ]


def test_a_line_that_is_too_long_is_broken_at_the_arguments_of_its_call() -> None:
    name = "x" * 50
    assert statements("{results} = list(pool.map({map_arguments}, {name}, 1))", name=name) == [
        "results = list(pool.map(",
        "    work,",
        "    items,",
        f'    "{name}",',
        "    1,",
        "))",
    ]


def test_a_template_may_break_its_own_lines() -> None:
    template = "with (  # unless address\n    a(1, 2) as b,\n    c() as d,\n):\n    go()"
    assert statements(template) == ["with (a(1, 2) as b, c() as d):", "    go()"]
    assert statements(template, address="x") == []


def test_sections_above_the_statements_are_definitions() -> None:
    template = (
        "import engine\n\n\ndef ready():  # if initializer\n    {initialize}\n\n\n{results} = go({items})"
    )
    settings = job(initializer="mine.prepare")
    assert fill(template, settings).definitions == [["def ready():", "    prepare()"]]
    assert "import engine" in settings.names.imports()
    assert fill(template, job()).definitions == []
