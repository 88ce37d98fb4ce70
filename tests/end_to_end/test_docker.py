"""The image: what its files promise; and, where a builder is there, that it builds and answers."""

import re
import shutil
import subprocess
import uuid
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).parents[2]


def builder():
    """Whether Docker and its daemon are here."""
    return (
        shutil.which("docker") is not None
        and subprocess.run(["docker", "info"], capture_output=True, check=False).returncode == 0
    )


def test_compose_shows_mlflow_to_this_machine_alone_and_keeps_what_is_made():
    services = yaml.safe_load((TOP / "compose.yml").read_text())["services"]
    assert services["mlflow"]["ports"] == ["127.0.0.1:5000:5000"]
    assert services["regime"]["environment"]["MLFLOW_TRACKING_URI"] == "http://mlflow:5000"
    assert "mlflow:5000" in services["mlflow"]["command"].split("--allowed-hosts ")[1].split()[0].split(",")
    assert all(service["volumes"] for service in services.values())


def test_the_image_takes_its_versions_from_the_lock_and_does_not_run_as_root():
    text = (TOP / "Dockerfile").read_text()
    pattern = re.search(r"grep -E '(.+?)' requirements\.lock", text)[1]
    lock = (TOP / "requirements.lock").read_text().splitlines()
    pinned = [line for line in lock if re.match(pattern, line)]
    names = {re.match(r"[A-Za-z0-9._-]+(?===)", line)[0] for line in lock if re.match(r"\S+==", line)}
    assert {re.match(r"[a-z0-9-]+", line)[0] for line in pinned} == names
    assert text.index("USER regime") < text.index("ENTRYPOINT")


@pytest.mark.slow
@pytest.mark.skipif(not builder(), reason="no Docker daemon here")
def test_the_image_builds_and_makes_a_call_of_the_sample():
    name = f"regime-test-{uuid.uuid4().hex[:8]}"
    subprocess.run(["docker", "build", "--quiet", "--tag", name, TOP], check=True, timeout=1800)
    try:
        steps = "regime data refresh --source sample && regime train run default && regime call"
        run = ["docker", "run", "--rm", "--entrypoint", "sh", name, "-c", steps]
        done = subprocess.run(run, capture_output=True, text=True, timeout=1800, check=False)
        assert done.returncode == 0, done.stderr
        assert "No evidence: no model has earned a word" in done.stdout
    finally:
        subprocess.run(["docker", "image", "rm", "--force", name], check=False, capture_output=True)
