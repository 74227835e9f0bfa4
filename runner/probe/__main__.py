"""`PYTHON path/to/probe/__main__.py`: run one invocation, described by JSON on standard input."""

import os
import sys

if getattr(sys.flags, "safe_path", False):  # PYTHONSAFEPATH keeps this folder off the path
    sys.path.insert(0, os.path.dirname(__file__))

# Workers that start an interpreter of their own would otherwise run this file again.
del globals()["__file__"]

if __name__ == "__main__":
    from runner_probe.probe_main import main

    main()
