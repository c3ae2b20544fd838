"""Predictions in, scores, intervals, slices and comparisons out."""
