"""Explanations of why an invocation reached a time limit: it was slow, or it hung.

The supervisor's evidence shows a hang if no task has ended for a while, the processes use no CPU time, and
each waits for another part of the invocation. The message says how many tasks have ended, where the workers
are and what they wait for. It names the remedy for one kind of hang only if the evidence excludes the others.
"""

import linecache
import platform
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from runner.supervise.protocol import Ending, Evidence, ProcessEvidence

_IDLE = 0.05  # CPU seconds per second of all processes together
_PROGRESSING = 0.25  # share of the limit: if a task ended this recently, others will end, too
_MAX_PLACES = 3
_THREAD = re.compile(r"^(?:Current thread|Thread) 0x[0-9a-f]+.*\(most recent call first\):$")
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+|\?\?\?) in (?P<function>.+)$')
_NOT_USER_CODE = re.compile(r"/(lib/python3[^/]*|site-packages|dist-packages|runner_probe|probe)/|^<|^\?\?\?")
_TAKES_A_LOCK = re.compile(r"^\s*(async\s+)?with\b|\.acquire\(|\.__enter__\(")

#: What a thread waits for, by the file and the function of one of its innermost frames.
_WAITS = {
    ("queue.py", "get"): "for a queue",
    ("queue.py", "put"): "for a queue",
    ("queues.py", "get"): "for a queue",
    ("queues.py", "put"): "for a queue",
    ("_base.py", "result"): "for the result of a future",
    ("pool.py", "wait"): "for the result of a pool",
    ("pool.py", "get"): "for the result of a pool",
    ("threading.py", "join"): "for a thread to end",
    ("threading.py", "_wait_for_tstate_lock"): "for a thread to end",
    ("synchronize.py", "__enter__"): "for a lock",
    ("synchronize.py", "acquire"): "for a lock",
    ("threading.py", "acquire"): "for a lock",
    ("threading.py", "wait"): "for another thread",
    ("popen_fork.py", "poll"): "for a process to end",
    ("popen_fork.py", "wait"): "for a process to end",
    ("subprocess.py", "_try_wait"): "for a process to end",
    ("subprocess.py", "communicate"): "for a process to end",
    ("socket.py", "readinto"): "for a connection",
    ("socket.py", "accept"): "for a connection",
    ("connection.py", "_recv"): "for another process",
    ("connection.py", "wait"): "for another process",
}

#: The loops in which workers of pools call their tasks.
_CALLS_TASKS = {
    ("process.py", "_process_worker"),
    ("process_executor.py", "_process_worker"),
    ("thread.py", "run"),
    ("thread.py", "_worker"),
    ("pool.py", "worker"),
    ("serial.py", "submit"),
}

#: Waits that only the invocation itself can end. The others end when a server, a program or a clock is ready.
_INTERNAL_WAITS = {
    "for a lock",
    "for a queue",
    "for a thread to end",
    "for another process",
    "for another thread",
    "for the result of a future",
    "for the result of a pool",
}
# A helper process of pools, which runs no tasks. A fork server is not one: its workers have the same command.
_HELPER = "resource_tracker"

_X86 = {
    **dict.fromkeys((202, 449), "for a lock"),
    **dict.fromkeys((35, 230), "asleep"),
    **dict.fromkeys((0, 19, 45, 47, 43, 288), "for data"),
    **dict.fromkeys((7, 23, 232, 270, 271, 281, 441), "for an event"),
    **dict.fromkeys((61, 247), "for a process to end"),
    **dict.fromkeys((72, 73), "for a lock of a file"),
}
_ARM = {
    98: "for a lock",
    **dict.fromkeys((101, 115), "asleep"),
    **dict.fromkeys((63, 65, 202, 207, 212, 242), "for data"),
    **dict.fromkeys((22, 72, 73, 441), "for an event"),
    **dict.fromkeys((95, 260), "for a process to end"),
    **dict.fromkeys((25, 32), "for a lock of a file"),
}
#: What a thread waits for, by the number of its system call.
_SYSTEM_CALLS = {"x86_64": _X86, "aarch64": _ARM}.get(platform.machine(), {})


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One line of a stack."""

    file: str
    line: int
    function: str

    @property
    def is_user_code(self) -> bool:
        """Whether it belongs to neither the standard library, an installed package nor the probe."""
        return not _NOT_USER_CODE.search(self.file)

    def __str__(self) -> str:
        return f"{self.function} ({PurePath(self.file).name}:{self.line})"


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a thread of one process is."""

    process: ProcessEvidence
    stack: Sequence[Frame]  #: innermost first
    threads: int  #: of the process
    waits: str  #: what the thread waits for: "for a lock"; or "asleep"; empty: unknown, or it runs

    @property
    def frame(self) -> Frame | None:
        """The innermost frame of the user's code."""
        return next((frame for frame in self.stack if frame.is_user_code), None)

    @property
    def in_task(self) -> bool:
        """Whether the thread runs a chunk of tasks, or user code that a pool has called."""
        if any(frame.file.endswith("runner_probe/worker.py") for frame in self.stack):
            return True
        for frame in self.stack:  # a task that is not traced is called by the pool itself
            if (PurePath(frame.file).name, frame.function) in _CALLS_TASKS:
                return self.frame is not None and self.stack.index(self.frame) < self.stack.index(frame)
        return False


def explain_limit(ending: Ending, time_limit_s: float, settings: Mapping[str, Any] | None) -> str:
    """Say what an invocation was doing when it was terminated at a limit, and what helps.

    Args:
        ending: how the invocation ended
        time_limit_s: limit of its tasks
        settings: settings of its cell; None: it ran no tasks
    """
    evidence = ending.evidence
    if ending.activity:
        return _explain_loading(ending.activity, evidence)
    plain = f"terminated at its time limit of {time_limit_s:g} s"
    longer = "raise time_limit_s if it needs longer"
    if evidence is None:
        return f"{plain}; {longer}"
    counted = "" if evidence.ended is None else f"{evidence.ended} of {evidence.tasks} tasks ended"
    since_s = evidence.since_last_s
    if counted and since_s is not None and since_s < _PROGRESSING * evidence.seconds:
        return f"{plain}: {counted}, the last one {since_s:.1f} s before; it makes progress: {longer}"
    places = _working_places(evidence)
    is_hung = (
        evidence.cpu_share < _IDLE
        and places != []
        and all(place.waits in _INTERNAL_WAITS for place in places)
    )
    if is_hung and not any(place.in_task for place in places) and _has_unknown_process(evidence):
        is_hung = False  # a task may run in it
    last = f", the last one {since_s:.1f} s before the end," if evidence.ended and since_s is not None else ""
    at = f"at {evidence.cpu_share:.0%} CPU".replace("%", " %")
    where = _describe(places)
    if is_hung:
        ended = f"{counted or 'nothing is known to have ended'} in {evidence.seconds:.0f} s{last} {at}"
        return f"hung: {ended}; {where}; {_remedy(evidence, places, settings) or longer}"
    facts = ", ".join(filter(None, (f"{counted}{last.removesuffix(',')}", at, where)))
    return f"{plain}: {facts}; {longer}"


def _has_unknown_process(evidence: Evidence) -> bool:
    """Whether some process, other than a helper of a pool, did not write its stacks."""
    return any(not process.stacks and _HELPER not in process.command for process in evidence.processes)


def evidence_text(ending: Ending) -> str:
    """Format all evidence for the log; empty without any."""
    if ending.evidence is None:
        return ""
    lines = []
    for process in ending.evidence.processes:
        lines.append(f"process {process.process} ({process.command}): {process.cpu_share:.0%} CPU")
        lines += process.stacks.rstrip().splitlines()
    return "\n".join(lines)


def _explain_loading(activity: str, evidence: Evidence | None) -> str:
    longer = "raise load_limit_s if it needs longer"
    if evidence is None:
        return f"{activity} reached the limit load_limit_s; {longer}"
    took = f"{activity} took longer than load_limit_s={evidence.seconds:.0f}"
    # Only the first process counts: workers that were forked during the import have the same stack.
    first = next((process.process for process in evidence.processes if process.stacks), None)
    places = [place for place in _places(evidence) if place.frame and place.process.process == first]
    at = f"{evidence.cpu_share:.0%} CPU".replace("%", " %")
    where = _describe(places)
    is_hung = evidence.cpu_share < _IDLE and places != [] and all(place.waits for place in places)
    if is_hung and activity.startswith("importing") and _imports_wait_for_workers(places):
        remedy = (
            "start pools in a function or under `if __name__ == '__main__'`, not when the module is imported"
        )
        return f"{took} (at {at}): hung; {where}; {remedy}"
    return f"{took} (at {at}{'; ' if where else ''}{where}); {longer}"


def _imports_wait_for_workers(places: Iterable[Place]) -> bool:
    """Whether the main thread waits, within a module that is being imported, for workers of a pool."""
    libraries = ("concurrent/futures/", "multiprocessing/", "loky/", "joblib/")
    for place in places:
        is_import = any(frame.function == "<module>" and frame.is_user_code for frame in place.stack)
        files = [frame.file for frame in place.stack]
        if is_import and any(library in file for file in files for library in libraries):
            return True
    return False


def _working_places(evidence: Evidence) -> list[Place]:
    """List the threads that run tasks; if there are none, those in user code, or else the main thread."""
    places = _places(evidence)
    for chosen in (
        [place for place in places if place.in_task],
        [place for place in places if place.frame is not None],
    ):
        if chosen:
            return _without_waiting_parent(chosen)
    return [place for place in places if any(frame.function == "main" for frame in place.stack)][:1]


def _without_waiting_parent(places: list[Place]) -> list[Place]:
    """Omit a thread that waits for the others: that of the plain loop, if tasks start pools."""
    workers = [place for place in places if "future" not in place.waits and "a pool" not in place.waits]
    return workers or places


def _places(evidence: Evidence) -> list[Place]:
    places = []
    for process in evidence.processes:
        stacks = list(_stacks(process.stacks))
        for number, stack in enumerate(stacks):
            places.append(
                Place(
                    process=process,
                    stack=stack,
                    threads=len(process.system_calls) or len(stacks),
                    waits=_waits(process, stacks, number),
                )
            )
    return places


def _stacks(text: str) -> Iterator[list[Frame]]:
    """Read the stacks of threads, ignoring output of the workload in between."""
    stack: list[Frame] | None = None
    for line in text.splitlines():
        if _THREAD.match(line):
            if stack:
                yield stack
            stack = []
        elif stack is not None and (frame := _FRAME.match(line)):
            number = int(frame["line"]) if frame["line"].isdigit() else 0
            stack.append(Frame(file=frame["file"], line=number, function=frame["function"]))
    if stack:
        yield stack


def _waits(process: ProcessEvidence, stacks: Sequence[Sequence[Frame]], number: int) -> str:
    """Say what a thread waits for, from its innermost frames or, if these do not show it, its system call."""
    stack = stacks[number]
    known = [_WAITS.get((PurePath(frame.file).name, frame.function)) for frame in _until_user(stack)]
    if named := [wait for wait in known if wait]:
        return named[-1]  # the outermost is the most informative: a queue rather than its lock
    calls = process.system_calls
    if len(calls) == len(stacks):
        # Stacks begin with the newest thread, system calls with the oldest.
        return _SYSTEM_CALLS.get(calls[-1 - number], "")
    if calls and number == len(stacks) - 1:
        return _SYSTEM_CALLS.get(calls[0], "")  # the main thread; native libraries started the others
    kinds = {_SYSTEM_CALLS.get(call, "") for call in calls}
    if len(kinds) == 1:
        return kinds.pop()
    is_lock = _TAKES_A_LOCK.search(linecache.getline(stack[0].file, stack[0].line))
    return "for a lock" if is_lock and "for a lock" in kinds else ""


def _until_user(stack: Sequence[Frame]) -> Iterator[Frame]:
    """List the innermost frames, up to the first frame of user code."""
    for frame in stack:
        if frame.is_user_code:
            return
        yield frame


def _describe(places: Sequence[Place]) -> str:
    """Describe the places, equal ones together: `both workers in locked (hang.py:9), waiting for a lock`."""
    counts = Counter((str(place.frame or place.stack[0]), place.waits) for place in places)
    shown = []
    for (frame, waits), count in counts.most_common(_MAX_PLACES):
        who = "" if len(places) == 1 else f"{_counted(count, len(places))} "
        doing = f", {waits}" if waits == "asleep" else f", waiting {waits}" if waits else ""
        shown.append(f"{who}in {frame}{doing}")
    if len(counts) > _MAX_PLACES:
        shown.append(f"{len(counts) - _MAX_PLACES} more places (study.log has all stacks)")
    return ", ".join(shown)


def _counted(count: int, total: int) -> str:
    if count == total:
        return "both workers" if total == 2 else f"all {total} workers"
    return f"{count} of {total} workers"


def _remedy(evidence: Evidence, places: Sequence[Place], settings: Mapping[str, Any] | None) -> str:
    """Return the remedy for the kind of hang that the evidence proves; empty if it proves none."""
    if settings is None:
        return ""
    pool = settings["executor"]["pool"]
    target = str(pool.get("_target_", ""))
    in_task = [place for place in places if place.in_task or place.frame is not None]
    is_forked = pool.get("mp_context") == "fork"
    waits_for_lock = [place for place in in_task if place.waits == "for a lock"]
    # If a worker has a single thread, no other thread of its process can release the lock.
    if is_forked and waits_for_lock and all(place.threads == 1 for place in waits_for_lock):
        return (
            "if a thread of the parent held it when the pool forked, it is never released in the workers; "
            "use executor.start_method=spawn or forkserver, whose workers do not inherit it"
        )
    if in_task:
        return ""
    if pool.get("max_tasks_per_child") is not None and target.endswith("ProcessPoolExecutor"):
        return (
            f"max_tasks_per_child={pool['max_tasks_per_child']}: workers that had ended were not replaced, "
            "a bug in some Python versions; remove it, or use executor=pool with "
            "executor.pool.maxtasksperchild"
        )
    functions = {frame.function for place in _places(evidence) for frame in place.stack}
    if {"_handle_workers", "_handle_tasks"} <= functions and "_handle_results" not in functions:
        return (
            "the pool's thread that receives results has died, because a result or an exception cannot be "
            "unpickled (its traceback is in the output); return plain values, or use executor=process, whose "
            "error names the cause"
        )
    return ""
