"""Files that run the week by themselves, made for this machine: cron, systemd, Windows Task Scheduler, GitHub Actions.

The run belongs after Friday's close: on Saturday at 09:00 in New York. systemd knows
time zones; for cron and Windows that moment is put into this machine's own time, the
later one where summer times differ.
"""

from __future__ import annotations

import getpass
import re
import shlex
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

from features.data import environment
from features.data.errors import RegimeError
from features.data.files import write_file
from serving.scheduler import Scheduler

FILES = Path(__file__).with_name("schedules")
NEW_YORK = ZoneInfo("America/New_York")
HOUR = 9
VARIABLES = ("REGIME_CONFIG", "REGIME_HOME", "MLFLOW_TRACKING_URI")  # where this shell's settings, data and runs are
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEK = timedelta(days=7)
Clock = Callable[[datetime], datetime]  # a moment in this machine's own time


NAMES = {
    Scheduler.cron: ("regime.cron",),
    Scheduler.systemd: ("regime.service", "regime.timer"),
    Scheduler.windows: ("regime.xml",),
    Scheduler.actions: ("regime.yml",),
}


@dataclass(frozen=True)
class Machine:
    """What the files say about the machine they run on."""

    program: Path
    directory: Path
    home: Path
    runs: Path
    user: str
    moment: datetime
    variables: tuple[tuple[str, str], ...] = ()


def this_machine(home: Path, runs: Path) -> Machine:
    """The present machine, user and directory; `home` and `runs` are what the run writes to."""
    moment = local_start(datetime.now(UTC).year, datetime.astimezone)
    found = environment.read()
    set_here = tuple((name, said) for name in VARIABLES if (said := getattr(found, name.lower())))
    # An address with a password in it is no text for a file that others may read.
    safe = tuple((name, value) for name, value in set_here if "@" not in value)
    return Machine(Path(sys.executable), Path.cwd(), home, runs, getpass.getuser(), moment, safe)


def local_start(year: int, to_local: Clock) -> datetime:
    """When the run starts in this machine's own time: the later moment of the week among all weeks of a year.

    Parameters
    ----------
    year : int
    to_local : callable
        Puts an aware moment into the machine's time zone (`datetime.astimezone`).
    """
    first = date(year, 1, 1)
    first += timedelta(days=(5 - first.weekday()) % 7)
    starts = (datetime(one.year, one.month, one.day, HOUR, tzinfo=NEW_YORK) for one in _weeks(first))
    monday = datetime(2024, 1, 1, tzinfo=UTC)

    def since_monday(local: datetime) -> timedelta:
        return (local.replace(tzinfo=UTC) - monday) % WEEK

    return max((to_local(start) for start in starts), key=since_monday)


def _weeks(first: date) -> list[date]:
    return [first + WEEK * n for n in range(52)]


def texts(scheduler: Scheduler, machine: Machine, notify: bool) -> dict[str, str]:
    """File name to text, for one scheduler.

    Parameters
    ----------
    scheduler : Scheduler
    machine : Machine
    notify : bool
        Whether the run tells the addresses in the settings.
    """
    arguments = ["-m", "regime", "weekly", "--catch-up", *(["--notify"] if notify else [])]
    moment = machine.moment
    windows = scheduler is Scheduler.windows
    words = {
        "COMMAND": shlex.join([str(machine.program), *arguments]),
        "PROGRAM": machine.program,
        "ARGUMENTS": " ".join(arguments),
        "DIRECTORY": machine.directory,
        "HOME": machine.home,
        "RUNS": machine.runs,
        "USER": machine.user,
        "CRON_VARIABLES": "".join(f"{name}={value}\n" for name, value in machine.variables),
        "UNIT_VARIABLES": "".join(f'Environment="{name}={value}"\n' for name, value in machine.variables),
        "TASK_VARIABLES": ", ".join(f"{name} = {value}" for name, value in machine.variables) or "none",
        "MINUTE": moment.minute,
        "HOUR": moment.hour,
        "MINUTE2": f"{moment:%M}",
        "HOUR2": f"{moment:%H}",
        "WEEKDAY": WEEKDAYS[moment.weekday()],
        "WEEKDAY_NUMBER": moment.isoweekday() % 7,
        "FIRST_DAY": f"{moment:%Y-%m-%d}",
    }

    def fill(found: re.Match[str]) -> str:
        text = str(words[found[1]])
        return escape(text) if windows else text

    return {
        name: re.sub(r"@([A-Z0-9_]+)@", fill, (FILES / name).read_text(encoding="utf-8")) for name in NAMES[scheduler]
    }


def usual() -> Scheduler:
    """What this system starts programs with."""
    if sys.platform == "win32":
        return Scheduler.windows
    return Scheduler.systemd if Path("/run/systemd/system").is_dir() else Scheduler.cron


def write(files: dict[str, str], to: Path) -> None:
    """Write files into a directory, made if absent; none that is there already is replaced.

    Raises
    ------
    RegimeError
        One is there already, or cannot be written.
    """
    there = [name for name in files if (to / name).exists()]
    if there:
        raise RegimeError(f"{to / there[0]} is there already: remove it first, or give another --to")
    for name, text in files.items():
        write_file(to / name, text)
