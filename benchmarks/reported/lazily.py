"""A model that is loaded when it is first used."""

_model: list[int] = []


def predict(number: int) -> int:
    """Use the model; the first call of a process loads it."""
    if not _model:
        _model.extend(hash(str(number)) for number in range(1_000_000))
    return sum(value & number for value in _model[:300_000])
