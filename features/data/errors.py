"""The two ways a command ends early; both carry one line for the user."""


class RegimeError(Exception):
    """Bad input: what was asked, what was there, what to do. Exit status 1."""

    exit_code = 1


class RefusedError(RegimeError):
    """The input is well-formed but a call on it would not be trustworthy. Exit status 2."""

    exit_code = 2
