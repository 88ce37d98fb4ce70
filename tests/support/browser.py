"""Chromium for the tests that look at a page."""

import os
import shutil

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]  # what a container needs
# In CI there must be one: the tests then run, and fail without it.
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None and os.environ.get("CI", "").lower() not in ("1", "true"),
    reason="no Chromium is installed (Debian: chromium)",
)
