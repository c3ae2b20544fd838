"""A language's code in, the checked words of its file out: ``languages/de.yaml``, with those of your own.

The environment variable ``HARNESS_LANGUAGES`` names a folder with files of your own: ``de.yaml`` there adds
words to the lists of German, ``nl.yaml`` is a language that the package lacks.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from harness.values.errors import ArticleError, Problem, suggest
from harness.values.unreadable import UnreadableError
from harness.values.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "languages"
VARIABLE = "HARNESS_LANGUAGES"

Kind = Literal["words", "phrases", "pattern", "flag", "texts", "lists"]
"""Words in one text, a list of phrases, an expression, true or false, texts or lists by name."""

WITH_CAPITALS = frozenset({"capitals", "seats", "organisations", "ordinals"})
"""Lists of words that are written with a capital letter; all others are in lower case."""


def own_folder() -> Path | None:
    """Return the folder with files of your own, or None."""
    folder = os.environ.get(VARIABLE, "").strip()
    return Path(folder) if folder else None


def own_files() -> tuple[Path, ...]:
    """Return the files of your own, by name."""
    folder = own_folder()
    if folder is None:
        return ()
    if not folder.is_dir():
        raise ArticleError([Problem(VARIABLE, f"is no folder: {folder}")])
    return tuple(sorted(folder.glob("*.yaml")))


def codes() -> tuple[str, ...]:
    """Return the codes of all languages that have a file, in order."""
    return tuple(sorted({path.stem for path in (*FOLDER.glob("*.yaml"), *own_files())}))


def read_language(language: str, kinds: Mapping[str, Kind] | None = None) -> dict[str, Any]:
    """Read what the files of a language hold.

    Parameters
    ----------
    language : str
        Code.
    kinds : mapping, optional
        Key → its kind, of all keys that a file may have. Left out, the file that ships states them: a file of
        your own adds to its lists, and has no others.

    Returns
    -------
    dict
        Words and phrases as tuples, in the order of the file; what a file of your own has stands behind, or
        in place of what cannot be added to. Keys that no file has are left out.

    Raises
    ------
    ArticleError
        With every problem of a file: a key that is unknown, a value of another kind, a word that stands
        twice or has a capital letter, an expression that cannot be compiled.
    """
    paths = [FOLDER / f"{language}.yaml", *(path for path in own_files() if path.stem == language)]
    files = {path: _loaded(path) for path in paths if path.is_file()}
    if kinds is None:
        kinds = {key: _KINDS[type(value)] for key, value in files[paths[0]].items()}
    merged: dict[str, Any] = {}
    for path, data in files.items():
        for key, value in _checked(path, data, kinds).items():
            merged[key] = _added(merged[key], value) if key in merged else value
    return merged


def _added(before: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(dict.fromkeys((*before, *value)))
    return {**before, **value} if isinstance(value, dict) else value


def _loaded(path: Path) -> dict[str, Any]:
    try:
        data = read_yaml(path)
    except UnreadableError as error:
        raise ArticleError([Problem(str(path), str(error))]) from error
    if not isinstance(data, dict):
        raise ArticleError([Problem(str(path), "is no mapping of lists")])
    return data


def _checked(path: Path, data: Mapping[str, Any], kinds: Mapping[str, Kind]) -> dict[str, Any]:
    """Return the values of a file in types of their kinds."""
    problems, values = [], {}
    for key, value in data.items():
        where = f"{path}: {key}"
        if key not in kinds:
            problems.append(Problem(where, "is not known", suggest(str(key), kinds)))
            continue
        try:
            values[key] = _READERS[kinds[key]](value)
        except (TypeError, re.error) as error:
            problems.append(Problem(where, str(error)))
            continue
        problems += [Problem(where, what) for what in _faults(key, values[key])]
    if problems:
        raise ArticleError(problems)
    return values


def _faults(key: str, value: Any) -> list[str]:
    """Say what is wrong with a list: it is empty, a word stands twice, or has a capital letter."""
    if value in ((), {}, ""):
        return ["is empty: leave it out"]
    if not isinstance(value, tuple):
        return []
    faults = [f"has {word!r} twice" for word, n in Counter(value).items() if n > 1]
    if key not in WITH_CAPITALS:
        # "\W" and "[A-Z]" are no capital letters.
        plain = {word: re.sub(r"\\\w|\[[^\]]*\]|\bI\b", "", word) for word in value}
        capital = [word for word, letters in plain.items() if letters != letters.lower()]
        faults += [f"has {word!r}, which is to be in lower case" for word in capital]
    return faults


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, str):
        raise TypeError("is no text of words with spaces between them")
    return tuple(value.split())


def _phrases(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise TypeError("is no list of phrases")
    return tuple(value)


def _pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("is no regular expression")
    re.compile(value)
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("is neither true nor false")
    return value


def _texts(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise TypeError("is no mapping of texts")
    return value


def _lists(value: Any) -> dict[str, tuple[str, ...]]:
    if not isinstance(value, dict):
        raise TypeError("is no mapping of lists")
    return {key: _phrases(each) for key, each in value.items()}


_KINDS: dict[type, Kind] = {str: "words", list: "phrases", dict: "texts"}
_READERS: dict[Kind, Callable[[Any], Any]] = {
    "words": _words,
    "phrases": _phrases,
    "pattern": _pattern,
    "flag": _flag,
    "texts": _texts,
    "lists": _lists,
}
