"""Explanations of why a pool is not faster: its traced runs, factors, bound and losses."""
