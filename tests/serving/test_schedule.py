"""Files that run the week by themselves: they parse, start at the right time, grant little, hide no failure."""

import configparser
import re
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from features.data.errors import RegimeError
from serving import schedule
from serving.schedule import Machine
from serving.scheduler import Scheduler
from tests.support.shell import run

MACHINE = Machine(
    Path("/opt/my programs/python"),
    Path("/home/me/a & b"),
    Path("/home/me/regime"),
    Path("/home/me/runs"),
    "me",
    datetime(2026, 1, 10, 15, 5),
    (("REGIME_HOME", "/home/me/regime"),),
)


def made(scheduler, notify=False):
    return schedule.texts(scheduler, MACHINE, notify)


def unit(name):
    parser = configparser.RawConfigParser(strict=True)
    parser.optionxform = str
    parser.read_string(made(Scheduler.systemd, notify=True)[name])
    return parser


def actions():
    return yaml.safe_load(made(Scheduler.actions)["regime.yml"])


@pytest.mark.parametrize(
    ("zone", "weekday", "clock"),
    [
        ("America/New_York", "Saturday", "09:00"),
        ("Europe/Berlin", "Saturday", "15:00"),  # 14:00 in the weeks when only New York has summer time
        ("UTC", "Saturday", "14:00"),  # 13:00 in summer
        ("Pacific/Auckland", "Sunday", "03:00"),
        ("Pacific/Honolulu", "Saturday", "04:00"),
    ],
)
def test_the_run_starts_after_the_close_in_every_time_zone(zone, weekday, clock):
    moment = schedule.local_start(2026, lambda start: start.astimezone(ZoneInfo(zone)))
    assert f"{moment:%A %H:%M}" == f"{weekday} {clock}"


def test_cron_has_one_line_in_the_machines_own_time():
    lines = [line for line in made(Scheduler.cron)["regime.cron"].splitlines() if line and line[0] not in "#M"]
    assert lines == [
        "REGIME_HOME=/home/me/regime",
        "5 15 * * 6 cd \"/home/me/a & b\" && '/opt/my programs/python' -m regime weekly --catch-up",
    ]


def test_systemd_is_hardened_and_takes_no_failure_for_success():
    service, timer = unit("regime.service"), unit("regime.timer")
    assert service["Service"]["ExecStart"] == "'/opt/my programs/python' -m regime weekly --catch-up --notify"
    assert service["Service"]["ProtectSystem"] == "strict"
    assert service["Service"]["Environment"] == '"REGIME_HOME=/home/me/regime"'
    assert service["Service"]["NoNewPrivileges"] == "yes"
    assert service["Service"]["ReadWritePaths"] == '"/home/me/regime" "/home/me/runs" "/home/me/a & b"'
    assert not service.has_option("Service", "SuccessExitStatus")
    assert timer["Timer"]["OnCalendar"].endswith("America/New_York")


def test_windows_task_is_xml_with_the_paths_escaped():
    root = ET.fromstring(made(Scheduler.windows)["regime.xml"])
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:WorkingDirectory", namespaces=space) == "/home/me/a & b"
    assert root.findtext(".//t:StartBoundary", namespaces=space) == "2026-01-10T15:05:00"
    assert root.find(".//t:DaysOfWeek/t:Saturday", space) is not None


@pytest.mark.parametrize("scheduler", list(Scheduler))
def test_every_file_says_how_a_failure_is_heard_of_and_leaves_no_gap(scheduler):
    files = made(scheduler)
    assert any("You hear of" in text for text in files.values())
    assert not [text for text in files.values() if re.search(r"@[A-Z0-9_]+@", text)]


def test_the_actions_file_grants_little_and_pins_what_it_runs():
    whole = actions()
    job = whole["jobs"]["call"]
    assert whole["permissions"] == {}
    assert job["permissions"] == {"contents": "write", "actions": "read"}
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", name) for name in used)
    keyed = [step["name"] for step in job["steps"] if "FRED_API_KEY" in str(step)]
    assert keyed == ["Train, when nothing is trained", "The week"]
    assert "FRED_API_KEY" not in str(whole.get("env", "")) + str(job["env"])


def test_the_actions_file_keeps_the_journal_whatever_happened():
    steps = {step.get("name"): step for step in actions()["jobs"]["call"]["steps"]}
    keep = steps["Keep the journal"]
    assert keep["if"] == "${{ !cancelled() }}"
    assert keep["run"].index("regime call verify") < keep["run"].index("git push")


def test_the_actions_file_uploads_the_report():
    uploads = [step["with"]["path"] for step in actions()["jobs"]["call"]["steps"] if "upload-artifact" in str(step)]
    assert "regime-home/report.html" in uploads


def test_install_prints_or_writes_and_replaces_nothing(tmp_path):
    shown = run("regime", "weekly", "install", "cron", "--print").stdout
    assert "-m regime weekly --catch-up" in shown
    assert "--catch-up --notify" not in shown
    ET.fromstring(
        run("regime", "weekly", "install", "windows", "--print").stdout
    )  # nothing stands before its first byte
    run("regime", "weekly", "install", "systemd", "--to", tmp_path / "units")
    assert {path.name for path in (tmp_path / "units").iterdir()} == {"regime.service", "regime.timer"}
    before = (tmp_path / "units" / "regime.timer").read_bytes()
    (tmp_path / "units" / "regime.service").unlink()
    assert (
        "is there already" in run("regime", "weekly", "install", "systemd", "--to", tmp_path / "units", status=1).stderr
    )
    assert (tmp_path / "units" / "regime.timer").read_bytes() == before
    assert not (tmp_path / "units" / "regime.service").exists()
    run("regime", "init", "--notify", "json://127.0.0.1")
    assert "--catch-up --notify" in run("regime", "weekly", "install", "cron", "--print").stdout
    assert "give either" in run("regime", "weekly", "install", status=1).stderr


def test_install_without_a_name_says_which_it_chose_and_names_the_others():
    made = run("regime", "weekly", "install", "--print")
    chosen = schedule.usual()
    others = [one for one in Scheduler if one is not chosen]
    said = f"This is for {chosen}, which this machine has; name another: {', '.join(others)}"
    assert made.stderr.splitlines() == [said]
    assert made.stdout == run("regime", "weekly", "install", chosen, "--print").stdout
    assert run("regime", "weekly", "install", chosen, "--print").stderr == ""


def test_nothing_is_written_beside_a_file_that_is_there(tmp_path):
    (tmp_path / "b").write_text("mine")
    with pytest.raises(RegimeError, match="b is there already"):
        schedule.write({"a": "1", "b": "2"}, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["b"]
