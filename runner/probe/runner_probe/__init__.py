"""The code inside the measured interpreter: standard library only, Python 3.10 or later.

Nothing here may import what a plain script would not import: the import would be measured, too.
"""
