"""The code under measurement: plain functions that workloads name. Knows nothing of the runner."""
