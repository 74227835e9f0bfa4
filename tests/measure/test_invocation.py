"""Samples and task records made from what the supervisor reports."""

import json
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from runner.measure.invocation import (
    MIN_BETWEEN_CHUNKS_S,
    MIN_TRACED_CHUNK_S,
    MIN_TRACED_S,
    Outcome,
    Request,
    invoke,
)
from runner.records import Cell, Reference, Sample
from runner.supervise.protocol import REPLY_MARK, EndedBy, Ending, Launch
from runner_probe.iteration import RECORD_FIELDS
from tests.factories import cell as make_cell


class FakeSupervisor:
    """A supervisor whose invocations print a text and have this ending."""

    def __init__(self, ending: Ending, printed: str = "") -> None:
        self.ending, self.printed = ending, printed
        self.launches: list[Launch] = []

    def run(self, launch: Launch) -> Ending:
        self.launches.append(launch)
        Path(launch.output).write_text(self.printed, encoding="utf-8")
        return self.ending


RESULTS: Any = {"quick": ["1f"], "values": ["=31"], "shown": ["1"]}


def make_ending(reply: dict[str, Any] | None = None, ended: EndedBy = "exited", **fields: Any) -> Ending:
    usual = {"exit_code": 0, "seconds": 2.5, "orphans_cpu_s": 0.0, "cpu_s": 0.0, "killed": 0}
    encoded = None if reply is None else json.dumps(reply).encode()
    return Ending(reply=encoded, ended=ended, **{**usual, **fields})


def specification_of(launch: Launch) -> dict[str, Any]:
    specification: dict[str, Any] = json.loads(launch.specification)["specification"]
    return specification


def make_record(task: int = 0, tasks: int = 1, *, thread: int = 10, started_ns: int = 100) -> list[Any]:
    return [task, tasks, "host", 5, thread, 50, started_ns, started_ns + 80, 300, 80, 70, 3]


def make_iteration(number: int = 0, records: list[list[Any]] | None = None, **fields: Any) -> dict[str, Any]:
    return {
        "iteration": number,
        "warmup": number == 1,
        "tasks": 2,
        "started_at": 1_767_225_600.0,
        "tracing": False,
        "wall_ns": 2_130_000_000,
        "start_ns": 100_000_000,
        "work_ns": 2_000_000_000,
        "end_ns": 30_000_000,
        "cpu_s": 3.5,
        "own_cpu_s": 0.5,
        "main_cpu_s": 0.4,
        "main_delay_s": 0.1,
        "system_s": 0.25,
        "minor_faults": 7,
        "records": [make_record(0), make_record(1)] if records is None else records,
        **fields,
    }


def make_reply(*iterations: dict[str, Any], status: str = "ok", **fields: Any) -> dict[str, Any]:
    return {
        "status": status,
        "error": "",
        "traceback": "",
        "iterations": list(iterations),
        "calls": None,
        "labels": ["one", "two"],
        "living_cpu_s": 0.0,
        "record_fields": RECORD_FIELDS,
        **fields,
    }


@pytest.fixture
def measure(tmp_path: Path) -> Callable[..., Outcome]:
    """Make one invocation that has this ending."""

    def run(
        ending: Ending, printed: str = "", reference: Reference | None = None, cell: Cell | None = None
    ) -> Outcome:
        return invoke(make_request(tmp_path, reference, cell), FakeSupervisor(ending, printed))

    return run


def make_request(folder: Path, reference: Reference | None = None, cell: Cell | None = None) -> Request:
    return Request(
        cell=cell or make_cell(id="abc", chunk_size=1),
        repetition=2,
        position=3,
        iterations=1,
        time_limit_s=30.0,
        reference=reference or Reference(),
        output=folder / "output.txt",
    )


def only(outcome: Outcome) -> Sample:
    (sample,) = outcome.samples
    return sample


@pytest.mark.parametrize(
    ("exit_code", "how"),
    [
        (3, "a worker exited with code 3: "),
        (-11, "a worker was killed by SIGSEGV: "),
        (-9, "a worker was killed by SIGKILL, which the system sends when memory runs out: "),
        (None, ""),
    ],
)
@pytest.mark.parametrize(
    ("printed", "last"), [("", "."), ("first\nno licence\n", "; its last output: no licence")]
)
def test_a_dead_worker_is_reported_with_how_it_ended_and_its_last_output(
    measure: Callable[..., Outcome], exit_code: int | None, how: str, printed: str, last: str
) -> None:
    known = {} if exit_code is None else {"worker_exit_code": exit_code}
    reply = make_reply(status="crashed", **{"error": "BrokenProcessPool: it broke.", **known})
    outcome = measure(make_ending(reply), printed)
    assert (outcome.status, outcome.error) == ("crashed", f"{how}BrokenProcessPool: it broke{last}")


def test_a_launch_has_prefix_python_and_probe_and_the_variables_of_the_cell(tmp_path: Path) -> None:
    settings = {
        **make_cell(id="abc").settings,
        "prefix": ["nice", "-n5"],
        "env": {"PYTHON_GIL": "0", "PATH": "/nowhere"},
    }
    supervisor = FakeSupervisor(make_ending())
    invoke(make_request(tmp_path, cell=make_cell(id="abc", settings=settings)), supervisor)
    (launch,) = supervisor.launches
    assert launch.command[:3] == ["nice", "-n5", "/usr/bin/python3"]
    assert Path(launch.command[3]).parts[-3:] == ("runner", "probe", "__main__.py")
    assert launch.environment == {**os.environ, "PYTHON_GIL": "0", "PATH": "/nowhere"}
    assert (launch.output, launch.time_limit_s) == (str(tmp_path / "output.txt"), 30.0)


def in_window(tmp_path: Path, repetition: int) -> Request:
    default = make_cell(id="abc", workers=2)
    cell = replace(default, settings={**default.settings, "duration_s": 1.5})
    return replace(make_request(tmp_path), cell=cell, repetition=repetition)


def test_workers_of_a_window_meet_in_a_folder_that_is_deleted_afterwards(tmp_path: Path) -> None:
    supervisor = FakeSupervisor(make_ending())
    invoke(in_window(tmp_path, 1), supervisor)
    specification = specification_of(supervisor.launches[0])
    assert [specification[key] for key in ("kind", "workers", "duration_s")] == ["window", 2, 1.5]
    folder = Path(specification["folder"])
    assert folder.name.startswith("runner-")
    assert not folder.exists()


def test_the_reference_of_a_window_runs_one_bag(tmp_path: Path) -> None:
    supervisor = FakeSupervisor(make_ending())
    invoke(in_window(tmp_path, 0), supervisor)
    assert specification_of(supervisor.launches[0])["kind"] == "measurement"


def test_a_window_has_percentiles_and_makes_no_reference(tmp_path: Path) -> None:
    service_ns = [3_000_000, 4_000_000, 5_000_000]
    reply = make_reply(make_iteration(in_progress=2, service_ns=service_ns))
    outcome = invoke(in_window(tmp_path, 1), FakeSupervisor(make_ending(reply)))
    [sample] = outcome.samples
    assert sample.in_progress == 2
    assert (sample.service_p50_s, sample.service_p90_s, sample.service_p99_s) == (0.003, 0.004, 0.005)
    assert outcome.reference is None


def test_a_record_of_several_tasks_may_continue_at_the_first_item(tmp_path: Path) -> None:
    records = [make_record(2, 2), make_record(1, 1)]
    reply = make_reply(make_iteration(records=records), differing=[0])
    request = replace(in_window(tmp_path, 1), reference=Reference(results=RESULTS, labels=["a", "b", "c"]))
    task_records = invoke(request, FakeSupervisor(make_ending(reply))).records
    assert [(record.label, record.differs) for record in task_records] == [("c", True), ("b", False)]


def test_a_specification_holds_what_the_reference_fixed(tmp_path: Path) -> None:
    reference = Reference(results=RESULTS, calls={"set": 7}, labels=["set"], task_s=1e-5, seconds=1.0)
    supervisor = FakeSupervisor(make_ending())
    request = replace(
        make_request(tmp_path, reference), reference_cell="a", references_file=Path("references.jsonl")
    )
    invoke(request, supervisor)
    received = json.loads(supervisor.launches[0].specification)
    settings = make_cell(id="abc").settings
    assert (received["path"][0], received["reply_mark"]) == (str(Path.cwd()), REPLY_MARK)
    assert received["specification"] == {
        "kind": "measurement",
        "workload": settings["workload"],
        "pool": settings["executor"]["pool"],
        "chunk_size": 1,
        "iterations": 1,
        "tracing": "separate_run",
        "with_native_threads": False,
        "with_payload": False,
        "with_held_share": False,
        "calls": {"set": 7},
        "reference": {"quick": ["1f"], "file": str(Path.cwd() / "references.jsonl"), "cell": "a"},
        "with_labels": False,
        "bags": 1,
    }


def test_a_successful_reply_has_a_sample_for_each_iteration(measure: Callable[..., Outcome]) -> None:
    outcome = measure(
        make_ending(make_reply(make_iteration(0), make_iteration(1), make_iteration(2, cpu_s=1.0)))
    )
    assert outcome.samples[0] == Sample(
        cell="abc",
        repetition=2,
        position=3,
        iteration=0,
        warmup=False,
        tasks=2,
        tasks_per_chunk=1,
        started_at="2026-01-01T00:00:00.000+00:00",
        start_s=0.1,
        work_s=2.0,
        end_s=0.03,
        wall_s=2.13,
        cpu_s=3.5,
        own_cpu_s=0.5,
        main_cpu_s=0.4,
        main_delay_s=0.1,
        system_s=0.25,
        minor_faults=7,
    )
    summary = [(sample.iteration, sample.warmup, sample.cpu_s, sample.status) for sample in outcome.samples]
    assert summary == [(0, False, 3.5, "ok"), (1, True, 3.5, "ok"), (2, False, 1.0, "ok")]
    assert (outcome.status, outcome.error, outcome.seconds, outcome.left_behind) == ("ok", "", 2.5, 0)


def test_the_cpu_time_of_orphans_belongs_to_the_first_sample(measure: Callable[..., Outcome]) -> None:
    ending = make_ending(make_reply(make_iteration(0), make_iteration(1)), orphans_cpu_s=0.25, killed=3)
    outcome = measure(ending)
    assert [sample.cpu_s for sample in outcome.samples] == [3.75, 3.5]
    assert outcome.left_behind == 3


@pytest.mark.parametrize(
    ("exit_code", "killed", "afterwards"),
    [
        (0, 0, ""),
        (3, 0, "exited with code 3"),
        (-signal.SIGSEGV, 0, "was killed by SIGSEGV"),
        (-signal.SIGTERM, 1, ""),  # terminated by the supervisor as a leftover process
    ],
)
def test_an_interpreter_that_dies_after_its_reply_is_reported(
    measure: Callable[..., Outcome], exit_code: int, killed: int, afterwards: str
) -> None:
    outcome = measure(make_ending(make_reply(make_iteration(0)), exit_code=exit_code, killed=killed))
    assert (outcome.status, outcome.afterwards) == ("ok", afterwards)


def test_the_cpu_time_of_helpers_that_lived_at_the_end_is_counted_once(
    measure: Callable[..., Outcome],
) -> None:
    reply = make_reply(make_iteration(0), living_cpu_s=0.7)
    assert [sample.cpu_s for sample in measure(make_ending(reply, orphans_cpu_s=0.75)).samples] == [
        pytest.approx(3.55)
    ]
    assert [sample.cpu_s for sample in measure(make_ending(reply, orphans_cpu_s=0.5)).samples] == [3.5]


def test_a_wrong_result_marks_every_iteration(measure: Callable[..., Outcome]) -> None:
    reply = make_reply(
        make_iteration(0),
        make_iteration(1),
        status="wrong_result",
        error="task 1 (two) returned [1\n 2],\u2028but 4",
        differing=[1],
    )
    outcome = measure(make_ending(reply))
    assert {(sample.status, sample.error) for sample in outcome.samples} == {
        ("wrong_result", "task 1 (two) returned [1 2], but 4")
    }
    assert [sample.wall_s for sample in outcome.samples] == [2.13, 2.13]


def test_a_reference_of_several_bags_has_the_lengths_of_one_bag(measure: Callable[..., Outcome]) -> None:
    weak = make_cell(id="abc", workers=3, settings={**make_cell(id="abc").settings, "bags": 3})
    records = [make_record(0, 4), make_record(4, 2)]
    reference = measure(make_ending(make_reply(make_iteration(0, records))), cell=weak).reference
    assert reference is not None
    ((tasks, busy_s),) = reference.lengths
    assert tasks == 2
    assert busy_s == pytest.approx(40e-9)


@pytest.mark.parametrize("status", ["failed", "crashed"])
def test_a_failure_follows_the_iterations_that_succeeded(
    measure: Callable[..., Outcome], status: str
) -> None:
    reply = make_reply(make_iteration(0), status=status, error="ValueError:\n  no", traceback="Trace…")
    outcome = measure(make_ending(reply), reference=Reference(labels=["one", "two"]))
    good, bad = outcome.samples
    assert (good.status, good.wall_s) == ("ok", 2.13)
    assert (bad.status, bad.error, bad.iteration, bad.warmup, bad.tasks) == (
        status,
        "ValueError: no",
        1,
        False,
        2,
    )
    assert (bad.start_s, bad.work_s, bad.end_s, bad.wall_s, bad.cpu_s) == (None,) * 5
    assert (outcome.status, outcome.traceback, outcome.reference) == (status, "Trace…", None)


@pytest.mark.parametrize(
    ("ending", "printed", "status", "error"),
    [
        pytest.param(
            make_ending(ended="timeout", exit_code=-15),
            "",
            "timeout",
            "terminated at its time limit of 30 s; raise time_limit_s if it needs longer",
            id="timeout",
        ),
        pytest.param(
            make_ending(ended="interrupted", exit_code=-15),
            "",
            "interrupted",
            "the runner was interrupted",
            id="interrupted",
        ),
        pytest.param(
            make_ending(ended="not_started", exit_code=None, error="No such file or directory: /no/python"),
            "",
            "crashed",
            "the interpreter could not be started: No such file or directory: /no/python",
            id="not started",
        ),
        pytest.param(
            make_ending(exit_code=-11), "", "crashed", "the interpreter was killed by SIGSEGV", id="signal"
        ),
        pytest.param(
            make_ending(exit_code=-40),
            "",
            "crashed",
            "the interpreter was killed by signal 40",
            id="signal without a name",
        ),
        pytest.param(
            make_ending(exit_code=3),
            "",
            "crashed",
            "the interpreter exited with code 3 before it replied",
            id="exit code",
        ),
        pytest.param(
            make_ending(exit_code=0),
            "working\nlast   words\n\n",
            "crashed",
            "the interpreter exited with code 0 before it replied; its last output: last words",
            id="last words",
        ),
    ],
)
def test_without_a_reply_one_row_says_why(
    measure: Callable[..., Outcome], ending: Ending, printed: str, status: str, error: str
) -> None:
    outcome = measure(ending, printed)
    sample = only(outcome)
    assert (sample.status, sample.error, sample.iteration, sample.wall_s) == (status, error, 0, None)
    assert (sample.cell, sample.repetition, sample.position) == ("abc", 2, 3)
    assert datetime.fromisoformat(sample.started_at).utcoffset() is not None
    assert (outcome.records, outcome.reference, outcome.seconds) == ([], None, 2.5)


def test_a_reply_that_is_not_json_counts_as_none(measure: Callable[..., Outcome]) -> None:
    sample = only(measure(replace(make_ending(), reply=b"{{{")))
    assert (sample.status, sample.error) == (
        "crashed",
        "the interpreter exited with code 0 before it replied",
    )


@pytest.mark.parametrize("ended", ["timeout", "interrupted"])
def test_a_failure_caused_by_termination_is_reported_as_that(
    measure: Callable[..., Outcome], ended: EndedBy
) -> None:
    reply = make_reply(status="failed", error="task 0 (one) raised SystemExit: 143")
    assert only(measure(make_ending(reply, ended))).status == ended


@pytest.mark.parametrize("status", ["ok", "wrong_result"])
def test_a_reply_before_the_time_limit_counts(measure: Callable[..., Outcome], status: str) -> None:
    ending = make_ending(make_reply(make_iteration(), status=status), "timeout", killed=1)
    assert only(measure(ending)).status == status


def test_a_long_error_is_shortened(measure: Callable[..., Outcome]) -> None:
    sample = only(measure(make_ending(make_reply(status="failed", error="x" * 200_000))))
    assert sample.error == "x" * 999 + "…"


def test_workers_are_numbered_by_their_first_task(measure: Callable[..., Outcome]) -> None:
    records = [
        make_record(0, thread=30, started_ns=400),
        make_record(1, thread=20, started_ns=200),
        make_record(2, thread=10, started_ns=300),
        make_record(3, thread=20, started_ns=500),
    ]
    reply = make_reply(make_iteration(records=records), labels=list("abcd"))
    assert [
        (record.task, record.thread_id, record.worker) for record in measure(make_ending(reply)).records
    ] == [
        (0, 30, 2),
        (1, 20, 0),
        (2, 10, 1),
        (3, 20, 0),
    ]


def test_a_worker_that_replaces_another_has_its_lane(measure: Callable[..., Outcome]) -> None:
    records = [
        make_record(0, thread=10, started_ns=100),
        make_record(1, thread=20, started_ns=150),
        make_record(2, thread=30, started_ns=200),  # 10 had ended at 180, 20 ends at 230
        make_record(3, thread=40, started_ns=250),
        make_record(4, thread=50, started_ns=255),  # more at a time than the cell has workers
    ]
    reply = make_reply(make_iteration(records=records), labels=list("abcde"))
    cell = make_cell(id="abc", workers=2)
    assert [record.worker for record in measure(make_ending(reply), cell=cell).records] == [0, 1, 0, 1, 2]


def test_a_record_has_everything_that_the_probe_reported(measure: Callable[..., Outcome]) -> None:
    reply = make_reply(make_iteration(4, [make_record(1)]), calls={"two": 9})
    (record,) = measure(make_ending(reply)).records
    assert (record.cell, record.repetition, record.iteration, record.task, record.tasks) == (
        "abc",
        2,
        4,
        1,
        1,
    )
    assert (record.label, record.calls, record.differs) == ("two", 9, False)
    assert (record.host, record.process_id, record.thread_id) == ("host", 5, 10)
    times_ns = (record.submitted_ns, record.started_ns, record.ended_ns, record.received_ns)
    assert times_ns == (50, 100, 180, 300)
    assert (record.busy_ns, record.cpu_ns, record.run_delay_ns) == (80, 70, 3)


def test_records_of_differing_tasks_are_marked_in_merged_records_too(measure: Callable[..., Outcome]) -> None:
    records = [make_record(0, 2), make_record(2, 3), make_record(5, 2)]
    reply = make_reply(
        make_iteration(records=records), status="wrong_result", labels=list("abcdefg"), differing=[1, 5]
    )
    assert [record.differs for record in measure(make_ending(reply)).records] == [True, False, True]


def test_labels_come_from_the_reference_once_it_has_them(measure: Callable[..., Outcome]) -> None:
    reply = make_reply(make_iteration())
    del reply["labels"]
    known = measure(make_ending(reply), reference=Reference(labels=["uno", "due"]))
    assert [record.label for record in known.records] == ["uno", "due"]


def test_without_any_labels_records_have_empty_ones(measure: Callable[..., Outcome]) -> None:
    reply = make_reply(make_iteration(), status="failed")
    del reply["labels"], reply["calls"]
    assert [(record.label, record.calls) for record in measure(make_ending(reply)).records] == [
        ("", 1),
        ("", 1),
    ]


@pytest.mark.parametrize("status", ["ok", "wrong_result"])
def test_a_reference_is_made_from_a_reply_with_results(measure: Callable[..., Outcome], status: str) -> None:
    reply = make_reply(make_iteration(), status=status, reference=RESULTS, calls={"one": 3})
    assert measure(make_ending(reply)).reference == Reference(
        results=RESULTS,
        calls={"one": 3},
        labels=["one", "two"],
        task_s=80e-9,
        lengths=[(1, 80e-9)] * 2,
        cpu_share=3.5 / 160e-9,
        seconds=2.5,
    )


@pytest.mark.parametrize(
    ("task_s", "chunk_size", "tracing"),
    [
        (MIN_TRACED_S, 1, "task"),
        (MIN_TRACED_S * 0.99, 1, "chunk"),
        (MIN_TRACED_CHUNK_S * 0.99, 1, "separate_run"),
        (MIN_TRACED_CHUNK_S / 10, 10, "chunk"),
        (MIN_TRACED_CHUNK_S / 10, 9, "separate_run"),
        (MIN_TRACED_CHUNK_S / 20, None, "chunk"),
        (MIN_TRACED_CHUNK_S / 21, 1000, "separate_run"),
    ],
)
def test_only_tasks_and_chunks_that_take_long_enough_are_traced(
    tmp_path: Path, task_s: float, chunk_size: int | None, tracing: str
) -> None:
    supervisor = FakeSupervisor(make_ending())
    reference = Reference(task_s=task_s, labels=["one"] * 20)
    cell = make_cell(id="abc", chunk_size=chunk_size)
    invoke(make_request(tmp_path, reference, cell), supervisor)
    assert specification_of(supervisor.launches[0])["tracing"] == tracing


@pytest.mark.parametrize(
    ("between_chunks_s", "executor", "tracing"),
    [
        (MIN_BETWEEN_CHUNKS_S, "concurrent.futures.ProcessPoolExecutor", "chunk"),
        (MIN_BETWEEN_CHUNKS_S * 0.99, "concurrent.futures.ProcessPoolExecutor", "separate_run"),
        (
            MIN_BETWEEN_CHUNKS_S,
            "runner_probe.pools.Serial",
            "separate_run",
        ),  # it transfers no data
    ],
)
def test_chunks_with_slow_data_transfer_are_traced_even_if_their_tasks_are_short(
    tmp_path: Path, between_chunks_s: float, executor: str, tracing: str
) -> None:
    supervisor = FakeSupervisor(make_ending())
    default = make_cell(id="abc")
    cell = replace(default, settings={**default.settings, "executor": {"pool": {"_target_": executor}}})
    request = make_request(tmp_path, Reference(task_s=1e-9, labels=["one"] * 20), cell)
    invoke(replace(request, between_chunks_s=between_chunks_s), supervisor)
    assert specification_of(supervisor.launches[0])["tracing"] == tracing


@pytest.mark.parametrize(
    ("task_s", "tracing"), [(1e-9, "nothing"), (MIN_TRACED_CHUNK_S, "chunk"), (MIN_TRACED_S, "task")]
)
def test_a_pool_that_mostly_dispatches_short_tasks_is_not_traced_again(
    tmp_path: Path, task_s: float, tracing: str
) -> None:
    supervisor = FakeSupervisor(make_ending())
    request = make_request(tmp_path, Reference(task_s=task_s, labels=["one"] * 20), make_cell(id="abc"))
    invoke(replace(request, is_mostly_dispatch=True), supervisor)
    assert specification_of(supervisor.launches[0])["tracing"] == tracing


def test_the_length_of_a_task_is_the_mean_over_the_records(measure: Callable[..., Outcome]) -> None:
    records = [make_record(0), make_record(1)]
    records[1][RECORD_FIELDS.index("busy_ns")] = 160
    reference = measure(make_ending(make_reply(make_iteration(records=records)))).reference
    assert reference is not None
    assert reference.task_s == pytest.approx(120e-9)


def test_a_headline_run_without_records_has_no_parts(measure: Callable[..., Outcome]) -> None:
    bare = make_iteration(records=[], wall_ns=1_000_000_000)
    for part in ("start_ns", "work_ns", "end_ns"):
        del bare[part]
    outcome = measure(make_ending(make_reply(bare, make_iteration(1, tracing=True, warmup=False))))
    headline, traced = outcome.samples
    assert (headline.wall_s, headline.start_s, headline.tracing) == (1.0, None, False)
    assert (traced.wall_s, traced.start_s, traced.tracing) == (2.13, 0.1, True)
    assert {record.iteration for record in outcome.records} == {1}


def test_an_invocation_in_which_nothing_was_traced_makes_no_reference(
    measure: Callable[..., Outcome],
) -> None:
    bare = make_iteration(records=[], wall_ns=1_000_000_000)
    for part in ("start_ns", "work_ns", "end_ns"):
        del bare[part]
    outcome = measure(make_ending(make_reply(bare)))
    assert [sample.wall_s for sample in outcome.samples] == [1.0]
    assert outcome.reference is None
    assert outcome.records == []


def test_facts_observed_in_the_workers_are_kept(measure: Callable[..., Outcome]) -> None:
    facts: dict[str, Any] = {"distinct_workers": 2, "gil_enabled": True, "start_method": "fork"}
    assert measure(make_ending(make_reply(make_iteration(), workers=facts))).facts == facts


def test_a_reply_that_lacks_what_a_success_has_is_no_reply(measure: Callable[..., Outcome]) -> None:
    reply = make_reply(make_iteration())
    del reply["calls"]
    assert measure(make_ending(reply)).status == "crashed"
