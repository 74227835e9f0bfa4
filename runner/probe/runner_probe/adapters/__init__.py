"""Executors that lack the interface of `concurrent.futures`, one module each."""
