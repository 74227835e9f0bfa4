"""How the program ends: with an exit code, and with one message if something went wrong."""

from collections.abc import Callable

import pytest

from runner.errors import ConfigurationError, RunnerError, exit_code


def failing(error: BaseException) -> Callable[[], int]:
    def program() -> int:
        raise error

    return program


@pytest.mark.parametrize(
    ("program", "code", "message"),
    [
        (lambda: 0, 0, ""),
        (failing(RunnerError("no space")), 1, "error: no space\n"),
        (
            failing(ConfigurationError(["a: b", "c: d"])),
            2,
            "error: a: b\nerror: c: d\nnothing was measured\n",
        ),
        (failing(KeyboardInterrupt()), 130, "interrupted; nothing was measured\n"),
    ],
    ids=["success", "failure", "configuration", "interrupt"],
)
def test_an_error_becomes_a_message_and_an_exit_code(
    program: Callable[[], int], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(program) == code
    assert capsys.readouterr().err == message


def test_a_bug_keeps_its_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code(failing(ZeroDivisionError()))
