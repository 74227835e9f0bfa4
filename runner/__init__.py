"""Threads, processes, or not in parallel at all, and with how many workers: measured.

`__main__` is the flow, one function per stage; data goes one way:

    command line --compose--> points --plan--> cells --preflight, measure--> samples, task records --> folder
    folder --analyse--> analysed study --render--> terminal, tables, plots

Measuring and reporting meet only at the result folder. docs/design.md describes every package.
"""
