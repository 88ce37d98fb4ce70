"""Model specifications, fitting, baselines, metrics, and the one door to MLflow."""
