"""How a share is written, everywhere the same."""


def percent(share: float, digits: int = 1, sign: bool = False) -> str:
    """A share in percent with a space before the sign of percent, such as "36.1 %"; `sign` writes a plus too."""
    return f"{100.0 * share:{'+' if sign else ''}.{digits}f} %"
