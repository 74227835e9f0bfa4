"""Threads, processes, or not in parallel at all, and with how many workers: measured.

The flow, one module a step; data goes one way:

    conf/*.yaml --config--> points --plan--> cells --check--> --study--> samples, task records --store--> folder
    folder --store--> --analysis--> tables, verdict --report--> terminal, plots

`study` measures through `invocation`, which speaks to the measured interpreter (`probe`) through `supervisor`.
Measuring and reporting meet only at the result folder.
"""
