"""Cases rebuilt from public reports: is the product's answer an expert's?

Each row is a kind of question that people ask about parallel Python, measured as a study of default settings
with the command that a user would enter. An expert's answer is the executor to use (serial: none), and what
each pool loses most time to. A row is

- right: the answer and all causes are those of an expert;
- wrong: another executor is recommended, or a cause is named that is not true;
- silent: a pool that loses has no cause;
- open: the study cannot tell, and says so; no cause is false.

Claims: at least 95 % of the rows that are not open are right, none has a false cause, and at most a tenth of
the rows are open. The rows are meant for a machine with two CPUs.

python -m benchmarks.reports [PART_OF_A_NAME ...]      (all rows: 15 minutes on an otherwise idle machine)
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

MIN_RIGHT = 0.95
MAX_OPEN = 0.1
MIN_SHARE = 0.05  # of the workers' time: a smaller loss is no reason
MAX_FINE_SHARE = 0.3  # of it: the most that a pool may lose that works as it should
TIME_LIMIT_S = 600
NOTHING = ""
LOOP = "serial"
#: What a pool may lose most to that delivers about what its tasks allow.
FINE = frozenset(
    {
        NOTHING,
        "pool_start",
        "pool_shutdown",
        "late_workers",
        "dispatch",
        "uneven_tasks",
        "placement",
        "shared_cores",
        "slower_cpu",
    }
)
GIL = frozenset({"gil_or_lock"})
DISPATCH = frozenset({"dispatch"})
COPIES = frozenset({"copied_pages"})
NATIVE_THREADS = frozenset({"native_threads", NOTHING})
OWN_THREADS = frozenset({"threads_of_tasks", NOTHING})


@dataclass(frozen=True, kw_only=True)
class Report:
    """One kind of question, and an expert's answer."""

    name: str
    function: str  #: in benchmarks
    items: str
    answers: Sequence[str]  #: executors of which any is a good answer
    causes: Mapping[str, frozenset[str]]  #: by executor: codes of which any is the truth
    overrides: Sequence[str] = field(default=())

    def command(self, folder: Path) -> list[str]:
        """Build the command line of its study."""
        return [
            *(
                sys.executable,
                "-m",
                "runner",
                "--multirun",
                "quiet=true",
                f"results_dir={folder}",
                "name=report",
            ),
            *("workload=function", f"workload.function=benchmarks.{self.function}"),
            *(
                f"workload.items={self.items}",
                f"executor={','.join(self.causes)}",
                "workers=2",
                *self.overrides,
            ),
        ]


def _items(function: str, **arguments: object) -> str:
    settings = "".join(f", {name}: {value}" for name, value in arguments.items())
    return f"{{_target_: benchmarks.reported.{function}{settings}}}"


def _repeated(item: object, count: int) -> str:
    return f"[{','.join([str(item)] * count)}]"


def _numbers(count: int, start: int = 0) -> str:
    return f"[{','.join(map(str, range(start, start + count)))}]"


REPORTS: Sequence[Report] = (
    Report(
        name="pure Python in threads",
        function="injected.compute",
        items=_repeated(2_000_000, 8),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
    Report(
        name="threads over a million strings, NumPy imported",
        function="reported.objects.total_length",
        items=_numbers(8),
        answers=("process", LOOP),
        causes={"thread": GIL, "process": COPIES | {"pool_start"}},
    ),
    Report(
        name="small bytes objects made before the fork",
        function="reported.objects.check_sums",
        items=_numbers(8),
        answers=("process", LOOP),
        causes={"thread": GIL, "process": COPIES | {"pool_start"}},  # both cost about the same
    ),
    Report(
        name="word count over a shared list",
        function="reported.objects.count_words",
        items=_numbers(16),
        answers=("process",),
        causes={"thread": GIL, "process": FINE | COPIES},
    ),
    Report(
        name="bytes.count in threads, NumPy imported",
        function="reported.buffers.count_pattern",
        items=_numbers(16),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
    Report(
        name="a regular expression over log lines",
        function="reported.buffers.match_lines",
        items=_numbers(16),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
    Report(
        name="hashlib releases the GIL",
        function="reported.buffers.hash_blob",
        items=_repeated(2, 16),
        answers=("thread", "process"),
        causes={"thread": FINE, "process": FINE},
    ),
    Report(
        name="zlib releases the GIL",
        function="reported.buffers.compress",
        items=_numbers(12),
        answers=("thread", "process"),
        causes={"thread": FINE | GIL, "process": FINE},
    ),
    Report(
        name="NumPy sorts without the GIL",
        function="reported.buffers.sort_numbers",
        items=_numbers(8),
        answers=("thread", "process"),
        causes={"thread": FINE, "process": FINE},
    ),
    Report(
        name="arrays that no cache holds (bandwidth; on these CPUs)",
        function="reported.buffers.add_arrays",
        items=_numbers(8),
        answers=("thread", "process", LOOP),
        causes={"thread": FINE | GIL, "process": FINE | COPIES},
    ),
    Report(
        name="a Manager's dictionary",
        function="manager_server.read_dictionary",
        items=_repeated(1500, 8),
        answers=(LOOP, "process"),
        # On some machines a round trip is quicker while all CPUs are busy, so that nothing is lost.
        causes={"process": FINE | {"helper_processes"}},
        overrides=(
            "workload.setup=benchmarks.manager_server.open_dictionary",
            "workload.teardown=benchmarks.manager_server.close_dictionary",
        ),
    ),
    Report(
        name="a bound method of an object of 4 MB",
        function="reported.methods.score",
        items=_numbers(200),
        answers=(LOOP,),
        causes={"thread": GIL | DISPATCH, "process": frozenset({"sending_function"})},
    ),
    Report(
        name="items of 8 MB",
        function="reported.buffers.check_sum",
        items=_items("buffers.pairs", count=16, megabytes=8),
        answers=("thread", LOOP),
        causes={"thread": FINE, "process": frozenset({"sending_items"})},
    ),
    Report(
        name="the same array of 32 MB in every item",
        function="reported.buffers.sum_part",
        items=_items("buffers.with_array", count=16),
        answers=("thread", LOOP),
        causes={"thread": FINE | GIL, "process": frozenset({"sending_items"})},
    ),
    Report(
        name="results of 20 MB",
        function="reported.buffers.reversed_copy",
        items=_repeated(20, 8),
        answers=(LOOP,),
        causes={"process": frozenset({"returning_results"})},
    ),
    Report(
        name="parsing JSON and returning little",
        function="reported.methods.parse",
        items=_numbers(60),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
    Report(
        name="parsing JSON and returning all of it",
        function="reported.methods.parse_and_return",
        items=_numbers(60),
        answers=(LOOP,),
        causes={"thread": GIL, "process": frozenset({"returning_results"})},
    ),
    Report(
        name="x + 1 over 10,000 items",
        function="reported.small.add_one",
        items=_items("small.many", count=10_000),
        answers=(LOOP,),
        causes={"thread": DISPATCH, "process": DISPATCH},
    ),
    Report(
        name="x + 1 over 100,000 items in chunks of 1,000",
        function="reported.small.add_one",
        items=_items("small.many", count=100_000),
        answers=(LOOP,),
        causes={
            "thread": DISPATCH | GIL,
            "process": DISPATCH | {"sending_items", "returning_results", "pool_start"},
        },
        overrides=("chunk_size=1000",),
    ),
    Report(
        name="a thread for each of 2,000 tiny tasks",
        function="reported.small.add_one",
        items=_items("small.many", count=2_000),
        answers=(LOOP,),
        causes={"thread_per_task": frozenset({"dispatch", "worker_restarts", "pool_start"})},
    ),
    Report(
        name="a process for each of 100 tasks of a millisecond",
        function="injected.compute",
        items=_repeated(20_000, 100),
        answers=(LOOP,),
        causes={"process_per_task": frozenset({"worker_restarts"})},
    ),
    Report(
        name="a model loaded by every worker",
        function="injected.compute",
        items=_repeated(1_000_000, 8),
        answers=("process", LOOP),
        causes={"process": frozenset({"initializer"})},
        overrides=("workload.initializer=benchmarks.reported.waiting.load_model",),
    ),
    Report(
        name="a model that each worker loads in its first task",
        function="reported.lazily.predict",
        items=_numbers(40),
        answers=("process", LOOP),
        causes={"thread": GIL, "process": frozenset({"first_tasks"})},
    ),
    Report(
        name="recycled workers (maxtasksperchild)",
        function="injected.compute",
        items=_repeated(40_000, 80),
        answers=(LOOP, "pool"),
        causes={"pool": frozenset({"worker_restarts"})},
        overrides=("executor.pool.maxtasksperchild=1",),
    ),
    Report(
        name="a module of a second, imported under spawn",
        function="reported.slow_module.spin",
        items=_repeated(1_000_000, 8),
        answers=(LOOP,),
        causes={"process": frozenset({"module_import"})},
        overrides=("executor.start_method=spawn",),
    ),
    Report(
        name="a fork of a process of 800 MB",
        function="reported.large_process.touch",
        items=_numbers(8),
        answers=(LOOP,),
        causes={"process": frozenset({"pool_start", "dispatch", "pool_shutdown"})},
    ),
    Report(
        name="time.sleep in coroutines",
        function="injected.sleep_without_await",
        items=_repeated(0.05, 8),
        answers=(LOOP,),
        causes={"asyncio": frozenset({"blocked_event_loop"})},
    ),
    Report(
        name="pure Python in asyncio.to_thread",
        function="reported.waiting.compute_in_thread",
        items=_repeated(1_500_000, 8),
        answers=(LOOP,),
        causes={"asyncio": GIL},
    ),
    Report(
        name="coroutines that compute for a fifth of their time",
        function="injected.work_between_awaits",
        items=_repeated(0.02, 60),
        answers=("asyncio",),
        causes={"asyncio": frozenset({"full_event_loop"})},
        overrides=("workers=20",),
    ),
    Report(
        name="coroutines that wait",
        function="reported.waiting.fetch_only",
        items=_repeated(0.05, 20),
        answers=("asyncio",),
        causes={"asyncio": FINE | {"event_loop"}},
        overrides=("workers=10",),
    ),
    Report(
        name="waiting for servers",
        function="injected.wait",
        items=_repeated(0.05, 16),
        answers=("thread", "process"),
        causes={"thread": FINE, "process": FINE},
        overrides=("workers=8",),
    ),
    Report(
        name="waiting for other programs",
        function="reported.waiting.run_program",
        items=_repeated(0.05, 12),
        answers=("thread", "process"),
        causes={"thread": FINE, "process": FINE},
    ),
    Report(
        name="a lock around every task",
        function="injected.wait_alone",
        items=_repeated(0.03, 10),
        answers=(LOOP,),
        causes={"thread": frozenset({"waiting"})},
    ),
    Report(
        name="a server that answers one request at a time",
        function="reported.services.ask_server",
        items=_numbers(10),
        answers=(LOOP,),
        causes={"thread": frozenset({"waiting"}), "process": frozenset({"waiting", "helper_processes"})},
        overrides=(
            "workload.setup=benchmarks.reported.services.open_server",
            "workload.teardown=benchmarks.reported.services.close_server",
        ),
    ),
    Report(
        name="a slow log handler, whose lock admits one thread",
        function="reported.services.log_slowly",
        items=_repeated(10, 8),
        answers=("process",),
        causes={"thread": frozenset({"waiting"}), "process": FINE},
    ),
    Report(
        name="a table of 5 MB as an argument of every call",
        function="reported.services.look_up",
        items=_numbers(8),
        answers=(LOOP,),
        causes={"thread": GIL | DISPATCH, "process": frozenset({"sending_function"})},
        overrides=(
            "workload.arguments={table: {_target_: benchmarks.reported.services.table, count: 200000}}",
        ),
    ),
    Report(
        name="matrix products that use all CPUs",
        function="reported.linear_algebra.multiply",
        items=_repeated(700, 8),
        answers=(LOOP,),
        causes={"thread": NATIVE_THREADS, "process": NATIVE_THREADS},
    ),
    Report(
        name="tasks with a pool of their own",
        function="reported.linear_algebra.hash_in_threads",
        items=_repeated(24, 4),
        answers=(LOOP,),
        causes={"thread": OWN_THREADS, "process": OWN_THREADS},
    ),
    Report(
        name="tasks with a pool of processes of their own",
        function="reported.nested.compute_in_processes",
        items=_repeated(20_000_000, 4),
        answers=(LOOP,),
        causes={"thread": OWN_THREADS, "process": OWN_THREADS},
    ),
    Report(
        name="one task is nearly all the work",
        function="injected.compute",
        items="[12000000,100000,100000,100000]",
        answers=(LOOP,),
        causes={
            "thread": frozenset({"uneven_tasks", NOTHING}),
            "process": frozenset({"uneven_tasks", NOTHING}),
        },
    ),
    Report(
        name="a task that is most of the work, in pure Python",
        function="injected.compute",
        items="[1000000,1000000,1000000,1000000,1000000,8000000]",
        answers=("process", LOOP),
        causes={"thread": GIL, "process": frozenset({"uneven_tasks", "placement"})},
    ),
    Report(
        name="a short loop in a module that imports NumPy",
        function="with_numpy.compute_with_numpy",
        items=_repeated(900_000, 8),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
    Report(
        name="three equal tasks for two workers",
        function="injected.compute",
        items=_repeated(4_000_000, 3),
        answers=("process",),
        causes={"process": frozenset({"uneven_tasks", NOTHING})},
    ),
    Report(
        name="the longest task comes last",
        function="injected.compute",
        items="[1000000,1000000,1000000,1000000,1000000,1000000,6000000]",
        answers=("process",),
        causes={"process": frozenset({"placement", "uneven_tasks"})},
    ),
    Report(
        name="large chunks of uneven tasks",
        function="injected.compute",
        items="[3000000,3000000,3000000,3000000,100000,100000,100000,100000]",
        answers=(LOOP, "process"),
        causes={"process": frozenset({"placement"})},
        overrides=("chunk_size=4",),
    ),
    Report(
        name="large chunks of uneven tasks that release the GIL",
        function="reported.buffers.hash_blob",
        items="[3,3,3,3,0,0,0,0]",
        answers=(LOOP, "thread"),
        causes={"thread": frozenset({"placement"})},
        overrides=("chunk_size=4",),
    ),
    Report(
        name="a mask of one CPU",
        function="injected.compute",
        items=_repeated(2_000_000, 6),
        answers=(LOOP,),
        causes={"process": frozenset({"oversubscribed", NOTHING})},
        overrides=("prefix=[taskset,-c,0]",),
    ),
    Report(
        name="eight processes on two CPUs",
        function="injected.compute",
        items=_repeated(2_000_000, 16),
        answers=("process",),
        causes={"process": frozenset({"oversubscribed"})},
        overrides=("workers=8",),
    ),
    Report(
        name="log records from threads",
        function="reported.small.log_lines",
        items=_repeated(20_000, 8),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
    Report(
        name="numbers of many digits",
        function="reported.small.square_root",
        items=_repeated(60_000, 8),
        answers=("process",),
        causes={"thread": GIL, "process": FINE},
    ),
)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the product answered to a report."""

    verdict: str  #: right, wrong, silent or open
    answer: str
    causes: Mapping[str, str]  #: by executor
    why: str


def judge(report: Report, verdict: Mapping[str, Any]) -> Outcome:
    """Compare a study's `verdict.json` with an expert's answer."""
    [group] = verdict["groups"]
    cells = verdict["cells"]
    answer = cells[group["recommended"]]["executor"] if group["recommended"] else "none"
    losses = {
        cell["executor"]: cell["losses"][0] if cell["losses"] else None
        for cell in cells.values()
        if cell["executor"] in report.causes
    }
    causes = {
        name: NOTHING if loss is None or loss["share"]["value"] < MIN_SHARE else loss["cause"]
        for name, loss in losses.items()
    }
    problems: dict[str, list[str]] = {"wrong": [], "silent": []}
    for executor, truth in report.causes.items():
        if executor not in causes:
            problems["wrong"].append(f"{executor} failed")
        elif causes[executor] not in truth or _is_too_much(losses[executor], truth):
            problems["silent" if causes[executor] == NOTHING else "wrong"].append(f"cause of {executor}")
    is_open = group["answer"] == "cannot_tell"
    if answer not in report.answers and not is_open:
        problems["wrong"].append("answer")
    kind = next((kind for kind, names in problems.items() if names), "open" if is_open else "right")
    why = ", ".join(problems["wrong"] + problems["silent"])
    shown = {
        name: "nothing" if loss is None else f"{loss['cause']} {loss['share']['value']:.0%}"
        for name, loss in losses.items()
    }
    return Outcome(verdict=kind, answer=f"{group['answer']}: {answer}", causes=shown, why=why)


def _is_too_much(loss: Mapping[str, Any] | None, truth: frozenset[str]) -> bool:
    """Whether a pool that should work well loses more than its overhead."""
    return (
        truth >= FINE
        and loss is not None
        and loss["cause"] in FINE
        and loss["share"]["value"] > MAX_FINE_SHARE
    )


def main() -> None:
    """Run the benchmark; exit code 1 if a claim does not hold."""
    parts = sys.argv[1:]
    chosen = [report for report in REPORTS if not parts or any(part in report.name for part in parts)]
    if not chosen:
        sys.exit(f"no report has a name with {' or '.join(parts)}")
    print("| report | answer | main loss of each pool | |")
    print("|---|---|---|---|")
    outcomes = [_row(report) for report in chosen]
    counts = Counter(outcome.verdict for outcome in outcomes)
    decided = len(outcomes) - counts["open"]
    print("\n" + ", ".join(f"{counts[kind]} {kind}" for kind in ("right", "wrong", "silent", "open")))
    false_causes = sum(outcome.verdict == "wrong" and "cause" in outcome.why for outcome in outcomes)
    holds = decided > 0 and counts["right"] >= MIN_RIGHT * decided and not false_causes
    sys.exit(0 if holds and counts["open"] <= MAX_OPEN * len(outcomes) else 1)


def _row(report: Report) -> Outcome:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        done = subprocess.run(
            report.command(folder), check=False, capture_output=True, text=True, timeout=TIME_LIMIT_S
        )
        found = list(folder.glob("*/verdict.json"))
        if not found:
            raise SystemExit(f"{report.name}: {done.stderr or done.stdout}")
        outcome = judge(report, json.loads(found[0].read_text(encoding="utf-8")))
    causes = "; ".join(f"{name}: {cause}" for name, cause in outcome.causes.items())
    verdict = f"{outcome.verdict} ({outcome.why})" if outcome.why else outcome.verdict
    print(f"| {report.name} | {outcome.answer} | {causes} | {verdict} |", flush=True)
    return outcome


if __name__ == "__main__":
    main()
