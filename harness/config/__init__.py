"""YAML text in, a strict document with line numbers out."""
