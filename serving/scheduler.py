"""What starts the weekly run by itself; apart from `schedule`, so that a command's help loads nothing else."""

from enum import StrEnum


class Scheduler(StrEnum):
    """What starts the run."""

    cron = "cron"
    systemd = "systemd"
    windows = "windows"
    actions = "actions"
