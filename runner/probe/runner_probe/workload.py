"""A loaded workload: the function that runs a task, its items, and what runs before and after them."""

from __future__ import annotations

from runner_probe.targets import bind_target, build, imports_ns, locate_callable
from runner_probe.worker import is_async

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from runner_probe.wire import WorkloadSettings

_LABEL_LENGTH = 40  # characters


class WorkloadError(Exception):
    """A workload cannot be loaded: the message says why, and `key` names the key in its YAML."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


class Workload:
    """Tasks: `call` on each of `items`.

    Args:
        settings: settings of the workload
        calls: inner-loop counts of snippets by label; None: calibrate them
        bags: number of times that the items are run
        announce: called with each activity, before it runs code of the user
    """

    def __init__(
        self,
        settings: WorkloadSettings,
        calls: dict[str, int] | None,
        bags: int = 1,
        announce: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._announce = announce
        self.settings = settings
        self.calls: dict[str, int] | None = None
        self.import_s = 0.0  #: seconds that importing the modules of function, arguments and initializer took
        self.name = settings.get("name", "")
        self.is_snippets = bool(settings.get("snippets"))
        self.items: Sequence[Any]
        self.call: Callable[[Any], Any]
        if self.is_snippets:
            self._load_snippets(calls)
        else:
            self._load_function()
        if is_async(self.call):
            # The program of a user imports asyncio when it starts, so no executor's clock includes that.
            import runner_probe.coroutine_loop  # noqa: F401, PLC0415
        self.bag = self.items  #: the items of one bag
        self.items = [*self.bag] * bags if bags > 1 else self.bag
        before_ns = imports_ns()
        self.initializer = None if self.is_snippets else _bind(settings.get("initializer"), "initializer")
        self.import_s += (imports_ns() - before_ns) / 1e9
        self.setup = None if self.is_snippets else _bind(settings.get("setup"), "setup")
        self.teardown = _bind(settings.get("teardown"), "teardown")

    def labels(self) -> Labels:
        """Name each task of a bag: a snippet by its name, an item by its shortened text. Names may repeat."""
        return Labels(self.bag)

    def name_of(self, task: int) -> str:
        """Name a task in a message: `items[1] = 2`, counted from 0, or `snippet 'sum'`."""
        position = task % len(self.bag)
        label = self.labels()[position]
        return f"snippet '{label}'" if self.is_snippets else f"items[{position}] = {label}"

    def _load_snippets(self, calls: dict[str, int] | None) -> None:
        # Imported here and below because only some workloads need it.
        from functools import partial  # noqa: PLC0415

        from runner_probe.snippets import calibrate_all, compile_snippet, run_snippet  # noqa: PLC0415

        setup, snippets = self.settings.get("setup") or "", self.settings["snippets"]
        for name, source in snippets.items():
            try:
                compile_snippet(setup, source)
            except SyntaxError as error:
                if error.filename == "<setup>":
                    raise WorkloadError(
                        "setup", _describe_syntax_error("the set-up of the snippets", error)
                    ) from error
                raise WorkloadError(
                    f"snippets.{name}", _describe_syntax_error(f"snippet '{name}'", error)
                ) from error
        self.items = list(snippets)
        self.calls = calls or calibrate_all(setup, snippets)
        self.call = partial(run_snippet, setup, snippets, self.calls)

    def _load_function(self) -> None:
        function = self.settings["function"] or ""
        self._announce(f"importing {function.rpartition('.')[0]}")
        before_ns = imports_ns()
        with _WorkloadErrorsFor("function"):
            self.call = locate_callable(function)
        if self.settings.get("arguments"):
            self._announce(f"making the arguments of workload '{self.name}'")
        with _WorkloadErrorsFor("arguments"):
            arguments = build(self.settings.get("arguments") or {})
        self.import_s = (imports_ns() - before_ns) / 1e9
        if arguments:
            from functools import partial  # noqa: PLC0415

            self.call = partial(self.call, **arguments)
        with _WorkloadErrorsFor("items"):
            self.items = self._make_items(self.settings["items"])
        if not self.items:
            raise WorkloadError("items", "there are no items; a workload needs at least one")
        expected = self.settings.get("expect")
        if expected is not None and len(expected) != len(self.items):
            message = (
                f"it has {len(expected)} results for {len(self.items)} items; give one result for each item"
            )
            raise WorkloadError("expect", message)

    def _make_items(self, settings: Any) -> Sequence[Any]:
        if isinstance(settings, list):
            return [build(item) for item in settings]
        from runner_probe.items import make_items  # noqa: PLC0415 - a list in YAML does not need it

        self._announce(f"making the items of workload '{self.name}'")
        return make_items(settings)


class _WorkloadErrorsFor:
    """Turns any exception of a `with` statement into a WorkloadError for one key."""

    def __init__(self, key: str) -> None:
        self.key = key

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, WorkloadError):
            is_clear = type(error).__name__ in ("TargetError", "ValueError")
            message = str(error) if is_clear else f"{type(error).__name__}: {error}"
            raise WorkloadError(self.key, message) from error


def _bind(settings: Any, key: str) -> Callable[[], object] | None:
    """Make a function without arguments from a dotted name, or from a `_target_` with its arguments."""
    if settings in (None, ""):
        return None
    with _WorkloadErrorsFor(key):
        if isinstance(settings, str):
            function: Callable[[], object] = locate_callable(settings)
            return function
        return bind_target(settings)


class Labels:
    """The labels of a bag's tasks, each made when it is read.

    Args:
        bag: the items of one bag
    """

    def __init__(self, bag: Sequence[Any]) -> None:
        self._bag = bag

    def __len__(self) -> int:
        return len(self._bag)

    def __iter__(self) -> Iterator[str]:
        return map(_label, self._bag)

    def __getitem__(self, task: int) -> str:
        return _label(self._bag[task])


def _label(item: Any) -> str:
    from runner_probe.short_text import short_repr  # noqa: PLC0415 - only reference runs and messages need it

    try:
        # White space is collapsed below, so more than the first _LABEL_LENGTH characters may fit.
        text = item[: 10 * _LABEL_LENGTH] if isinstance(item, str) else short_repr(item, 2 * _LABEL_LENGTH)
    except Exception:
        text = f"<{type(item).__name__}>"
    text = " ".join(text.split())
    return text if len(text) <= _LABEL_LENGTH else text[: _LABEL_LENGTH - 1] + "…"


def _describe_syntax_error(subject: str, error: SyntaxError) -> str:
    return f"{subject} is not valid Python: {error.msg} (line {error.lineno}: {(error.text or '').strip()!r})"
