"""The code under measurement: plain functions that workloads name. It does not use the runner."""
