"""A model that is loaded when it is first used."""

_WEIGHTS = 600_000
_model: list[int] | None = None


def predict(number: int) -> int:
    """Use the model; the first call of a process loads it."""
    global _model  # noqa: PLW0603 - a cache, as people write it
    if _model is None:
        _model = [weight * weight % 1_000_003 for weight in range(_WEIGHTS)]
    return sum(weight & number for weight in _model[: _WEIGHTS // 3])
