"""What ncu prints, made up: every metric of one kernel with its unit and value, its messages included."""

from __future__ import annotations

from suite.evidence.ncu import METRICS

VALUES = {
    "sm__throughput": ("%", "14.25"),
    "launch__grid_size": ("", "32,768"),
    "sm__warps_active": ("%", "81.203"),
    "dram__throughput": ("%", "88.1"),
    "lts__t_sector_hit_rate": ("%", "50.07"),
    "dram__bytes_read": ("byte", "67,200,256"),
    "dram__bytes_write": ("byte", "66,912,000"),
    "launch__registers_per_thread": ("register/thread", "18"),
    "gpu__time_duration": ("ns", "46,112"),
}
METRICS_OF_VALUES = {
    "sm__throughput": 14.25,
    "launch__grid_size": 32768,
    "sm__warps_active": 81.203,
    "dram__throughput": 88.1,
    "lts__t_sector_hit_rate": 50.07,
    "dram__bytes_read": 67200256,
    "dram__bytes_write": 66912000,
    "launch__registers_per_thread": 18,
    "gpu__time_duration": 46112,
}
ALL = list(METRICS)


def passed(passes: int, text: str) -> str:
    """What ncu prints of a kernel k that it counted in so many passes."""
    words = "1 pass" if passes == 1 else f"{passes} passes"
    return f'==PROF== Profiling "k" - 0: 0%....50%....100% - {words}\n{text}'


def printed(*names: str, **replaced: tuple[str, str]) -> str:
    """What ncu prints of launches of these kernels, its messages included; `replaced`: metric -> unit and value."""
    values = VALUES | replaced
    heads = ["ID", "Process ID", "Process Name", "Host Name", "Kernel Name", "Context", "Stream", "Block Size"]
    heads += ["Grid Size", "Device", "CC"]
    rows = [
        heads + [METRICS[name].ncu for name in values],
        [""] * len(heads) + [unit for unit, _ in values.values()],
        *(
            [str(number), "7", "python", "127.0.0.1", name, "1", "13", "(128, 1, 1)", "(32768, 1, 1)", "0", "9.0"]
            + [value for _, value in values.values()]
            for number, name in enumerate(names)
        ),
    ]
    lines = [",".join(f'"{cell}"' for cell in row) for row in rows]
    return "\n".join(["==PROF== Connected to process 7 (/usr/bin/python)", *lines, "==PROF== Disconnected", ""])
