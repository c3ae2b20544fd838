"""A file of labelled sentences in, the text of a config for it out, with a comment for each guess."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness.config.schema import ExperimentConfig
from harness.corpora.checks import cell_text, is_missing
from harness.corpora.guesses import Guess, guess_columns, guess_language, guess_separator
from harness.corpora.label_words import UNKNOWN_LABEL, guess_label_map, yaml_mapping, yaml_scalar
from harness.corpora.tabular import FileTable, Layout, read_cells
from harness.values.catalog import lookup, options_model
from harness.values.errors import CorpusError, Problem
from harness.values.formatting import counted
from harness.values.labels import STANCES
from harness.values.minimums import MIN_CORPUS_ROWS
from harness.values.row_files import (
    DELIMITERS,
    file_format,
    likely_delimiter,
    likely_encoding,
    open_binary,
    shown_delimiter,
)

FEW_ROWS = 500
"""With fewer rows, every row is tested once (five folds): a fifth of them would be a small test set."""

ANY_PARTY = "the party"
"""Stands in for the party where no column names one."""

NO_FRAME = "none"
"""What ``harness label`` writes where no frame applies."""

SAMPLE = 2**20
"""Bytes of a file that a guess of encoding and delimiter looks at."""


@dataclass(frozen=True)
class Line:
    """A line of the config, and why it says what it says."""

    text: str
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.text}  # {self.reason}" if self.reason else self.text


def starter_config(data: Path, config: Path) -> str:
    """Write a config for a file.

    Parameters
    ----------
    data : Path
        Of labelled sentences.
    config : Path
        Where the config will lie: the path of the data is written from there.

    Raises
    ------
    CorpusError
        Where the file cannot be read, or no column in it holds labels.
    """
    layout, layout_lines = _layout(data)
    table = read_cells(data, layout)
    guess = guess_columns(table.cells)
    problems = list(_problems(table, guess))
    if problems:
        raise CorpusError(problems)
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", data.name.split(".")[0]).strip("-") or "mine"
    relative = Path(os.path.relpath(data.resolve(), config.resolve().parent)).as_posix()
    framing = "stance" not in guess.columns and "votes" not in guess.columns
    label_lines, top_lines = (_frames if framing else _stances)(table, guess)
    corpus = [
        Line("  kind: files"),
        Line(f"  path: {yaml_scalar(relative)}"),
        *layout_lines,
        *_columns(guess),
        *label_lines,
        *_language(table, guess, "corpus"),
    ]
    head = [
        Line(f"# Written by harness init from {data.name}, {counted(len(table.locations), 'row')}."),
        Line("# Each guess has its reason beside it."),
        Line(f"# Look whether it is right: harness validate {config.name}"),
        Line(f"name: {name}"),
        Line(f"task: {'framing' if framing else 'stance'}"),
        *_language(table, guess, "top"),
        *top_lines,
        Line("corpus:"),
    ]
    rest = [Line("split:"), *_split(table, guess), Line("classifiers:"), *_classifiers()]
    return "\n".join(map(str, [*head, *corpus, *rest])) + "\n"


def _layout(data: Path) -> tuple[Layout, list[Line]]:
    kind = file_format(data)
    if kind not in ("csv", "tsv", "jsonl") or not data.is_file():
        return Layout(), []
    try:
        with open_binary(data) as file:
            # A compressed file may turn out not to be one.
            sample = file.read(SAMPLE)
    except (OSError, EOFError):
        return Layout(), []
    encoding = likely_encoding(sample)
    layout, lines = Layout(), []
    if encoding != "utf-8":
        layout = replace(layout, encoding=encoding)
        lines.append(Line(f"  encoding: {encoding}", "its bytes are not UTF-8, and read so"))
    if kind != "jsonl":
        delimiter = likely_delimiter(sample.decode(encoding, "replace").removeprefix("\ufeff"))
        if delimiter and delimiter != DELIMITERS[kind]:
            layout = replace(layout, delimiter=delimiter)
            reason = "the header and the rows have as many fields with it"
            lines.append(Line(f"  delimiter: {shown_delimiter(delimiter)}", reason))
    return layout, lines


def _problems(table: FileTable, guess: Guess) -> Iterator[Problem]:
    headings = ", ".join(table.cells)
    if "text" not in guess.columns:
        yield Problem(table.source, f"has no column that looks like sentences, of {headings}")
    if not {"stance", "votes", "frames"} & set(guess.columns):
        hint = "labels are 2 to 15 different values; name the column stance, or frames"
        yield Problem(table.source, f"has no column that looks like labels, of {headings}", hint)
    if len(table.locations) < MIN_CORPUS_ROWS:
        what = f"has {counted(len(table.locations), 'row')}, too few to train and test on"
        yield Problem(table.source, what, f"label {MIN_CORPUS_ROWS} or more")


def _columns(guess: Guess) -> Iterator[Line]:
    renamed = {role: heading for role, heading in guess.columns.items() if heading != role}
    usual = [role for role in guess.columns if role not in renamed]
    if usual:
        yield Line(f"  # Under their own names: {', '.join(usual)}.")
    if renamed:
        yield Line("  columns:")
    for role, heading in renamed.items():
        several = not isinstance(heading, str)
        value = f"[{', '.join(map(yaml_scalar, heading))}]" if several else yaml_scalar(str(heading))
        yield Line(f"    {role}: {value}", guess.reasons[role])
    if "target" not in guess.columns and ({"stance", "votes"} & set(guess.columns)):
        reason = "no column names a party: write here toward whom the stances are"
        yield Line(f"  target: {ANY_PARTY}", reason)
    if ("votes" in guess.columns and "stance" not in guess.columns) or "annotator" in guess.columns:
        yield Line("  aggregate: majority", "or dawid_skene, which weighs annotators by how they agree")


def _cells(table: FileTable, heading: str | Sequence[str]) -> list[str]:
    names = (heading,) if isinstance(heading, str) else heading
    cells = (cell for name in names for cell in table.cells[name])
    return [cell_text(cell) for cell in cells if isinstance(cell, list | tuple) or not is_missing(cell)]


def _stances(table: FileTable, guess: Guess) -> tuple[list[Line], list[Line]]:
    """Return the lines of the label map, and of the labels where they are not the usual three."""
    values = list(dict.fromkeys(_cells(table, guess.columns.get("votes") or guess.columns["stance"])))
    if set(values) <= set(STANCES):
        return list(_no_frame(table, guess)), _two_labels(set(values))
    mapped = guess_label_map(values)
    if UNKNOWN_LABEL in mapped.values():
        reason = "not words for stances that are known here, so that they stay as they are"
        labels = ", ".join(yaml_scalar(value) for value in values)
        return [], [Line(f"labels: [{labels}]", reason)]
    numbers = all(re.fullmatch(r"[+-]?[\d.,]+", value) for value in values)
    reason = "numbers are taken as a scale, against to for: is that so?" if numbers else "by their words"
    line = Line(f"  label_map: {yaml_mapping(mapped)}", reason)
    return [line], _two_labels(set(mapped.values()))


def _two_labels(stances: set[str]) -> list[Line]:
    if len(stances) != len(STANCES) - 1:
        return []
    labels = ", ".join(name for name in STANCES if name in stances)
    return [Line(f"labels: [{labels}]", "the file has these two alone")]


def _frames(table: FileTable, guess: Guess) -> tuple[list[Line], list[Line]]:
    heading = guess.columns["frames"]
    cells = [cell for cell in table.cells[str(heading)] if not isinstance(cell, str) or cell.strip()]
    if cells and all(isinstance(cell, list | tuple) for cell in cells if cell is not None):
        frames = [str(frame) for cell in cells for frame in cell or ()]
        lines: list[Line] = []
    else:
        texts = _cells(table, heading)
        separator = guess_separator(texts)
        frames = [part.strip() for text in texts for part in text.split(separator) if part.strip()]
        reason = "between several frames in one cell"
        lines = [Line(f'  separator: "{separator}"', reason)] if separator != "|" else []
    without = list(_no_frame(table, guess))
    labels = ", ".join(yaml_scalar(frame) for frame in sorted({*frames} - ({NO_FRAME} if without else set())))
    return lines + without, [Line(f"labels: [{labels}]", "all that occur")]


def _no_frame(table: FileTable, guess: Guess) -> Iterator[Line]:
    """Yield the line that says what ``none`` means in labels by hand."""
    headings = [guess.columns[role] for role in ("frames", "frames_votes") if role in guess.columns]
    if "frames" in guess.columns and NO_FRAME in {text for name in headings for text in _cells(table, name)}:
        yield Line(f"  label_map: {{{NO_FRAME}: null}}", "no frame applies")


def _language(table: FileTable, guess: Guess, where: str) -> Iterator[Line]:
    """Yield the language, where the config has a setting for it at this level."""
    reader = options_model(lookup("corpus", "files", "corpus"), "corpus").model_fields
    fields: Any = ExperimentConfig.model_fields if where == "top" else reader
    if "language" in fields:
        language = guess_language(_cells(table, str(guess.columns["text"])))
        if language:
            indent = "" if where == "top" else "  "
            yield Line(f"{indent}language: {language}", "by the commonest words of the sentences")


def _split(table: FileTable, guess: Guess) -> Iterator[Line]:
    declared = set()
    if "split" in guess.columns:
        declared = {value.lower() for value in _cells(table, guess.columns["split"])}
    if {"train", "test"} <= declared or {"training", "test"} <= declared:
        yield Line("  kind: predefined", "the file says which rows are for train and test")
    elif len(table.locations) < FEW_ROWS:
        reason = f"with fewer than {FEW_ROWS} rows, every row is tested once, in five folds"
        yield Line("  kind: kfold", reason)
    else:
        yield Line("  kind: holdout", "a fifth of the rows is set aside for test")
    if "group" not in guess.columns:
        yield Line("  # No column says which rows are from one article: rows with one text stay together.")


def _classifiers() -> list[Line]:
    return [
        Line("  majority: {kind: majority}", "what a classifier must beat"),
        Line("  linear: {kind: linear}", "words and characters, trained in seconds; others: harness list"),
    ]
