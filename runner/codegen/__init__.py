"""The code to paste: Python that does what a cell does, written from its settings alone."""
