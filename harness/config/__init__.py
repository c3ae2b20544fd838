"""YAML in, a frozen Plan out: loading (load), checking (schema), resolving names (plan)."""
