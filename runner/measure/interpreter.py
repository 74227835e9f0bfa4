"""Measured interpreters: how one is started with a specification, and how its reply is read."""

import json
import os
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from runner.folder.environment_record import InterpreterRecord
from runner.measure.time_limits import explain_limit
from runner.modes import bags_of
from runner.paths import PROBE, experiments_path
from runner.records import Cell, Status
from runner.revisions import folder_of
from runner.supervise.protocol import NOTE_MARK, REPLY_MARK, Ending, Launch

if TYPE_CHECKING:  # the probe is on the path of type checkers only
    from runner_probe.wire import (
        DispatchedReply,
        FailedReply,
        InterpreterFacts,
        MeasuredReply,
        PreflightReply,
        ProbeInput,
        ProgramSpecification,
        Specification,
        UntimedReply,
    )

_SHOWN_OUTPUT = 300  # characters of the last line that a failed invocation printed


class Supervises(Protocol):
    """The part of the supervisor that starting an interpreter needs."""

    def run(self, launch: Launch) -> Ending:
        """Run one invocation to its end."""
        ...


@dataclass(frozen=True, kw_only=True)
class Interpreter:
    """A program that runs the probe, and how it is started."""

    python: str
    env: Mapping[str, str]  #: added to the runner's environment
    prefix: Sequence[str]  #: command that starts it, such as `nice`
    revision: Mapping[str, str] | None = None  #: of the user's code; None: that of the working directory

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> "Interpreter":
        """Select the interpreter from the settings of a cell."""
        return cls(
            python=settings["python"],
            env=settings["env"],
            prefix=settings["prefix"],
            revision=settings.get("revision"),
        )

    def command(self, *arguments: str) -> list[str]:
        """Build the command that runs the probe, or Python with other arguments."""
        return [*self.prefix, self.python, *(arguments or (str(PROBE),))]

    def launch(
        self,
        specification: "Specification | None",
        output: Path,
        time_limit_s: float,
        *arguments: str,
        load_limit_s: float | None = None,
    ) -> Launch:
        """Describe one invocation.

        Args:
            specification: for the probe; None if the arguments start another program
            output: file for the output of the invocation
            time_limit_s: time after which it is terminated
            arguments: arguments of Python; without any it runs the probe
            load_limit_s: limit of each activity of the probe before the tasks; `time_limit_s` then applies to
                the tasks only
        """
        return Launch(
            command=self.command(*arguments),
            environment={**os.environ, **self.env},
            specification="" if specification is None else json.dumps(self._probe_input(specification)),
            output=str(output),
            time_limit_s=time_limit_s,
            load_limit_s=load_limit_s,
        )

    def _probe_input(self, specification: "Specification") -> "ProbeInput":
        # Workloads come from the working directory or a revision, then from the shipped experiments.
        folder = Path.cwd() if self.revision is None else folder_of(self.revision)
        path = [str(folder), str(experiments_path())]
        return {
            "path": path,
            "reply_mark": REPLY_MARK,
            "note_mark": NOTE_MARK,
            "specification": specification,
        }


@dataclass(frozen=True, kw_only=True)
class CheckedInterpreter:
    """An interpreter that the preflight check has started."""

    interpreter: Interpreter
    cells: Sequence[str]  #: ids of the cells that it runs
    async_cells: Sequence[str]  #: ids of the cells whose tasks are coroutines
    facts: "InterpreterFacts"

    def describe(self) -> InterpreterRecord:
        """Describe the interpreter for `environment.json`."""
        return {
            "python": self.interpreter.python,
            "env": self.interpreter.env,
            "prefix": self.interpreter.prefix,
            "cells": self.cells,
            "async_cells": self.async_cells,
            **self.facts,
        }


def program_of(cell: Cell, calls: dict[str, int] | None) -> "ProgramSpecification":
    """Return what a run of a cell executes.

    Args:
        cell: the cell
        calls: inner-loop counts of snippets; None: the run finds them
    """
    return {
        "workload": cell.settings["workload"],
        "pool": cell.settings["executor"]["pool"],
        "calls": calls,
        "bags": bags_of(cell),
    }


def measured_reply(ending: Ending) -> "MeasuredReply | FailedReply | None":
    """Read the reply to a measurement or a window; None if there is none."""
    reply = _run_reply(ending, "living_cpu_s", "calls", "iterations")
    return cast("MeasuredReply | FailedReply | None", reply)


def dispatched_reply(ending: Ending) -> "DispatchedReply | FailedReply | None":
    """Read the reply to a DispatchSpecification; None if there is none."""
    return cast("DispatchedReply | FailedReply | None", _run_reply(ending, "dispatch"))


def untimed_reply(ending: Ending) -> "UntimedReply | FailedReply | None":
    """Read the reply to an UntimedSpecification; None if there is none."""
    return cast("UntimedReply | FailedReply | None", _run_reply(ending))


def preflight_reply(ending: Ending) -> "PreflightReply | None":
    """Read the reply to a PreflightSpecification; None if there is none."""
    return cast("PreflightReply | None", _decode(ending, {"interpreter", "cells"}))


def _run_reply(ending: Ending, *success_keys: str) -> dict[str, Any] | None:
    """Decode the reply to a run; None if there is none, or if it succeeded but lacks a key of success."""
    reply = _decode(ending, {"status", "error"})
    if (
        reply is not None
        and reply["status"] in ("ok", "wrong_result")
        and not reply.keys() >= {*success_keys}
    ):
        return None
    return reply


def _decode(ending: Ending, keys: set[str]) -> dict[str, Any] | None:
    """Decode a reply; None if there is none, or if it lacks one of the keys that its kind always has."""
    try:
        reply = None if ending.reply is None else json.loads(ending.reply)
    except ValueError:
        return None
    return reply if isinstance(reply, dict) and reply.keys() >= keys else None


def explain(
    ending: Ending, output: Path, time_limit_s: float, settings: Mapping[str, Any] | None = None
) -> tuple[Status, str]:
    """Return the status and the error of an invocation that ended without a reply.

    Args:
        ending: how the invocation ended
        output: file with what it printed
        time_limit_s: time limit of its tasks
        settings: settings of the cell whose tasks it ran; None: it ran none
    """
    if ending.ended == "interrupted":
        return "interrupted", "the runner was interrupted"
    if ending.ended == "timeout":
        return "timeout", explain_limit(ending, time_limit_s, settings)
    if ending.ended == "not_started":
        return "crashed", f"the interpreter could not be started: {ending.error}"
    code = ending.exit_code or 0
    before = " before it replied" if code >= 0 else ""
    return "crashed", f"the interpreter {explain_exit(code)}{before}{last_output(output)}"


def explain_exit(exit_code: int) -> str:
    """Say how a process ended: the predicate of a sentence."""
    if exit_code == -signal.SIGKILL:
        return "was killed by SIGKILL, which the system sends when memory runs out"
    if exit_code < 0:
        return f"was killed by {_signal_name(-exit_code)}"
    return f"exited with code {exit_code}"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most real-time signals have no name
        return f"signal {number}"


def last_output(output: Path) -> str:
    """Quote the last line that an invocation printed, as the end of a sentence; empty without output."""
    lines = output.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return f"; its last output: {lines[-1][-_SHOWN_OUTPUT:]}" if lines else ""
