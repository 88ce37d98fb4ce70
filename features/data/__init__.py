"""What was known, and when: the only room that reads and writes."""
