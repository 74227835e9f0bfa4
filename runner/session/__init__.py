"""What surrounds a measurement: locks, preflight, the result folder, the live view, and resuming a study."""
