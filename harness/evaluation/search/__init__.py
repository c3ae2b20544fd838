"""A classifier's space of options in, the options that did best on rows set apart for that out.

Candidates are judged on rows that promotion never sees: half of validation, or folds of train
(:mod:`harness.evaluation.search.tuning_rows`). Which candidate comes next follows from those before and from
its number alone, so that a search that was killed ends with the same candidates as one that was not.
"""
