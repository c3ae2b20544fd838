"""Texts in, the languages that they are in out; and what is said where two languages differ.

Languages are ISO 639-1 codes (``de``). They are declared, or detected by py3langid on at least
:data:`MIN_CHARACTERS` characters: on less, a detector guesses.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

MIN_CHARACTERS = 200
"""Characters on which a language is detected, at least; links, handles and hashtags do not count."""

MIN_CONFIDENCE = 0.8
"""Probability of a language, at least: text in capitals, names or numbers has none that is likely."""

MIN_SHARE = 0.1
"""Share of the text of a corpus that is in a language, at least, for the corpus to be in it: a few foreign
titles and quotations do not count."""

MAX_TEXTS, MAX_CHARACTERS = 400, 2000
"""Texts of a corpus that are looked at, and characters of each: enough to see a language of a tenth."""

NAMES = {
    "ar": "Arabic",
    "bg": "Bulgarian",
    "bs": "Bosnian",
    "ca": "Catalan",
    "cs": "Czech",
    "da": "Danish",
    "de": "German",
    "el": "Greek",
    "en": "English",
    "es": "Spanish",
    "et": "Estonian",
    "eu": "Basque",
    "fa": "Persian",
    "fi": "Finnish",
    "fr": "French",
    "gl": "Galician",
    "he": "Hebrew",
    "hi": "Hindi",
    "hr": "Croatian",
    "hu": "Hungarian",
    "id": "Indonesian",
    "it": "Italian",
    "ja": "Japanese",
    "ka": "Georgian",
    "ko": "Korean",
    "lt": "Lithuanian",
    "lv": "Latvian",
    "ms": "Malay",
    "nl": "Dutch",
    "no": "Norwegian",
    "pl": "Polish",
    "pt": "Portuguese",
    "ro": "Romanian",
    "ru": "Russian",
    "sk": "Slovak",
    "sl": "Slovenian",
    "sr": "Serbian",
    "sv": "Swedish",
    "tr": "Turkish",
    "uk": "Ukrainian",
    "vi": "Vietnamese",
    "zh": "Chinese",
}
"""English names of languages; another code is shown as it is."""

# Written alike: no detector tells them apart for certain, and a model of one reads the other.
_ALIKE = {"nb": "no", "nn": "no", "bs": "hr", "sr": "hr", "sh": "hr", "ms": "id"}
# What is no text in a language: links, handles, hashtags.
_NO_TEXT = re.compile(r"https?://\S+|www\.\S+|[@#]\w+")


class LanguageWarning(UserWarning):
    """Text is in another language than the model was trained on."""


def codes(languages: str | Iterable[str]) -> tuple[str, ...]:
    """Return declared languages as codes, in order and each once.

    Parameters
    ----------
    languages : str or iterable of str
        ``de``, ``de-AT``, ``German``, or several of them.

    Raises
    ------
    ValueError
        Naming what is no language.

    Examples
    --------
    >>> codes("de-AT"), codes(["French", "it"])
    (('de',), ('fr', 'it'))
    """
    by_name = {name.lower(): code for code, name in NAMES.items()}
    listed = []
    for language in (languages,) if isinstance(languages, str) else languages:
        lower = str(language).strip().lower()
        code = by_name.get(lower, re.split("[-_]", lower)[0])
        if not re.fullmatch("[a-z]{2,3}", code):
            raise ValueError(f"{language!r} is no language: use a code such as de, or a name such as German")
        listed.append(code)
    return tuple(dict.fromkeys(listed))


def describe(languages: Sequence[str]) -> str:
    """Name languages in English.

    Examples
    --------
    >>> describe(("de", "fr", "it"))
    'German, French and Italian'
    """
    names = [NAMES.get(code, code) for code in languages]
    return " and ".join(part for part in (", ".join(names[:-1]), *names[-1:]) if part)


def outside(languages: Collection[str], others: Collection[str]) -> tuple[str, ...]:
    """Return the languages that are not among others; none where either are unknown.

    Languages that are written alike, such as Croatian and Serbian, count as equal.

    Examples
    --------
    >>> outside(("de", "en"), ("en",)), outside(("de",), ()), outside(("sr",), ("hr",))
    (('de',), (), ())
    """
    among = {_ALIKE.get(code, code) for code in others}
    return tuple(code for code in languages if among and _ALIKE.get(code, code) not in among)


def detect(text: str) -> str:
    """Detect the language of a text.

    Returns
    -------
    str
        A code; the empty string where the text has fewer than :data:`MIN_CHARACTERS` characters, or where no
        language is likely enough.
    """
    plain = " ".join(_NO_TEXT.sub(" ", text).split())
    if len(plain) < MIN_CHARACTERS:
        return ""
    code, confidence = _identifier().classify(plain[: 10 * MAX_CHARACTERS])
    return str(code) if confidence >= MIN_CONFIDENCE else ""


def detect_all(texts: Sequence[str]) -> tuple[str, ...]:
    """Detect the languages of many texts, the most frequent first.

    Parameters
    ----------
    texts : sequence of str
        Of any length. At most :data:`MAX_TEXTS` are looked at, evenly spread; short ones are read together.

    Returns
    -------
    tuple of str
        Those of at least :data:`MIN_SHARE` of the text; empty where there is too little to tell.
    """
    step = max(1, len(texts) // MAX_TEXTS)
    counts: Counter[str] = Counter()
    for passage in _passages(islice(texts, 0, None, step)):
        code = detect(passage)
        if code:
            counts[code] += len(passage)
    return tuple(code for code, n in counts.most_common() if n >= MIN_SHARE * counts.total())


def _passages(texts: Iterable[str]) -> Iterator[str]:
    """Yield passages that are long enough: single texts, or short ones one after the other."""
    gathered: list[str] = []
    for text in texts:
        plain = " ".join(_NO_TEXT.sub(" ", text[:MAX_CHARACTERS]).split())
        if len(plain) >= MIN_CHARACTERS:
            yield plain
            continue
        gathered.append(plain)
        if sum(map(len, gathered)) >= MIN_CHARACTERS:
            yield " ".join(gathered)
            gathered = []


@cache
def _identifier() -> Any:
    """Load the detector, which takes half a second, once a process."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    # Two letters: the others are dialects and creoles, which short English or Spanish is taken for.
    identifier.set_languages([code for code in identifier.labels if len(code) == 2])
    return identifier


@dataclass
class LanguageCheck:
    """Looks at texts as they come to a model, and notes once where they are in another language.

    Attributes
    ----------
    languages : tuple of str
        Those that the model was trained on; empty where they are unknown: nothing is checked then.
    note : str
        A sentence, once there is something to say.
    """

    languages: tuple[str, ...] = ()
    note: str = ""
    _gathered: list[str] = field(default_factory=list, repr=False)

    def add(self, texts: Sequence[str]) -> str:
        """Look at more texts; return the note when it is first made, else the empty string."""
        if not self.languages or self.note or not texts:
            return ""
        # Rows may come one at a time: they are gathered until there is enough to tell.
        self._gathered += texts[:MAX_TEXTS]
        if sum(map(len, self._gathered)) < MIN_CHARACTERS:
            return ""
        others = outside(detect_all(self._gathered), self.languages)
        self._gathered = []
        if others:
            self.note = mismatch("the model", self.languages, others)
        return self.note


def mismatch(what: str, trained_on: Sequence[str], languages: Sequence[str]) -> str:
    """Say that a model is used on another language than it was trained on.

    Examples
    --------
    >>> mismatch("the stance model", ("en",), ("de",))
    'the stance model was trained on English, and text is in German: its labels there are untested'
    """
    return (
        f"{what} was trained on {describe(trained_on)}, and text is in {describe(languages)}:"
        " its labels there are untested"
    )


def not_in(languages: Sequence[str]) -> str:
    """Say that something does not apply to a language.

    Examples
    --------
    >>> not_in(("de",))
    'not applicable (language: de)'
    """
    return f"not applicable (language: {', '.join(languages)})"
