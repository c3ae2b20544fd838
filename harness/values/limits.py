"""How large what is read from outside may be: every upper bound of the package, and what to do beyond it.

Up to its limit an input is read in time proportional to its size (``tests/faults``). A limit
is far above what its kind of input ever needs, so that only a mistake or an attack meets it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limit:
    """The largest size of one kind of input.

    Attributes
    ----------
    subject : str
        What is limited; the subject of the message.
    maximum : int
        The largest size that is accepted.
    unit : str
        Of the size, in the plural.
    remedy : str
        What to do with a larger input.
    """

    subject: str
    maximum: int
    unit: str
    remedy: str

    def exceeded_by(self, size: int) -> bool:
        """Say whether a size is beyond the limit."""
        return size > self.maximum

    @property
    def problem(self) -> str:
        """What is wrong with a larger input: a clause that begins with a verb."""
        return f"is beyond a limit: {self.subject} has at most {self.maximum:,} {self.unit}"

    def __str__(self) -> str:
        return f"{self.problem}; {self.remedy}"


# A config of 20 classifiers has 5 kB. ruamel.yaml parses 100 kB a second.
CONFIG_BYTES = Limit(
    "a config", 250_000, "bytes", "keep data in a file of rows, and settings that configs share under extends"
)

# The shipped registry of 230 parties has 25 kB, so that 1 MB holds 9,000 parties.
YAML_BYTES = Limit(
    "a YAML file (registry of parties, behaviour suite, card of a corpus, suite)",
    1_000_000,
    "bytes",
    "keep the entries that are used",
)

YAML_NODES = Limit(
    "a YAML file with its aliases and merge keys written out",
    100_000,
    "values",
    "write values out, or use fewer aliases (*name) and merge keys (<<)",
)
"""Ten aliases to ten aliases, and so on, make billions of values out of a few lines."""

DEPTH = Limit("a value", 100, "levels of nesting", "nest less deeply")
"""In YAML and JSON. Python's own limit is 1,000 calls, which nested data would meet amid a run."""

CONFIG_FILES = Limit("a config with what it extends", 100, "files", "extend fewer files")
"""Each file is counted as often as it is extended."""

# Python's own: beyond it, the time to read a number grows with the square of its length.
DIGITS = Limit("a number", 4_300, "digits", "write a number as long as that as text")

SEED = Limit("a seed", 2**32 - 1, "as its value", "use a smaller number")
"""The largest seed that scikit-learn takes."""

# As many as a long novel has.
FIELD_CHARACTERS = Limit(
    "a field", 1_000_000, "characters", "split the text: an article a row, or a sentence a row"
)
"""Of a table in CSV, TSV, JSONL, Parquet or Excel."""

LINE_CHARACTERS = Limit(
    "a line", 20_000_000, "characters", "is the file a table? a row of a table stands on a line of its own"
)

# As many as Excel has.
COLUMNS = Limit("a table", 16_384, "columns", "keep the columns that are used")

TABLE_BYTES = Limit(
    "a corpus file, uncompressed,", 2_000_000_000, "bytes", "split the corpus into files, and name them all"
)
"""A corpus is held in memory. What ``predict`` labels is read row by row, and may have any length."""

WORKBOOK_BYTES = Limit(
    "an Excel workbook, uncompressed,", 500_000_000, "bytes", "save it as CSV, which is read row by row"
)

ROW_GROUP_ROWS = Limit(
    "a row group of a Parquet file", 50_000_000, "rows", "write the file anew with smaller row groups"
)

ARTICLE_CHARACTERS = Limit(
    "an article", 1_000_000, "characters", "split it: a file for each article, or a line of JSONL"
)

PAGE_BYTES = Limit(
    "an HTML page, or a line of JSONL that holds an article,",
    20_000_000,
    "bytes",
    "save the article without images and scripts",
)

DOCUMENT_BYTES = Limit(
    "a document (PDF, DOCX, EPUB), or the texts in it, unpacked,",
    100_000_000,
    "bytes",
    "save the article without pictures",
)

ALL: tuple[Limit, ...] = (
    CONFIG_BYTES,
    CONFIG_FILES,
    YAML_BYTES,
    YAML_NODES,
    DEPTH,
    DIGITS,
    SEED,
    FIELD_CHARACTERS,
    LINE_CHARACTERS,
    COLUMNS,
    TABLE_BYTES,
    WORKBOOK_BYTES,
    ROW_GROUP_ROWS,
    ARTICLE_CHARACTERS,
    PAGE_BYTES,
    DOCUMENT_BYTES,
)
"""Every limit, as the documentation lists them."""
