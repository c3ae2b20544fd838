"""How few rows, groups, seeds or mentions are too few: every minimum count of the package.

The string below a constant says what happens with fewer; the comment above it says why, and where the number
is from. Without a source it is a convention, chosen so that tables are not full of noise.
"""

from __future__ import annotations

# --- Intervals and tests -----------------------------------------------------------------------------------

# If all of a few items agree, so do all resamples, and a bootstrap interval without width claims certainty.
# Among 30 items without an error, the error rate may still be 10 % (upper bound at 95 %: the rule of three,
# Hanley & Lippman-Hand 1983).
MIN_ITEMS = 30
"""A share of fewer items, or over fewer groups, has no interval; a smaller slice is not tested."""

# Items of one group are alike, so that groups count, not items. Simulated coverage of a 95 % interval with 20
# groups, widened as Student's t widens it: 94.9 to 95.5 % (experiments/statistics).
MIN_GROUPS = 20
"""A slice whose items stand in fewer groups (articles) is not tested."""

# Simulated coverage of a 95 % interval with 50 clusters: 93.0 to 96.1 %, depending on metric and setting,
# metrics of ranks aside (experiments/statistics).
MIN_CLUSTERS = 50
"""With fewer clusters, the limitations say that intervals may be too narrow."""

# Their distribution is skewed near 1: average precision is covered in 92.5 % with 50 clusters, in 95.6 % with
# 200 (experiments/statistics).
MIN_CLUSTERS_FOR_RANKS = 200
"""The same for metrics of ranks, such as average precision."""

# A standard deviation over five seeds is known to within 0.6 to 2.9 times its value, over three to within
# 0.5 to 6.3 times (95 % interval, chi-squared).
MIN_SEEDS = 5
"""With fewer seeds, the limitations say that the spread over seeds is itself poorly estimated."""

MIN_ITEMS_PER_LABEL = 5
"""Without as many items of each label, a slice has no value of the primary metric, an average over labels."""

# Simulated from three items of a label on, with and without articles: intervals of recall, F1 and macro-F1
# cover 90 % or more at each point of a grid (experiments/statistics).
MIN_LABEL_ITEMS = 3
"""With fewer items of a label, scores that rest on it have no interval."""

# The interval of the recall of ten items of which six are right is 0.6 wide.
FEW_LABEL_ITEMS = 10
"""With fewer items of a label, the limitations say that its scores are vague."""

# With 20 rows, of which half are right, Wilson's interval is 30 to 70 %: 20 points either way. With fewer,
# a classifier that guesses among three labels (33 %) cannot be told from one that is right every other time.
MIN_SCORED_ROWS = 20
"""With fewer test rows, the screen says how many were right, and shows no table of scores."""

# Fewer than a test set alone should have: nothing is left to train on.
MIN_CORPUS_ROWS = MIN_SCORED_ROWS
"""A corpus with fewer labelled rows is refused."""

# --- Decisions ---------------------------------------------------------------------------------------------

MIN_PER_LABEL = 5
"""A label with fewer positive or fewer negative rows is not calibrated."""

# For a risk of 10 % at 90 % certainty, an exact binomial test allows no error among 22 groups and five among
# 100: with fewer groups, a guarantee would rest on single errors.
MIN_GUARANTEE_GROUPS = 100
"""With fewer groups in calibration, no guarantee about abstention is given."""

# --- Audits ------------------------------------------------------------------------------------------------

MIN_PARTY_ITEMS = 10
"""The bias of a party with fewer test items is not reported."""

# With ten clusters Student's t has nine degrees of freedom: intervals are 15 % wider than normal ones.
MIN_PARITY_GROUPS = 10
"""A group of test items in fewer articles is not compared with the others."""

MIN_ISSUE_ROWS = 20
"""With fewer predicted rows, no label issues are looked for; with fewer on either side, no gap is given."""

# Confident learning compares a row with the mean confidence of the rows that carry its label.
MIN_ISSUE_ROWS_PER_LABEL = 2
"""Where a label has fewer rows, no label issues are looked for."""

MIN_FORM_MENTIONS = 3
"""With fewer mentions of a name, the name itself, not the texts, decides whether it takes ``the``."""

# --- Corpora and articles ----------------------------------------------------------------------------------

# On 20 rows a share has a standard error of up to 0.11: fewer tell nothing of one party.
MIN_TESTED_ROWS = 20
"""A party (outlet, …) with fewer rows is not left out in turn, unless the config lowers the limit."""

MIN_PARTY_MENTIONS = 20
"""A party that is mentioned less often has no table of frames by stance."""

# That no error is among a few gold rows does not show that the model makes none.
MIN_GOLD_ROWS = 10
"""The share of a group with fewer gold rows is corrected by the errors in all groups, not by its own."""

# Binomial counts below ten are too skewed for a normal approximation (Cochran 1977, section 3.8).
MIN_GOLD_ITEMS = 10
"""A share with fewer gold rows that have the label, or that do not, is that of gold alone: it is exact."""

# Fewer say little of how often each prediction is wrong: 50 labels know a rate of 20 % to within 12 points.
MIN_POOLED_ROWS = 50
"""With fewer gold rows in all, they correct no group that has few of its own."""

# No variance can be estimated from a single row.
MIN_STRATUM_ROWS = 2
"""So many rows are drawn from each stratum, at least."""
