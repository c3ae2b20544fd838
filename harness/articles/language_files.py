"""A language's code in, the checked words of its file out: ``languages/de.yaml``, with those of your own.

The environment variable ``HARNESS_LANGUAGES`` names a folder with files of your own: ``de.yaml`` there adds
words to the lists of German, ``nl.yaml`` is a language that the package lacks.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from harness.values.errors import ArticleError, Problem, suggest
from harness.values.unreadable import UnreadableError
from harness.values.yaml_files import read_yaml

FOLDER = Path(__file__).parent / "languages"
NAMES = Path(__file__).parent / "names.yaml"
VARIABLE = "HARNESS_LANGUAGES"

Kind = Literal["words", "phrases", "pattern", "flag", "texts", "lists"]
"""Words in one text, a list of phrases, an expression, true or false, texts or lists by name."""


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


def own_words_notes() -> list[str]:
    """Say that words of your own were read: whoever lacks them gets other holders."""
    files = [path.name for path in own_files()]
    return [f"with words of your own, from {VARIABLE}: {', '.join(files)}"] if files else []


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
        kinds = _kinds_of(files[paths[0]])
    merged: dict[str, Any] = {}
    for path, data in files.items():
        merged = _with(merged, path, data, kinds)
    return merged


def read_names() -> dict[str, Any]:
    """Read the words in and beside names, which are the same for all languages: ``names.yaml``."""
    data = _loaded(NAMES)
    return _with({}, NAMES, data, _kinds_of(data))


def _kinds_of(data: Mapping[str, Any]) -> dict[str, Kind]:
    kinds: dict[type, Kind] = {str: "words", list: "phrases", dict: "texts"}
    return {key: kinds[type(value)] for key, value in data.items()}


def _loaded(path: Path) -> dict[str, Any]:
    try:
        data = read_yaml(path)
    except UnreadableError as error:
        raise ArticleError([Problem(str(path), str(error))]) from error
    if not isinstance(data, dict):
        raise ArticleError([Problem(str(path), "is no mapping of lists")])
    return data


def _with(
    before: Mapping[str, Any], path: Path, data: Mapping[str, Any], kinds: Mapping[str, Kind]
) -> dict[str, Any]:
    """Add the values of a file, in types of their kinds, to those of the files before it."""
    problems, values = [], dict(before)
    for key, raw in data.items():
        where = f"{path}: {key}"
        if key not in kinds:
            problems.append(Problem(where, "is not known", suggest(str(key), kinds)))
            continue
        try:
            value = _READERS[kinds[key]](raw)
        except (TypeError, re.error) as error:
            problems.append(Problem(where, str(error)))
            continue
        problems += [Problem(where, f"has {word!r} twice") for word in _repeated(value)]
        if value in ((), {}, ""):
            problems.append(Problem(where, "is empty", "leave it out"))
        values[key] = _added(before[key], value) if key in before else value
        if kinds[key] == "words":
            problems += [Problem(where, what) for what in _miswritten(values[key])]
    if problems:
        raise ArticleError(problems)
    return values


def _added(before: Any, value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(dict.fromkeys((*before, *value)))
    return {**before, **value} if isinstance(value, dict) else value


def _repeated(value: Any) -> list[str]:
    return [word for word, n in Counter(value).items() if n > 1] if isinstance(value, tuple) else []


def _miswritten(words: Sequence[str]) -> list[str]:
    """Say which words are written otherwise than the rest: in lower case, or with a capital."""
    capital = [word for word in words if word != word.lower()]
    if len(capital) == len(words):
        return []
    if len(capital) * 2 <= len(words):
        return [f"has {word!r}, which is to be in lower case" for word in capital]
    return [f"has {word!r}, which is to begin with a capital" for word in words if word not in capital]


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


_READERS: dict[Kind, Callable[[Any], Any]] = {
    "words": _words,
    "phrases": _phrases,
    "pattern": _pattern,
    "flag": _flag,
    "texts": _texts,
    "lists": _lists,
}
