"""`python -m runner`, and the console script."""

import sys

from runner.cli import help as help_page


def main() -> None:
    """Answer `--help` at once, and leave all else to the program."""
    if help_page.is_asked_for(sys.argv[1:]):
        help_page.show()
        return
    try:
        from runner.session.app import main as run  # noqa: PLC0415 - Hydra takes half a second

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
