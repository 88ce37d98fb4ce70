"""How good predictions were: scores, calibration, resampling, backtests. Knows no estimator and no MLflow."""
