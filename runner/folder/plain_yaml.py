"""Plain values ↔ YAML: what is written can be read back unchanged, and reading never executes anything."""

import re
from typing import Any

import yaml

_UNICODE_LINE_ENDS = re.compile("[\x85\u2028\u2029]")


def _represent(dumper: Any, text: str) -> yaml.ScalarNode:
    """Quote a string with Unicode line ends, which PyYAML loses in the plain style."""
    style = '"' if _UNICODE_LINE_ENDS.search(text) else None
    node: yaml.ScalarNode = dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)
    return node


class _Dumper(yaml.SafeDumper):
    """Unlike libyaml, it can write the surrogates in undecodable file names."""


_FastDumper: Any = type("_FastDumper", (getattr(yaml, "CSafeDumper", _Dumper),), {})
_FastLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper.add_representer(str, _represent)
_FastDumper.add_representer(str, _represent)


def dump(value: Any) -> str:
    """Write plain values; mappings keep their order."""
    options: dict[str, Any] = {"sort_keys": False, "allow_unicode": True, "width": 100}
    try:
        return str(yaml.dump(value, Dumper=_FastDumper, **options))
    except UnicodeEncodeError:
        return str(yaml.dump(value, Dumper=_Dumper, **options))


def load(text: str) -> Any:
    """Read plain values.

    Raises:
        yaml.YAMLError: if the text is not YAML, or has tags for anything but plain values
    """
    try:
        return yaml.load(text, _FastLoader)  # noqa: S506 - both of its values are safe loaders
    except yaml.YAMLError:
        return yaml.safe_load(text)  # accepts more than libyaml, and has better error messages
