"""The code to paste: Python that does what a cell does, generated from the cell's settings."""
