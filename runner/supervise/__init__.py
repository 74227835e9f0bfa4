"""The process between the runner and the measured interpreters: it starts, limits and terminates them."""
