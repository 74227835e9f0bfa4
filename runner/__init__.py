"""Threads, processes, or not in parallel at all, and with how many workers: measured.

The flow, one module a step; data goes one way:

    conf/*.yaml --compose--> points --plan--> cells --check, study--> samples, task records --store--> folder
    folder --store--> results --analysis--> tables, verdict --report--> terminal, plots

`app` is the flow. `study` measures through `invocation`, which speaks to the measured interpreter (`probe`)
through `supervisor`.
Measuring and reporting meet only at the result folder.
"""
