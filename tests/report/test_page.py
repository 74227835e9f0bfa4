"""The page: it says what the terminal says, escapes what users write, and loads nothing."""

import json
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from runner.facts import StudyAnalysis, Timeline, TimelineBar
from runner.report import wording
from runner.report.page import render_page, render_study_list
from runner.report.page.markup import element
from runner.report.page.page_wording import SECTIONS
from runner.report.page.scale import Scale
from runner.report.tables import cell_columns
from runner.report.terminal import Screen, render_terminal
from tests.analysis_factories import (
    analysed_cell,
    analysed_study,
    headline_runs,
    loss,
    provenance,
    study_facts,
)
from tests.factories import cell
from tests.report.golden_studies import STUDIES

FEW = headline_runs([1.0] * 3)
EVIL = '<script>alert(1)</script>" onmouseover="alert(2)'


class Reader(HTMLParser):
    """Reads the texts of a page, its tables and the sources that it would load."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.texts: list[str] = []
        self.loaded: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.elements: list[str] = []
        self.attributes: set[str] = set()
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.elements.append(tag)
        self.attributes |= given.keys()
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        self.loaded += [str(given[name]) for name in ("src", "data", "poster") if given.get(name)]
        if tag == "link":
            self.loaded.append(str(given["href"]))
        if tag == "a":
            self.links.append(str(given["href"]))
        if given.get("id"):
            self.ids.append(str(given["id"]))
        self._inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        if self._inside and self._inside[-1] in ("script", "style"):
            return
        self.texts.append(data)
        if any(tag in ("td", "th") for tag in self._inside):
            self.tables[-1][-1][-1] += data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def data_of(page: str) -> Any:
    """Return the data that a page contains."""
    return json.loads(page.partition('id="data">')[2].partition("</script>")[0])


def sections_of(page: str) -> list[str]:
    return [name for name in Reader(page).ids if name in SECTIONS]


def two_cells(**changes: Any) -> StudyAnalysis:
    serial = analysed_cell("serial", wall_s=2.0)
    two = analysed_cell("process", 2, wall_s=1.0, speedup=2.0)
    return replace(analysed_study([serial, two]), **changes)


@pytest.mark.parametrize("name", STUDIES)
def test_the_page_has_every_sentence_of_the_answer(name: str) -> None:
    study = STUDIES[name]()
    text = Reader(render_page(study)).text
    for group in study.groups:
        for sentence in vars(wording.sentences_of(group, study, wording.group_name(group, study))).values():
            assert " ".join(sentence.split()) in text


@pytest.mark.parametrize("name", STUDIES)
def test_the_table_of_the_page_is_that_of_the_terminal(name: str) -> None:
    study = STUDIES[name]()
    tables = Reader(render_page(study)).tables
    for number, workload in enumerate(study.workloads):
        headings, *rows = tables[number]
        cells = study.of_workload(workload)
        shown = [column for column in cell_columns(cells, study) if any(column.texts)]
        assert len(rows) == len(cells)
        for column in shown:
            place = headings.index(column.heading)
            assert [row[place] for row in rows] == list(column.texts)


def test_the_words_of_the_table_are_on_a_wide_terminal_too() -> None:
    study = STUDIES["pools"]()
    printed = render_terminal(study, Screen(width=300)).split()
    _, *rows = Reader(render_page(study)).tables[0]
    assert {"process", "1.90", "1.80–1.99", "48%"} <= set(printed) & {entry for row in rows for entry in row}


def test_a_page_loads_nothing() -> None:
    page = render_page(two_cells())
    assert Reader(page).loaded == ["data:,"]
    assert "url(" not in page
    assert "@import" not in page


def test_every_link_of_a_page_leads_somewhere_on_it() -> None:
    read = Reader(render_page(STUDIES["pools"]()))
    assert {link.removeprefix("#") for link in read.links} <= set(read.ids)
    assert len(read.ids) == len(set(read.ids))


def test_what_users_write_is_text_everywhere() -> None:
    evil = cell("process", 2)
    evil = replace(evil, workload=EVIL, executor=f"{EVIL}\"'&", swept={EVIL: EVIL})
    serial = replace(cell("serial"), workload=EVIL, swept={EVIL: None})
    pool = analysed_cell(cell=evil, wall_s=1.0, speedup=2.0, losses=(loss(0.2),), swept={EVIL: EVIL})
    study = analysed_study(
        [analysed_cell(cell=serial, wall_s=2.0, swept={EVIL: None}), pool],
        study=study_facts(name=EVIL, cpu_model=EVIL, swept=(EVIL,)),
        provenance=provenance(configuration={EVIL: f"{EVIL}\n🙂"}, arguments=(EVIL, "a 'b'")),
        timelines={evil.id: timeline(f"{EVIL}\n\"'🙂")},
    )
    page = render_page(study)
    plain = Reader(render_page(two_cells()))
    assert EVIL in Reader(page).text
    assert Reader(page).elements.count("script") == plain.elements.count("script")
    assert not {name for name in Reader(page).attributes if name.startswith("on")}
    assert EVIL in data_of(page)["data"]["cells"]["columns"]


def timeline(*labels: str) -> Timeline:
    bars = tuple(
        TimelineBar(lane=0, start_s=0.1 + number, end_s=1.0 + number, busy_s=0.9, tasks=1, label=label)
        for number, label in enumerate(labels)
    )
    return Timeline(
        repetition=1, wall_s=len(labels) + 0.5, workers=1, workers_per_lane=1, bars=bars, is_separate=False
    )


def test_a_timeline_tells_sums_and_what_is_around_the_tasks() -> None:
    page = render_page(two_cells(timelines={"process2": timeline("a", "b")}))
    said = "2 tasks on 2 workers take 1.80 s, 36% of the workers' time; 100 ms pass before the first task"
    assert said in Reader(page).text
    assert "a: 900 ms, from 100 ms" in page
    first, second = data_of(page)["data"]["timelines"]["rows"]
    assert first == [1, 1, "a", 1, 0.1, 1.0, 0.9]
    assert second[2] == "b"


def test_a_row_links_to_the_timeline_of_its_cell() -> None:
    read = Reader(render_page(two_cells(timelines={"process2": timeline("a")})))
    assert "#cell-process2" in read.links
    assert "cell-process2" in read.ids
    assert "#cell-serial" not in read.links  # it was not traced


def test_columns_that_are_empty_everywhere_are_left_out() -> None:
    headings = Reader(render_page(two_cells())).tables[0][0]
    assert "memory" not in headings
    assert {"speedup", "of bound", "marks"} <= set(headings)


def test_disturbed_and_failed_cells_are_marked() -> None:
    disturbed = tuple(
        replace(run, disturbance="0.5 CPUs by other programs") for run in headline_runs([1.0] * 7, 2.0, 2)
    )
    study = analysed_study(
        [
            analysed_cell("serial", wall_s=2.0),
            analysed_cell("process", 2, speedup=2.0, runs=disturbed, disturbed=7),
            analysed_cell("thread", 2, status="crashed", printed_end="Traceback: <it> broke"),
        ]
    )
    page = render_page(study)
    headings, *rows = Reader(page).tables[0]
    assert [row[headings.index("marks")] for row in rows] == ["best", "best, noisy 7 of 7", "crashed"]
    assert "Traceback: <it> broke" in Reader(page).text
    assert 'class="run disturbed"' in page
    assert "7 were disturbed" in Reader(page).text


@pytest.mark.parametrize(
    ("name", "present", "absent"),
    [
        ("pools", {"results", "speedup", "losses", "order", "method"}, {"snippets", "failures", "profiles"}),
        ("known_answers", {"known_answers"}, {"snippets"}),
    ],
)
def test_only_sections_that_apply_are_shown(name: str, present: set[str], absent: set[str]) -> None:
    sections = set(sections_of(render_page(STUDIES[name]())))
    assert present <= sections
    assert not absent & sections


def test_a_study_without_a_single_run_has_a_page() -> None:
    page = render_page(analysed_study([analysed_cell(status="failed")]))
    assert sections_of(page) == ["results", "failures", "method"]


def test_the_command_repeats_the_study() -> None:
    study = two_cells(provenance=provenance(arguments=("executor=process", "workload.items=range(3)", "-m")))
    assert "python -m runner executor=process 'workload.items=range(3)' -m" in Reader(render_page(study)).text


def test_the_next_step_names_the_executor_that_was_left_out() -> None:
    text = Reader(render_page(two_cells())).text
    assert "Compare with the executor thread: python -m runner workers=2 executor=thread,process" in text


def test_very_many_runs_are_one_path() -> None:
    runs = headline_runs([1.0 + number / 5000 for number in range(2000)], 2.0, 2)
    study = analysed_study([analysed_cell("serial"), analysed_cell("process", 2, speedup=2.0, runs=runs)])
    page = render_page(study)
    assert 'class="runs"' in page
    assert len(data_of(page)["data"]["runs"]["rows"]) == 2007
    assert len(page) < 600_000


def test_elements_escape_texts_and_attributes() -> None:
    made = element("p", '<&"', element("b", "x"), class_='"', text_anchor=None, x=1.25)
    assert made == '<p class="&#34;" x="1.2">&lt;&amp;&#34;<b>x</b></p>'


@pytest.mark.parametrize(
    ("scale", "ticks"),
    [
        (Scale(low=0.0, high=1.0, start=0, end=10), [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]),
        (Scale(low=0.8, high=5.0, start=0, end=10, is_log=True), [1.0, 2.0, 3.0, 4.0, 5.0]),
        (Scale(low=0.9, high=101.0, start=0, end=10, is_log=True), [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0]),
    ],
)
def test_axes_are_labelled_with_round_values(scale: Scale, ticks: list[float]) -> None:
    assert scale.ticks() == ticks


def test_a_binary_scale_is_labelled_with_powers_of_two() -> None:
    assert Scale(low=0.4, high=5.0, start=0, end=10, is_log=True).ticks(binary=True) == [0.5, 1.0, 2.0, 4.0]


# --- the list of studies ------------------------------------------------------------------------------


def verdicts(folder: Path) -> Iterator[tuple[Path, dict[str, Any]]]:
    for name, day, speedup in (("old", "2026-01-01T10:00:00", 1.5), ("<b>new", "2026-01-02T10:00:00", 3.25)):
        answer = "Use process × 2. It is fastest"
        yield (
            folder / name,
            {
                "study": {"started_at": day, "is_complete": name == "old"},
                "groups": [{"workload": "primes", "sentences": {"answer": answer}}],
                "cells": {
                    "a": {"is_baseline": True, "speedup": {"value": 1.0}},
                    "b": {"is_baseline": False, "speedup": {"value": speedup}},
                    "c": {"is_baseline": False, "speedup": None},
                },
            },
        )


def test_studies_are_listed_newest_first_with_verdict_and_best_speedup(tmp_path: Path) -> None:
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "report.html").touch()
    read = Reader(render_study_list(verdicts(tmp_path)))
    _, new, old = read.tables[0]
    assert new == ["<b>new", "2026-01-02 10:00", "primes", "Use process × 2 (not complete)", "3.25"]
    assert old == ["old", "2026-01-01 10:00", "primes", "Use process × 2", "1.50"]
    assert read.links == ["%3Cb%3Enew/", "old/report.html"]


@pytest.mark.parametrize(
    "content",
    [{}, {"study": [], "groups": {"a": 1}}, {"study": {"started_at": 5}, "cells": [1]}, {"groups": [1]}],
)
def test_a_verdict_of_another_version_is_listed_as_far_as_it_is_known(
    tmp_path: Path, content: dict[str, Any]
) -> None:
    read = Reader(render_study_list([(tmp_path / "x", content)]))
    assert [row[0] for row in read.tables[0][1:]] == ["x"]
    assert read.tables[0][1][3] == "no cell was measured"


def test_a_folder_whose_name_is_not_text_is_listed(tmp_path: Path) -> None:
    read = Reader(render_study_list([(tmp_path / "a\udcff", {})]))
    assert read.links == ["a%FF/"]


# --- what may be sent ---------------------------------------------------------------------------------


def test_the_page_tells_neither_who_measured_nor_values_of_variables() -> None:
    origin = provenance(
        arguments=("executor=process", "env.API_KEY=s3cret", "+env.OTHER=s3cret"),
        configuration={"env": {"API_KEY": "s3cret"}, "chunk_size": 1},
        environment={
            "machine": {"host_name": "private-host", "architecture": "x86_64"},
            "process": {"user_name": "private-user", "working_directory": "/private"},
        },
        interpreters=({"python": "python3", "env": {"API_KEY": "s3cret"}},),
    )
    page = render_page(two_cells(provenance=origin))
    assert "s3cret" not in page
    assert "private" not in page
    assert {"x86_64", "API_KEY:", "env.API_KEY=…"} <= set(Reader(page).text.replace("'", " ").split())


# --- how it was measured ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ([analysed_cell()], "1 cell was measured on made-up CPU with 2 usable CPUs"),
        ([analysed_cell(), analysed_cell("thread", 2)], "2 cells were measured"),
        (
            [analysed_cell(), analysed_cell("thread", 2, runs=FEW)],
            "Each ran 3 to 7 times",
        ),
        ([analysed_cell(status="failed")], "No cell was measured."),
    ],
)
def test_the_method_says_what_was_done(cells: list[Any], said: str) -> None:
    assert said in Reader(render_page(analysed_study(cells))).text


def test_the_command_of_a_resumed_study_is_not_claimed_to_repeat_it() -> None:
    page = Reader(render_page(two_cells(provenance=provenance(sessions=2)))).text
    assert "python -m runner executor" not in page
    assert "The study was resumed 1 time." in page
