"""`PYTHON path/to/probe/__main__.py`: run one invocation; standard input specifies it, in JSON."""

import os
import sys

if getattr(sys.flags, "safe_path", False):  # PYTHONSAFEPATH has left this folder out of the path
    sys.path.insert(0, os.path.dirname(__file__))

# Otherwise workers that start a new interpreter would run this file again.
del globals()["__file__"]

if __name__ == "__main__":
    from runner_probe.probe_main import main

    main()
