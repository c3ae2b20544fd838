"""An example and a template in, the question that a model is asked out.

A template is Jinja2, rendered in its immutable sandbox: it can read the values below and nothing else.

============  ======================================================================================
``text``      the sentence, as ``target`` shows it
``target``    the party; empty where there is none, or where marks in the text show it
``holder``    whose view it is, where that is annotated
``labels``    what may be answered: each has ``name``, ``definition`` and ``letter``
``label``     for several labels a row, the label that is asked about: ``name`` and ``definition``
``examples``  labelled rows: each has ``text``, ``target``, ``holder`` and ``answer``
``letters``   whether the answer is a letter; else the letters are empty
============  ======================================================================================
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

from harness.classifiers.inputs import Marks, view
from harness.classifiers.llm.transports import LETTERS, NO, YES, Question
from harness.classifiers.protocol import Example, Target
from harness.values.errors import ClassifierError, Problem, suggest
from harness.values.labels import NEWS_FRAMES, NO_FRAME, POLICY_FRAMES, STANCES, LabelSet
from harness.values.yaml_files import parse_yaml

VARIABLES = frozenset({"text", "target", "holder", "labels", "label", "examples", "letters"})
MAX_TEMPLATE = 100_000
"""Characters."""

_MARKS = Marks()


@dataclass(frozen=True)
class Shot:
    """A labelled row that a prompt shows.

    Attributes
    ----------
    example : Example
    answer : str
        The name of its label; of a yes-or-no question yes or no.
    """

    example: Example
    answer: str


@dataclass(frozen=True)
class Prompt:
    """A template and the labels that it asks for.

    Attributes
    ----------
    source : str
        Of the template.
    labels : LabelSet
    definitions : mapping
        Label → what it means; labels without one have none.
    target : str
        How the target is shown, see :mod:`harness.classifiers.inputs`.
    """

    source: str
    labels: LabelSet
    definitions: Mapping[str, str] = field(default_factory=dict)
    target: Target = "marked_pair"

    @cached_property
    def _template(self) -> Any:
        return _environment().from_string(self.source)

    @property
    def asked(self) -> tuple[str, ...]:
        """What is asked about a row: one empty text, or each of several labels."""
        return self.labels.names if self.labels.multi else ("",)

    def question(self, example: Example, asked: str, shots: Sequence[Shot], *, lettered: bool) -> Question:
        """Write the question about a row.

        Parameters
        ----------
        example : Example
        asked : str
            The label that is asked about, where several may apply; else empty.
        shots : sequence of Shot
        lettered : bool
            Whether the answer is a letter.

        Raises
        ------
        ClassifierError
            Where the template fails.
        """
        from jinja2 import TemplateError

        shown = self._shown(example)
        names = self.ordered((YES, NO) if asked else self.labels.names, shown, asked)
        letters = dict(zip(names, LETTERS, strict=False)) if lettered else {}
        options = [(name, "" if asked else self.definitions.get(name, "")) for name in names]
        values = {
            **shown,
            "labels": [
                {"name": name, "definition": definition, "letter": letters.get(name, "")}
                for name, definition in options
            ],
            "label": {"name": asked, "definition": self.definitions.get(asked, "")},
            "examples": [
                {**self._shown(shot.example), "answer": letters.get(shot.answer, shot.answer)}
                for shot in shots
            ],
            "letters": lettered,
        }
        try:
            prompt = self._template.render(values).strip()
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError) as error:
            raise ClassifierError(f"the prompt cannot be written: {error}") from error
        return Question(prompt, self._task(asked), tuple(options), is_yes_no=bool(asked))

    def ordered(self, names: Sequence[str], shown: Mapping[str, str], asked: str) -> list[str]:
        """Return the labels in an order that what is shown of a row alone decides.

        Models prefer some positions to others. With another order for each row, that adds noise instead of
        favouring a label (measured in ``experiments/prompting``); and since the order depends on nothing
        else, an answer is found again.
        """
        text = "\x1e".join([shown["text"], shown["target"], asked])
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        order = list(names)
        random.Random(digest).shuffle(order)  # noqa: S311 (no secret)
        return order

    def _task(self, asked: str) -> str:
        if not asked:
            return "Which label applies to the last sentence of the input?"
        definition = self.definitions.get(asked, "")
        return f"The label {asked} applies to the last sentence of the input. {definition}".strip()

    def _shown(self, example: Example) -> dict[str, str]:
        shown = view(example, self.target, _MARKS)
        name = "" if shown.pair is None else (example.target or "")
        if self.target == "masked" and name:
            name = _MARKS.mask
        holder = example.holder or "" if self.target != "none" else ""
        return {"text": shown.text, "target": name, "holder": holder}


def template_of(labels: LabelSet) -> str:
    """Return the source of the template that is shipped for a label set."""
    if labels.multi:
        sets = ((NEWS_FRAMES, "generic_frames"), (POLICY_FRAMES, "policy_frames"))
        name = next((name for names, name in sets if set(labels.names) <= set(names)), "several_labels")
    else:
        name = "stance" if set(labels.names) <= set(STANCES) else "one_label"
    return _shipped(f"{name}.md")


def definitions_of(labels: LabelSet) -> dict[str, str]:
    """Return what the codebooks say of the labels of a set; nothing of those that none of them has."""
    books: Mapping[str, Mapping[str, str]] = parse_yaml(_shipped("definitions.yaml"))
    sets = {"stance": STANCES, "generic_frames": NEWS_FRAMES, "policy_frames": POLICY_FRAMES}
    # One book for all labels: morality means one thing among news frames and another among policy frames.
    for book, names in sets.items():
        if set(labels.names) <= {*names, NO_FRAME}:
            return {
                name: text
                for name, text in {**books[book], **books[NO_FRAME]}.items()
                if name in labels.names
            }
    return {}


def read_template(path: Path) -> tuple[str, list[Problem]]:
    """Read a template of a person's own, with what is wrong with it."""
    from jinja2 import TemplateSyntaxError, meta

    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        return "", [Problem("prompt", f"{path} cannot be read: {reason}")]
    if len(source) > MAX_TEMPLATE:
        return "", [Problem("prompt", f"{path} has more than {MAX_TEMPLATE:,} characters")]
    try:
        used = meta.find_undeclared_variables(_environment().parse(source))
    except TemplateSyntaxError as error:
        return "", [Problem("prompt", f"{path}, line {error.lineno}: {error.message}")]
    problems = [
        Problem("prompt", f"{path} uses {name!r}, which a prompt does not have", suggest(name, VARIABLES))
        for name in sorted(used - VARIABLES)
    ]
    if "text" not in used:
        problems.append(Problem("prompt", f"{path} does not show the sentence", "write {{ text }} in it"))
    return source, problems


def _shipped(name: str) -> str:
    return (files("harness.classifiers.llm") / "prompts" / name).read_text(encoding="utf-8")


def _environment() -> Any:
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        # Plain text, not a page: a sentence with & stays as it is.
        autoescape=False,
    )
