"""The description of a study: the content of `study.yaml`, written whenever a session starts."""

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from enum import Enum
from types import UnionType
from typing import Any, Self, get_args, get_origin, get_type_hints

from runner.records import Mode, StudySettings
from runner.settings import KnownAnswer

#: Version of the format of result folders. Additions that older programs may ignore do not change it.
FORMAT = 3
#: By attribute: the key in the file, if its name is different.
_KEYS = {"study_id": "study"}


@dataclass(kw_only=True)
class StudyAnswer(KnownAnswer):
    """A known answer, with the workload that it belongs to."""

    workload: str


@dataclass(frozen=True, kw_only=True)
class ResumedSession:
    """A session that resumed the study."""

    after: str | None = None  #: the study's id in the previous session
    command_line: tuple[str, ...] = ()
    resumed_at: str = ""  #: ISO 8601, UTC


@dataclass(frozen=True, kw_only=True)
class StudyDescription(StudySettings):
    """How a study is measured, and what the user requested.

    The folders of older versions lack some of the fields that have a default.
    """

    name: str
    confidence: float
    format: int | None = None  #: None: made by a version that did not number its formats
    mode: Mode = Mode.tasks
    duration_s: float | None = None
    memory: bool = True
    profile: str | None = None
    results_dir: str = "results"
    command_line: tuple[str, ...] = ()
    working_directory: str | None = None
    overrides: tuple[Mapping[str, Any], ...] = ()  #: by point
    known_answers: tuple[StudyAnswer, ...] = ()
    configuration: Mapping[str, Any] = field(default_factory=dict)  #: of the first point, as composed
    swept: tuple[str, ...] = ()  #: further swept settings, each a column of the tables
    study_id: str | None = None  #: marks the processes of the last session
    sessions: tuple[ResumedSession, ...] = ()  #: those that resumed it, in order
    #: keys of newer versions, written back unchanged
    further: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def from_mapping(cls, content: Mapping[str, Any]) -> Self:
        """Read the content of the file.

        Raises:
            KeyError, TypeError, ValueError: if it is not the content of such a file
        """
        rest, hints = dict(content), get_type_hints(cls)
        values = {}
        for entry in (entry for entry in fields(cls) if entry.name != "further"):
            key = _KEYS.get(entry.name, entry.name)
            is_required = entry.default is entry.default_factory is MISSING or key == "swept"
            if key in rest or is_required:
                values[entry.name] = _converted(key, rest.pop(key), hints[entry.name])
        return cls(**values, further=rest)

    def to_mapping(self) -> dict[str, Any]:
        """Return the content of the file, plain values only."""
        known = (entry.name for entry in fields(self) if entry.name not in ("format", "further"))
        content = {_KEYS.get(name, name): _plain(getattr(self, name)) for name in known}
        return {"format": self.format, **content, **self.further}


def _converted(key: str, value: Any, hint: Any) -> Any:
    """Convert a value of the file to the type of its field."""
    if hint is Mode:
        return Mode(value)
    kinds = get_args(hint) if isinstance(hint, UnionType) else (hint,)
    if not any(_has_kind(value, kind) for kind in kinds):
        raise ValueError(f"{key}: {value!r} is not a valid value")
    if not isinstance(value, list):
        return value
    (kind, _) = get_args(hint)
    return tuple(_record(kind, entry) if is_dataclass(kind) else entry for entry in value)


def _has_kind(value: Any, kind: Any) -> bool:
    """Whether a value from YAML fits a type: a list fits a tuple, an integer a float."""
    kind = get_origin(kind) or kind
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    fitting: Any = {tuple: list, float: (int, float), Mapping: dict}
    return isinstance(value, fitting.get(kind, kind))


def _record(kind: Any, entry: Any) -> Any:
    if not isinstance(entry, dict):
        raise ValueError(  # noqa: TRY004 - the file is wrong, not the program
            f"{entry!r} is not a valid record"
        )
    known = {part.name for part in fields(kind)}
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in entry.items()
            if name in known
        }
    )


def _plain(value: Any) -> Any:
    """Reduce a value to the types that YAML has."""
    if isinstance(value, Enum):
        return str(value)
    if is_dataclass(value):
        return {part.name: _plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return [_plain(part) for part in value] if isinstance(value, list | tuple) else value
