"""The latest call and the call as it would have been made on a past date."""
