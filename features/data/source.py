"""The names of the sources: a module of its own, so that a command's help need not load what reads them."""

from enum import StrEnum


class Source(StrEnum):
    """Where a refresh reads from."""

    sample = "sample"
    folder = "folder"
    live = "live"
