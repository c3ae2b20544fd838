"""A model for the stub server that labels by the words of a text, over each of the four kinds of request."""

from __future__ import annotations

import json
import re
import time
import zlib
from collections.abc import Collection, Mapping
from typing import Any

from tests.classifiers.llm.stub_server import USAGE, Played, Request, chat

REFUSALS: Mapping[str, Mapping[str, Any]] = {
    "decisions": {"answers": [{"type": "refusal", "name": "label"}]},
    "systemone": {"answers": {"label": {"type": "refusal"}}},
    "logprobs": chat("", refusal="I would rather not."),
    "json": chat("", refusal="I would rather not."),
}
WORD_OF = {"critical": "bad", "neutral": "plain", "supportive": "good"}


class WordModel:
    """Gives :data:`share` to the label whose word the last sentence has, and the rest to the others.

    Parameters
    ----------
    without : collection of str
        Kinds of request that it does not know.
    failing : mapping
        Words of a text → ``refused`` or ``malformed``.
    bias : mapping
        Label → factor of its probability.
    delay : float
        Seconds for an answer.
    words : mapping
        Label → the word that it is known by.
    varies : bool
        Whether every other word of a prompt changes the probabilities a little.
    refuses : float
        Share of the prompts that it refuses; their words decide which.
    """

    share = 0.6

    def __init__(
        self,
        without: Collection[str] = (),
        failing: Mapping[str, str] | None = None,
        bias: Mapping[str, float] | None = None,
        delay: float = 0.0,
        *,
        words: Mapping[str, str] | None = None,
        varies: bool = False,
        refuses: float = 0.0,
    ) -> None:
        self.without, self.failing, self.bias, self.delay = without, failing or {}, bias or {}, delay
        self.words, self.varies, self.refuses = words or WORD_OF, varies, refuses
        self.status = 200

    def __call__(self, request: Request) -> Played:
        time.sleep(self.delay)
        body = request.body
        api = {"decisions": "decisions", "systemone": "systemone"}.get(request.path.rpartition("/")[2], "")
        if not api:
            api = "logprobs" if body.get("logprobs") else "json"
        if self.status != 200:
            return Played({}, self.status)
        if api in self.without:
            if api == "logprobs":
                return Played(chat("yes"))
            return Played({"error": {"message": "no such endpoint"}}, 404)
        if self.declines(json.dumps(body)):
            return Played({**REFUSALS[api], "usage": USAGE, "model": "words-as-answered"})
        return Played({"model": "words-as-answered", **getattr(self, f"_{api}")(body)})

    def declines(self, text: str) -> bool:
        """Whether it refuses a prompt."""
        return zlib.crc32(text.encode("utf-8", "replace")) / 2**32 < self.refuses

    def _decisions(self, body: Any) -> dict[str, Any]:
        (question,) = body["questions"]
        answer: dict[str, Any] = {"type": question["type"], "name": question["name"]}
        if question["type"] == "predicate":
            answer["probability"] = self._yes(body["input"], question["instructions"])
        else:
            shares = self._shares(body["input"], [choice["value"] for choice in question["choices"]])
            answer["probabilities"] = [{"value": k, "probability": v} for k, v in shares.items()]
        return {"answers": [answer], "usage": {"input_tokens": 100, "output_tokens": 0}}

    def _systemone(self, body: Any) -> dict[str, Any]:
        ((name, question),) = body["questions"].items()
        answer: dict[str, Any] = {"type": question["type"]}
        if question["type"] == "noul":
            answer["noul"] = self._yes(body["state"], question["instructions"])
        else:
            answer["probabilities"] = self._shares(body["state"], list(question["criteria"]))
        return {"answers": {name: answer}, "usage": {"input_tokens": 100, "output_tokens": 0}}

    def _logprobs(self, body: Any) -> dict[str, Any]:
        prompt = body["messages"][0]["content"]
        letters = dict(re.findall(r"^([A-Z])\. (\w+)", prompt, re.MULTILINE))
        for words, kind in self.failing.items():
            if words in last_sentence(prompt):
                failed = chat("no", {"no": 1.0}, refusal="no" if kind == "refused" else None)
                return {**failed, "usage": USAGE, "model": "words-as-answered"}
        shares = self._answer(prompt, list(letters.values()))
        tokens = {letter: shares[label] for letter, label in letters.items()}
        return {**chat(max(tokens, key=tokens.__getitem__), tokens), "model": "words-as-answered"}

    def _json(self, body: Any) -> dict[str, Any]:
        labels = body["response_format"]["json_schema"]["schema"]["properties"]["label"]["enum"]
        shares = self._answer(body["messages"][0]["content"], labels)
        answer = chat(json.dumps({"label": max(shares, key=shares.__getitem__)}))
        return {**answer, "model": "words-as-answered"}

    def _answer(self, prompt: str, labels: list[str]) -> dict[str, float]:
        if set(labels) == {"yes", "no"}:
            label = re.search(r"^(?:Frame|Label): (\w+)$", prompt, re.MULTILINE)
            share = self._yes(prompt, f"The label {label[1]} applies" if label else "ice")
            return {"yes": share, "no": 1 - share}
        return self._shares(prompt, labels)

    def _yes(self, prompt: str, task: str) -> float:
        label = re.search(r"The label (\w+) applies", task)
        share = 0.9 if label is None or label[1] in last_sentence(prompt) else 0.1
        return share + (self._mood(prompt) if label else 0)

    def _mood(self, text: str) -> float:
        """A number up to 0.05 that the text decides."""
        return zlib.crc32(text.encode("utf-8", "replace")) / 2**32 / 20 if self.varies else 0.0

    def _shares(self, prompt: str, labels: list[str]) -> dict[str, float]:
        sentence = last_sentence(prompt)
        if set(labels) == {"yes", "no"}:
            return {"yes": 0.9, "no": 0.1}
        has_word = [self.words.get(label, label) in sentence for label in labels]
        rest = (1 - self.share) / (len(labels) - 1) if any(has_word) else 1 / len(labels)
        weights = {
            label: (self.share if has else rest) * self.bias.get(label, 1.0) + self._mood(prompt + label)
            for label, has in zip(labels, has_word, strict=True)
        }
        total = sum(weights.values())
        return {label: weight / total for label, weight in weights.items()}


def last_sentence(prompt: str) -> str:
    return prompt[prompt.rfind("Sentence: ") :].splitlines()[0]
