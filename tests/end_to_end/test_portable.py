"""Every module can be imported where `fcntl`, `resource` and `SIGALRM` do not exist, as on Windows."""

import json
import os
import subprocess
import sys

CODE = """
import builtins, importlib, json, pkgutil, signal, sys

ROOMS = ("features", "models", "training", "serving", "regime")
usual = builtins.__import__

def guarded(name, globals=None, locals=None, fromlist=(), level=0):
    asking = (globals or {}).get("__name__", "").partition(".")[0]
    if asking in ROOMS and name in ("fcntl", "resource", "termios", "pwd", "grp"):
        raise ModuleNotFoundError(f"no module named {name} on this system")
    return usual(name, globals, locals, fromlist, level)

builtins.__import__ = guarded
for name in ("SIGALRM", "SIGKILL", "SIGSTOP", "alarm", "setitimer"):
    delattr(signal, name)
failed, count = {}, 0
for room in ROOMS:
    package = importlib.import_module(room)
    paths = getattr(package, "__path__", None)
    found = pkgutil.walk_packages(paths, room + ".") if paths else ()
    for one in found:
        if one.name == "models.tracking.pyfunc_tail":  # half a file: it is appended to the predictor's text
            continue
        count += 1
        try:
            importlib.import_module(one.name)
        except (ImportError, AttributeError) as error:
            failed[one.name] = str(error)
print(json.dumps([count, failed]))
"""


def test_no_module_needs_posix_when_imported():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 0, done.stderr
    count, failed = json.loads(done.stdout.splitlines()[-1])
    assert count > 90
    assert failed == {}
