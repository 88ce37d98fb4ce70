"""Blocks of a call, each a typed section beside the function that builds it."""
