"""Files of made-up machines, as Linux has them below `/`."""

from pathlib import Path

V2_MOUNT = "35 24 0:30 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate"
V1_CPU_MOUNT = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct"
V1_MEMORY_MOUNT = "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory"
V1_SYSTEMD_MOUNT = "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd"
DISK_MOUNT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard"

V2 = {"proc/self/mountinfo": f"{DISK_MOUNT}\n{V2_MOUNT}\n", "proc/self/cgroup": "0::/batch/job\n"}
V1 = {
    "proc/self/mountinfo": f"{DISK_MOUNT}\n{V1_SYSTEMD_MOUNT}\n{V1_CPU_MOUNT}\n{V1_MEMORY_MOUNT}\n",
    "proc/self/cgroup": "9:name=systemd:/user\n4:memory:/batch/job\n2:cpu,cpuacct:/batch/job\n",
}


def make_machine(root: Path, *parts: dict[str, str]) -> Path:
    """Write files, given by their path below `root`; later parts win."""
    for part in parts:
        for path, content in part.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(content, encoding="utf-8")
    return root
