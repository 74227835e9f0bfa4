"""A study that was stopped, and what is left to measure of it."""
