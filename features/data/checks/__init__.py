"""What must hold of data before it is stored: files, dates, values, history, and the snapshot read back."""
