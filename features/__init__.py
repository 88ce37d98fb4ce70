"""Point-in-time data: sources, store, feature families, labels, data sets."""
