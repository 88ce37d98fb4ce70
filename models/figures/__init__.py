"""Figures that the model card and the report share; computed in `models.evaluation`, drawn here."""
