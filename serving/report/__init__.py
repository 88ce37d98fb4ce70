"""The weekly report: one HTML page."""
