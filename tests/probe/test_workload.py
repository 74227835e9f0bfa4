"""Workloads: items, arguments, labels, the functions around the tasks, and what is refused."""

import functools
from pathlib import Path
from typing import Any

import pytest

from runner_probe import snippets
from runner_probe.workload import Workload, WorkloadError


def load(**settings: Any) -> Workload:
    loaded: Any = {"function": "bag.square", "items": [1, 2, 3], **settings}
    return Workload(loaded, None)


class Unlabelled:
    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_the_modules_of_function_and_initializer_are_timed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, wait_s in (("slow_tasks", 0.02), ("slow_start", 0.03)):
        (tmp_path / f"{name}.py").write_text(f"import time\ntime.sleep({wait_s})\ndef run(x=0): return x\n")
    assert load(function="slow_tasks.run", initializer="slow_start.run").import_s >= 0.05
    # Now they are loaded.
    assert load(function="slow_tasks.run", initializer="slow_start.run").import_s < 0.02


def test_items_may_be_a_list() -> None:
    assert load(items=[3, "a", None]).items == [3, "a", None]


def test_items_of_a_list_may_be_made_by_targets() -> None:
    assert load(items=[1, {"_target_": "math.sqrt", "_args_": [9]}, {"a": 2}]).items == [1, 3.0, {"a": 2}]


@pytest.mark.parametrize("arguments", [{"number": 3}, {"_args_": [3]}])
def test_items_may_be_made_by_a_generator(arguments: dict[str, Any]) -> None:
    assert load(items={"_target_": "bag.count_to", **arguments}).items == [0, 1, 2]


@pytest.mark.parametrize(
    ("content", "lines"),
    [
        (b"one\ntwo\n", ["one", "two"]),
        (b"one\r\n\r\ntwo", ["one", "", "two"]),
        ("é\u2028\x0c\x85 x\n y ".encode(), ["é\u2028\x0c\x85 x", " y "]),
    ],
)
def test_items_may_be_the_lines_of_a_file(content: bytes, lines: list[str], tmp_path: Path) -> None:
    path = tmp_path / "lines.txt"
    path.write_bytes(content)
    assert load(items={"lines": str(path)}).items == lines


def test_items_may_be_paths_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b.txt", "a.txt", "c.csv", "deep/d.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.touch()
    assert load(items={"glob": f"{tmp_path}/*.txt"}).items == [f"{tmp_path}/a.txt", f"{tmp_path}/b.txt"]
    assert f"{tmp_path}/deep/d.txt" in load(items={"glob": f"{tmp_path}/**/*.txt"}).items


def test_files_of_items_may_be_named_from_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "lines.txt").write_text("one\n", encoding="utf-8")
    assert load(items={"lines": "~/lines.txt"}).items == ["one"]
    assert load(items={"glob": "~/*.txt"}).items == [f"{tmp_path}/lines.txt"]


def test_arguments_are_bound_to_the_function() -> None:
    workload = load(function="bag.scaled", arguments={"factor": {"_target_": "math.sqrt", "_args_": [4]}})
    assert [workload.call(item) for item in workload.items] == [2, 4, 6]


def test_a_function_without_arguments_is_not_wrapped() -> None:
    import bag  # type: ignore[import-not-found]  # noqa: PLC0415 - on the path only within tests

    assert load().call is bag.square


def test_labels_are_shortened_texts_of_items() -> None:
    labels = list(load(items=["a  b\nc", 7, "x" * 50, [1, 2]]).labels())
    assert labels == ["a b c", "7", "x" * 39 + "…", "[1, 2]"]


def test_an_item_without_a_text_is_labelled_by_its_type() -> None:
    workload = load()
    workload.bag = [Unlabelled()]
    assert list(workload.labels()) == ["<Unlabelled>"]


@pytest.mark.parametrize("nothing", [None, ""])
@pytest.mark.parametrize("key", ["initializer", "setup", "teardown"])
def test_setup_and_teardown_and_initializer_are_optional(key: str, nothing: str | None) -> None:
    assert getattr(load(**{key: nothing}), key) is None


@pytest.mark.parametrize("key", ["initializer", "setup", "teardown"])
def test_setup_and_teardown_and_initializer_are_names_or_targets(key: str, tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    getattr(load(**{key: {"_target_": "bag.note", "_args_": ["a", "b"], "path": str(path)}}), key)()
    assert path.read_text(encoding="utf-8") == "a b\n"
    named = getattr(load(**{key: "bag.not_a_function_of_items"}), key)
    assert named.__name__ == "not_a_function_of_items"


@pytest.mark.parametrize(
    ("settings", "key", "message"),
    [
        ({"function": "bag.sqare"}, "function", "'bag' has no 'sqare'; did you mean 'bag.square'?"),
        ({"arguments": {"a": {"_target_": "bag.nothing"}}}, "arguments", "'bag' has no 'nothing'"),
        ({"items": []}, "items", "there are no items; a workload needs at least one"),
        (
            {"items": {"glob": "/no/such/*.txt"}},
            "items",
            "no file matches /no/such/*.txt; set items.glob to a pattern of paths",
        ),
        (
            {"items": {"lines": "/no/such.txt"}},
            "items",
            "there is no file /no/such.txt; set items.lines to the name of a text file",
        ),
        (
            {"items": {"_target_": "bag.square", "number": 3}},
            "items",
            "TypeError: 'int' object is not iterable",
        ),
        ({"items": {"_target_": "bag.count_to", "nr": 3}}, "items", "bag.count_to has no argument 'nr'"),
        (
            {"items": {"line": "a.txt"}},
            "items",
            "they are of type dict; give a list, a dictionary with _target_, {lines: FILE} or {glob: ",
        ),
        ({"items": 3}, "items", "they are of type int; give a list"),
        ({"expect": [1, 2]}, "expect", "it has 2 results for 3 items; give one result for each item"),
        ({"initializer": "bag.nothing"}, "initializer", "'bag' has no 'nothing'"),
        ({"setup": "bag.ANSWER"}, "setup", "'bag.ANSWER' is an int, which cannot be called"),
        (
            {"teardown": {"_target_": "nowhere.at_all"}},
            "teardown",
            "there is no module 'nowhere' on the path",
        ),
    ],
)
def test_the_key_of_a_workload_that_cannot_be_loaded_is_named(
    settings: dict[str, Any], key: str, message: str
) -> None:
    with pytest.raises(WorkloadError) as caught:
        load(**settings)
    assert caught.value.key == key
    assert message in str(caught.value)


def test_snippets_are_tasks_by_name() -> None:
    workload = Workload({"snippets": {"one": "1", "two": "2"}, "setup": "x = 1"}, {"one": 3, "two": 4})
    assert list(workload.items) == list(workload.labels()) == ["one", "two"]
    assert workload.calls == {"one": 3, "two": 4}
    assert isinstance(workload.call, functools.partial)
    started, ended = workload.call("one")
    assert started <= ended
    assert workload.setup is None


def test_snippets_without_counts_are_calibrated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snippets, "TARGET_NS", 1)
    workload = Workload({"snippets": {"one": "1", "two": "2"}}, None)
    assert workload.calls == {"one": 1, "two": 1}


@pytest.mark.parametrize(
    ("setup", "source", "key", "message"),
    [
        (
            "",
            "x = 1\ny = = 2",
            "snippets.bad",
            "snippet 'bad' is not valid Python: invalid syntax (line 2: 'y = = 2')",
        ),
        ("x = 1\nimport", "pass", "setup", "the set-up of the snippets is not valid Python: "),
    ],
)
def test_a_syntax_error_is_reported_with_its_snippet_and_line(
    setup: str, source: str, key: str, message: str
) -> None:
    with pytest.raises(WorkloadError) as caught:
        Workload({"snippets": {"good": "1", "bad": source}, "setup": setup}, None)
    assert caught.value.key == key
    assert message in str(caught.value)
    assert "(line 2: " in str(caught.value)
