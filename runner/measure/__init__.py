"""Cells → samples and task records."""
