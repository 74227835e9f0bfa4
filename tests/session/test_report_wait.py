"""The announcement of the report: on a terminal it disappears when the report is printed."""

import io
import sys

import pytest

from runner.session.report_wait import ERASE_LINE, announced


class Terminal(io.StringIO):
    """Standard output and standard error on one terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_the_announcement_stays_until_the_report_is_printed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(sys, "stderr", terminal)
    with announced(quiet=False):
        assert terminal.getvalue() == "finishing: tables and plots …"
        sys.stdout.write("the result\n")
        sys.stdout.write("its table\n")
    assert terminal.getvalue() == f"finishing: tables and plots …{ERASE_LINE}the result\nits table\n"


def test_the_announcement_is_erased_if_no_report_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(OSError, match="disk"), announced(quiet=False):
        raise OSError("no disk")
    assert terminal.getvalue().endswith(ERASE_LINE)


def test_elsewhere_the_announcement_is_a_line_and_with_quiet_there_is_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with announced(quiet=False):
        pass
    assert capsys.readouterr().err == "finishing: tables and plots …\n"
    with announced(quiet=True):
        pass
    assert capsys.readouterr().err == ""
