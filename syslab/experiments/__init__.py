"""One module a chapter: asks a machine a question and returns plain data."""
