"""What a process may use, read from files below `tmp_path`, so that it is the same anywhere."""

import os
from pathlib import Path

import pytest

from runner.allowance import cpu_quota, usable_cpus
from tests.made_machines import V1, V1_CPU_MOUNT, V2, V2_MOUNT, make_machine

V1_CPU = "sys/fs/cgroup/cpu,cpuacct"


def v1_quota(cgroup: str, quota_us: int, period_us: int = 100_000) -> dict[str, str]:
    return {
        f"{V1_CPU}{cgroup}/cpu.cfs_quota_us": f"{quota_us}\n",
        f"{V1_CPU}{cgroup}/cpu.cfs_period_us": f"{period_us}\n",
    }


@pytest.fixture
def eight_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _process: set(range(8)), raising=False)


# Quota


def test_a_v2_quota_is_counted_in_cpus(tmp_path: Path) -> None:
    root = make_machine(tmp_path, V2, {"sys/fs/cgroup/batch/job/cpu.max": "250000 100000\n"})
    assert cpu_quota(root) == 2.5


def test_the_tightest_ancestor_of_a_v2_cgroup_counts(tmp_path: Path) -> None:
    quotas = {
        "sys/fs/cgroup/batch/job/cpu.max": "max 100000\n",
        "sys/fs/cgroup/batch/cpu.max": "150000 50000\n",
        "sys/fs/cgroup/cpu.max": "400000 100000\n",
    }
    assert cpu_quota(make_machine(tmp_path, V2, quotas)) == 3.0


def test_the_quota_of_another_cgroup_does_not_count(tmp_path: Path) -> None:
    root = make_machine(tmp_path, V2, {"sys/fs/cgroup/batch/neighbour/cpu.max": "100000 100000\n"})
    assert cpu_quota(root) is None


def test_a_v2_cgroup_without_limit_has_no_quota(tmp_path: Path) -> None:
    root = make_machine(tmp_path, V2, {"sys/fs/cgroup/batch/job/cpu.max": "max 100000\n"})
    assert cpu_quota(root) is None


def test_a_v1_quota_is_counted_in_cpus(tmp_path: Path) -> None:
    root = make_machine(tmp_path, V1, v1_quota("/batch/job", 50_000))
    assert cpu_quota(root) == 0.5


def test_the_tightest_ancestor_of_a_v1_cgroup_counts(tmp_path: Path) -> None:
    root = make_machine(
        tmp_path,
        V1,
        v1_quota("/batch/job", 400_000),
        v1_quota("/batch", 200_000),
        v1_quota("", -1),
    )
    assert cpu_quota(root) == 2.0


def test_a_v1_cgroup_without_limit_has_no_quota(tmp_path: Path) -> None:
    root = make_machine(tmp_path, V1, v1_quota("/batch/job", -1))
    assert cpu_quota(root) is None


def test_the_v1_quota_is_found_if_v1_and_v2_are_both_mounted(tmp_path: Path) -> None:
    hybrid = {
        "proc/self/mountinfo": f"{V1_CPU_MOUNT}\n{V2_MOUNT.replace('cgroup rw', 'cgroup/unified rw')}\n",
        "proc/self/cgroup": "1:cpu,cpuacct:/batch/job\n0::/\n",
    }
    root = make_machine(tmp_path, hybrid, v1_quota("/batch/job", 300_000))
    assert cpu_quota(root) == 3.0


def test_in_a_container_that_sees_its_host_path_the_quota_is_found(tmp_path: Path) -> None:
    container = {
        "proc/self/mountinfo": V1_CPU_MOUNT.replace(" / ", " /docker/4f1c "),
        "proc/self/cgroup": "2:cpu,cpuacct:/docker/4f1c/job\n",
    }
    root = make_machine(tmp_path, container, v1_quota("", 200_000))
    assert cpu_quota(root) == 2.0


def test_in_a_container_that_sees_only_itself_the_quota_is_found(tmp_path: Path) -> None:
    root = make_machine(
        tmp_path, V2, {"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "200000 100000\n"}
    )
    assert cpu_quota(root) == 2.0


@pytest.mark.parametrize("content", ["", "many 100000", "100000", "100000 0"])
def test_a_malformed_quota_is_unknown(tmp_path: Path, content: str) -> None:
    root = make_machine(tmp_path, V2, {"sys/fs/cgroup/batch/job/cpu.max": content})
    assert cpu_quota(root) is None


@pytest.mark.parametrize("path", ["proc/self/mountinfo", "proc/self/cgroup"])
def test_a_malformed_list_of_cgroups_or_mounts_leaves_the_quota_unknown(tmp_path: Path, path: str) -> None:
    assert cpu_quota(make_machine(tmp_path, V2, {path: "nonsense\n"})) is None


def test_a_system_without_cgroups_has_no_quota(tmp_path: Path) -> None:
    assert cpu_quota(tmp_path) is None


# Usable CPUs


@pytest.mark.usefixtures("eight_cpus")
def test_without_a_quota_all_cpus_of_the_affinity_are_usable(tmp_path: Path) -> None:
    assert usable_cpus(tmp_path) == 8


@pytest.mark.usefixtures("eight_cpus")
@pytest.mark.parametrize(
    ("quota_us", "expected"), [(10_000, 1), (100_000, 1), (290_000, 2), (300_000, 3), (1_600_000, 8)]
)
def test_a_quota_is_rounded_down_to_at_least_one_cpu_and_at_most_the_affinity(
    tmp_path: Path, quota_us: int, expected: int
) -> None:
    root = make_machine(tmp_path, V1, v1_quota("/batch/job", quota_us))
    assert usable_cpus(root) == expected


@pytest.mark.parametrize(("cpu_count", "expected"), [(6, 6), (None, 1)])
def test_all_cpus_are_usable_on_a_system_without_affinity(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cpu_count: int | None, expected: int
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: cpu_count)
    assert usable_cpus(tmp_path) == expected
