"""Did my change help? Two result folders compared: `python -m runner.compare BEFORE AFTER`."""
