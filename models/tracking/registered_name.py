"""Names in the registry."""

from __future__ import annotations


def registry_name(source: str, label: str) -> str:
    """`regime` for path models on real data, `regime-sample` for the sample's; other labels are appended."""
    name = "regime-sample" if source == "sample" else "regime"
    return name if label == "path" else f"{name}-{label}"
