"""What tests of MLflow share: a small batch of results, real servers on loopback."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import numpy as np
import pandas as pd

from models import fitted
from models.tracking import runs
from models.tracking.outbox import Batch

SCHEMA = "dc11669786a5"  # of the MLflow in requirements.lock
OUTCOMES = ["rotation", "breakdown", "neither"]
BASE = [0.4, 0.2, 0.4]
HEAD = {"outcomes": OUTCOMES, "base": BASE, "fitted_at": "2020-01-03", "rows": 300, "ranges": {}}
LOGIT = fitted.from_dict(
    HEAD
    | {
        "kind": "logit",
        "features": ["slope", "vol"],
        "mean": [0.1, 1.0],
        "scale": [2.0, 0.5],
        "coef": [[1.0, -0.3], [0.2, 0.9], [-0.5, 0.1]],
        "intercept": [0.1, -0.6, 0.2],
    }
)
CONSTANT = fitted.from_dict(HEAD | {"kind": "constant", "features": [], "probabilities": BASE})


def batch(**changes) -> Batch:
    """Two models on 60 weeks of noise, ready to be logged."""
    dates = pd.date_range("2020-01-03", periods=60, freq="W-FRI")
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), dates, ["slope", "vol"])
    table = pd.DataFrame({"date": dates, "p_rotation": 0.4, "p_breakdown": 0.2, "p_neither": 0.4})
    results = {}
    for kind, document in (("logit2", LOGIT), ("climatology", CONSTANT)):
        results[kind] = runs.Result(
            f"toy:{kind}",
            {"kind": kind},
            {"log_loss": 1.0, "log_loss_skill": 0.01},
            {"kind": kind, "gate": "none"},
            table,
            document,
            curves={"gain_over_markov": [(0, 1578009600000, 0.1), (1, 1578614400000, 0.25)]},
            files={"notes/card.md": "# card\n", "raw.bin": b"\x00\xff"},
        )
    aliases = {"champion": "logit2", "challenger": "logit2"}
    return Batch(**({"register_as": "toy", "results": results, "data": X, "aliases": aliases} | changes), **DATA)


DATA = {"digest": "18a291cb61991aba", "source": "folder"}


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Server:
    """A process group of its own that answers on a port of loopback."""

    def __init__(self, words, port, log, health="/health", **env):
        self.url, self.words, self.port, self.log, self.env = f"http://127.0.0.1:{port}", words, port, log, env
        self.start(health)

    def start(self, health="/health"):
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.words, stdout=out, stderr=out, start_new_session=True, env=os.environ | self.env
            )
        for _ in range(600):
            if self.process.poll() is not None:
                raise AssertionError(self.log.read_text()[-3000:])
            try:
                urllib.request.urlopen(self.url + health, timeout=5).close()
            except OSError:
                time.sleep(0.25)
            else:
                return
        raise AssertionError("no answer: " + self.log.read_text()[-3000:])

    def kill(self):
        """Kill -9 the server and whatever it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@contextmanager
def mlflow_server(folder, **env):
    """A real tracking server over SQLite that also serves the artifacts."""
    port = free_port()
    words = [sys.executable, "-m", "mlflow", "server", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    words += ["--backend-store-uri", f"sqlite:///{folder / 'server.db'}"]
    words += ["--serve-artifacts", "--artifacts-destination", (folder / "store").as_uri()]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    server = Server(words, port, folder / "server.log", **(quiet | env))
    try:
        yield server
    finally:
        server.kill()
