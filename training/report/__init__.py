"""What a run shows a person: the model card and its figures."""
