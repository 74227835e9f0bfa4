"""Elements of the page. Every text in them is escaped, so that nothing of a user's becomes markup."""

from collections.abc import Iterable

from markupsafe import Markup, escape

#: Elements that end themselves if they have no content.
_WITHOUT_CONTENT = ("circle", "line", "path", "polygon", "polyline", "rect")


def element(name: str, *content: object, **attributes: object) -> Markup:
    """Make an element of HTML or SVG.

    Args:
        name: of the element
        content: texts, which are escaped, and markup, which is not
        attributes: None leaves one out; `class_` stands for `class`, and `text_anchor` for `text-anchor`
    """
    shown = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(_text(part)) for part in content)
    if not inner and name in _WITHOUT_CONTENT:
        return Markup(f"<{name}{shown}/>")  # noqa: S704 - as below
    return Markup(f"<{name}{shown}>{inner}</{name}>")  # noqa: S704 - its parts are escaped above


def joined(parts: Iterable[Markup]) -> Markup:
    """Join markup."""
    return Markup().join(parts)


def points(places: Iterable[tuple[float, float]]) -> str:
    """Return the places of a polyline."""
    return " ".join(f"{_text(x)},{_text(y)}" for x, y in places)


def _text(value: object) -> object:
    """Show coordinates with one decimal, which is less than a pixel."""
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else value
