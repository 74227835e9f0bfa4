"""Numbers formatted for people."""

_SMALL = 0.095  # below it, two decimals show hardly any digits
_ROUNDED = 0.9995  # from this multiple of a power of ten on, three digits round up to the power
_SIZES = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B"))
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


def seconds(value: float) -> str:
    """Format a number of seconds with three significant digits, in a suitable unit."""
    factor, unit = next((pair for pair in _UNITS if abs(value) >= _ROUNDED * pair[0]), _UNITS[-1])
    return f"{three_digits(value / factor)} {unit}"


def size(value: float) -> str:
    """Format a number of bytes with at least two digits, in a suitable unit."""
    factor, unit = next((pair for pair in _SIZES if value >= _ROUNDED * pair[0]), _SIZES[-1])
    amount = value / factor
    return f"{amount:.{1 if amount < 10 * _ROUNDED and factor > 1 else 0}f} {unit}"


def three_digits(value: float) -> str:
    """Format a number with three significant digits, or two below 1; the smallest have an exponent."""
    if 0 < abs(value) < _SMALL:
        return f"{value:.2g}"
    decimals = 2 if abs(value) < 10 * _ROUNDED else 1 if abs(value) < 100 * _ROUNDED else 0
    return f"{value:.{decimals}f}"


def plural(count: float, noun: str) -> str:
    """Count something: `1 run`, `2 runs`."""
    return f"{count:.0f} {noun}" if count == 1 else f"{count:.0f} {noun}s"


def percent(value: float) -> str:
    """Format a share without decimals."""
    return f"{value:.0%}"
