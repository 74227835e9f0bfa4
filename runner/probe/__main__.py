"""`PYTHON path/to/probe/__main__.py`: run one invocation, described by JSON on standard input."""

# Workers that start an interpreter of their own would otherwise run this file again.
del globals()["__file__"]

if __name__ == "__main__":
    from runner_probe.invocation import main

    main()
