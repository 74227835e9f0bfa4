"""Workloads rebuilt from public reports about parallel Python, for `benchmarks.reports`: one kind each."""
