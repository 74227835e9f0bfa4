"""Figures as people read them."""

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def seconds(value: float) -> str:
    """Show a time with three digits and its unit."""
    factor, unit = next((pair for pair in _UNITS if abs(value) >= pair[0]), _UNITS[-1])
    return f"{three_digits(value / factor)} {unit}"


def three_digits(value: float) -> str:
    """Show a number with three significant digits, without an exponent below a million."""
    decimals = 2 if abs(value) < 10 else 1 if abs(value) < 100 else 0
    return f"{value:.{decimals}f}"
