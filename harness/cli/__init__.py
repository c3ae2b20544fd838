"""Arguments in, calls of the Python API and rendered text out."""
