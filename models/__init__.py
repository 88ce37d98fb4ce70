"""Model specifications, fitting, baselines, metrics, and the one place that uses MLflow."""
