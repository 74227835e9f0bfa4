"""Cells → samples and task records: repetitions, invocations, and the processes they run in."""
