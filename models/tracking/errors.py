"""The error every part of tracking raises."""

from __future__ import annotations

from features.data.errors import RegimeError


class TrackingError(RegimeError):
    """MLflow cannot be reached, or did not do what it was asked."""
