"""Runs, registry and everything else that is kept in MLflow."""
