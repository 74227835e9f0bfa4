"""A workload, loaded: the function that is a task, its items, and what runs around them."""

from __future__ import annotations

import os

from runner_probe.targets import bind_target, build, call_target, locate_callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

_LABEL = 40  # characters


class WorkloadError(Exception):
    """A workload that cannot be loaded: the key at fault, and what is wrong with it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Workload:
    """Tasks: `call` on every one of `items`.

    Args:
        settings: the resolved YAML of the workload
        calls: inner-loop counts of snippets by label; None calibrates them
        bags: how many times the items are run
    """

    def __init__(self, settings: dict[str, Any], calls: dict[str, int] | None, bags: int = 1) -> None:
        self.settings = settings
        self.calls: dict[str, int] | None = None
        self.is_snippets = bool(settings.get("snippets"))
        self.items: Sequence[Any]
        self.call: Callable[[Any], Any]
        if self.is_snippets:
            self._load_snippets(calls)
        else:
            self._load_function()
        self.bag = self.items  #: once, however many bags are run
        self.items = [*self.bag] * bags if bags > 1 else self.bag
        self.initializer = None if self.is_snippets else _bound(settings.get("initializer"), "initializer")
        self.setup = None if self.is_snippets else _bound(settings.get("setup"), "setup")
        self.teardown = _bound(settings.get("teardown"), "teardown")

    def labels(self) -> list[str]:
        """Name each task of a bag: a snippet by its name, an item by its shortened text. They may repeat."""
        if self.is_snippets:
            return list(self.bag)
        return [_label(item) for item in self.bag]

    def _load_snippets(self, calls: dict[str, int] | None) -> None:
        # Imported here and below: only some workloads have a use for these.
        from functools import partial  # noqa: PLC0415

        from runner_probe.snippets import calibrate_all, compile_snippet, run_snippet  # noqa: PLC0415

        setup, snippets = self.settings.get("setup") or "", self.settings["snippets"]
        for name, source in snippets.items():
            try:
                compile_snippet(setup, source)
            except SyntaxError as error:
                if error.filename == "<setup>":
                    raise WorkloadError("setup", _syntax("the set-up of the snippets", error)) from error
                raise WorkloadError(f"snippets.{name}", _syntax(f"snippet '{name}'", error)) from error
        self.items = list(snippets)
        self.calls = calls or calibrate_all(setup, snippets)
        self.call = partial(run_snippet, setup, snippets, self.calls)

    def _load_function(self) -> None:
        with _blaming("function"):
            self.call = locate_callable(self.settings["function"])
        with _blaming("arguments"):
            arguments = build(self.settings.get("arguments") or {})
        if arguments:
            from functools import partial  # noqa: PLC0415

            self.call = partial(self.call, **arguments)
        with _blaming("items"):
            self.items = _items(self.settings["items"])
        if not self.items:
            raise WorkloadError("items", "there are no items; a workload needs one at least")
        expected = self.settings.get("expect")
        if expected is not None and len(expected) != len(self.items):
            message = f"{len(expected)} results are expected of {len(self.items)} items; give one for each"
            raise WorkloadError("expect", message)


class _blaming:  # noqa: N801 - used as a statement
    """Turn any exception into a WorkloadError of one key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, WorkloadError):
            told = type(error).__name__ in ("TargetError", "ValueError")
            message = str(error) if told else f"{type(error).__name__}: {error}"
            raise WorkloadError(self.key, message) from error


def _items(settings: Any) -> Sequence[Any]:
    """Make the items: a list, a `_target_` that returns an iterable, `lines` of a file, paths of a `glob`."""
    if isinstance(settings, list):
        return list(build(settings))
    if isinstance(settings, dict) and "_target_" in settings:
        return list(call_target(settings))
    if isinstance(settings, dict) and set(settings) == {"lines"}:
        path = os.path.abspath(os.path.expanduser(settings["lines"]))
        if not os.path.isfile(path):
            raise ValueError(f"there is no file {path}; items.lines names a text file")
        with open(path, encoding="utf-8") as file:
            return [line.removesuffix("\n") for line in file]  # `splitlines` also splits at form feeds
    if isinstance(settings, dict) and set(settings) == {"glob"}:
        import glob  # noqa: PLC0415

        pattern = os.path.abspath(os.path.expanduser(settings["glob"]))
        found = sorted(glob.glob(os.path.expanduser(settings["glob"]), recursive=True))
        if not found:
            raise ValueError(f"no file matches {pattern}; items.glob is a pattern of paths")
        return found
    raise ValueError(
        "items are a list, a dictionary with _target_, {lines: FILE} or {glob: PATTERN}, "
        f"not {type(settings).__name__}"
    )


def _bound(settings: Any, key: str) -> Callable[[], object] | None:
    """Make a function without arguments of a dotted name, or of a `_target_` with its arguments."""
    if settings in (None, ""):
        return None
    with _blaming(key):
        if isinstance(settings, str):
            function: Callable[[], object] = locate_callable(settings)
            return function
        return bind_target(settings)


def _label(item: Any) -> str:
    try:
        text = item if isinstance(item, str) else repr(item)
    except Exception:
        text = f"<{type(item).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= _LABEL else text[: _LABEL - 1] + "…"


def _syntax(what: str, error: SyntaxError) -> str:
    return f"{what} is not Python: {error.msg} (line {error.lineno}: {(error.text or '').strip()!r})"
