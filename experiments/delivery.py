"""Work that waits, as code waits for a network or a disk."""

import time


def deliver(parcel: str, seconds: float) -> str:
    """Wait for the round trip, then return the receipt."""
    time.sleep(seconds)
    return f"{parcel} delivered"


def parcels(count: int) -> list[str]:
    """Name `count` parcels."""
    return [f"parcel {number}" for number in range(1, count + 1)]
