"""Writing: from what the model reads to the text of a scenario file, and new files."""
