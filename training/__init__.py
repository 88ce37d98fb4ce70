"""Experiments: the walk-forward loop, comparison and the gate."""
