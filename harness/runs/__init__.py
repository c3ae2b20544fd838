"""A plan and a store in, finished experiments, comparisons and suites out; renders nothing."""
