"""Where data come from: each vendor a small module answering `read() -> Tables`."""
