"""A sentence and its actors in, what its verbs of saying and judging attribute to whom out.

The verbs are in ``languages/en.yaml``: those of saying ("said", "warned"), and those of judging ("blamed",
"praised"), whose subject holds the view that the sentence gives of their object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.articles.actors import Actor, Attribution, actor_at
from harness.articles.deeds import OBJECT_BEFORE, is_deed
from harness.articles.people import description_at_end, is_staff
from harness.articles.verb_subjects import AND_ITS, subject_before
from harness.articles.word_lists import (
    FORMS,
    NOT_PEOPLE,
    NOUNS,
    PARTICIPLES,
    TITLES,
    WEAK_JUDGES,
    WITH_CLAUSE,
    either,
    words_of,
)

# A form of "to be" before the verb: "was described" has its actor after "by" at most.
_BEING = re.compile(rf"(?i)\b(?:{either('being')})\s+(?:\w+ly\s+|once\s+|also\s+|not\s+)?$")
# Negated, modal or infinitive: nothing is said after all.
_NEGATION = re.compile(
    r"(?i)(?<!heard )(?<!pains )(?<!telephoned )(?<!went on )"
    rf"\b(?:{either('negation')}|{either('negation_of_saying')})\s+(?:\w+ly\s+|even\s+|once\s+|ever\s+)?$"
)
# The subject of a subordinate clause: "when Kim said".
_SUBORDINATE = re.compile(
    rf"(?i)\b(?:{either('subordinate')}|{either('subordinate_of_saying')})\s+"
    rf"(?:(?:{either('before_subject')}|only|our|my|those|\d+)\s+)*(?:[\w’'-]+\s+){{0,2}}$"
)
# What follows a verb of saying where something is said: "that", a quotation, a clause with a finite verb.
_CLAUSE = re.compile(
    rf"(?:\s+(?:{either('listeners')}))?\s*(?:(?:{either('clause')})\b|\"|:)|\s*,\s(?!who|which)"
    rf"|\s+[^.,;:]{{2,90}}?\sthat\s+(?:{either('clause_subjects')}|[A-Z]\w+)\b"
    rf"|\s+(?:[\w’'-]+\s+){{1,5}}?(?:{either('finite')})\b"
    r"|\s+(?:on|to|in)\s[^.,;:]{2,60}:(?:\s|$)"
)
# "Neither Crane nor Bray blamed": nobody did.
_NO_SUBJECT = re.compile(
    r"(?i)\b(?:neither|nor|nobody|no\s+one|none|not\s+(?:a|one|even)\b[\w ]*|no)\s+(?:[\w’'-]+\s+)*$"
)
# "Varna paid, a step that Crane praised": a remark on the main clause, whose subject counts all the same.
_REMARK = re.compile(
    r",\s+(?:an?\s+[\w’' -]{2,40}?\s(?:that|which)|(?:for|of|to)\s+which)\s+"
    rf"(?:(?:{either('before_subject_of_remark')})\s+)*(?:[\w’'-]+\s+){{0,2}}$"
)
_REMARK_VERBS = words_of("remark_verbs")
_PREPOSITION = re.compile(r"(?i)\b(?:of|for|without|from|before|after|about|instead\s+of|at|on|with)\s+$")
# A single name after a quotation: “...” said Pelltree.
_NAME = re.compile(r"\s+([A-Z][\w’'-]*[a-z])(?<![’']s)(?=[\s,.;:]|$)")
# The second verb of such a remark: ", a step that Crane praised and Bray condemned".
_IN_REMARK = re.compile(
    r",\s+an?\s+(?:[\w’'-]+\s+){1,3}?(?:that|which)\s[^;]*\band\s+(?!that\b|which\b)(?:[\w’'-]+\s+){0,2}$"
)
# "with what one baker calls “a shove”": a relative clause that quotes.
_RELATIVE = re.compile(
    rf"(?i)\b(?:what|that|which)\s+(?:(?:{either('before_subject')}|two)\s+)*(?:[\w’'-]+\s+){{0,2}}$"
)
# "Ostrel's bakers", "Ostrelian officials": who belongs to a party is plural.
_OFFICE = re.compile(rf"(?:[’']s?)?\s+((?:[\w-]+\s+){{0,3}}?(?:\w*[A-Za-z]s|{either('plurals')}))\b(?![’'])")
# "was accused of lying by Crane"; without "was": "praised by Crane", "accused of lying by Crane", but not
# "welcomed the deal by Crane".
_BY = re.compile(r"(?:\s+[\w’'-]+){0,4}?\s+by\s+")
_BY_ALONE = re.compile(r"(?:\s+\w+ly)?\s+by\s+")
_BY_AFTER_REASON = re.compile(
    rf"(?:\s+(?:{either('reasons')})(?:\s+[\w’'-]+){{1,4}}?|\s+\w+ly|\s+(?:{either('adverbs')}))?\s+by\s+"
)
# "criticised over", "accused of": a verb of judging without an object is a passive.
_REASON = re.compile(rf"\s+(?:{either('reasons')}|by)\b")
_TOLD, _WITHOUT_OBJECT = words_of("told_to"), words_of("judges_without_object")
# "claimed.", "wrote on Telegram.", "reported late on Friday, citing officials."
_END = re.compile(
    rf"(?:\s+(?:{either('ends')})\b[^.,;:\"]{{0,60}})?(?:,\s+(?:citing|quoting|adding)\b.*|\s*[.!?]?\s*)$"
)
# "On Friday, Crane wrote in Lesk.": what stands before the comma is no clause, unless another comma follows.
_LEADS_IN = re.compile(
    # "The toll will rise" is a clause, "the mayor" is not.
    rf"(?i)(?!\W*(?:the|an?|no|his|her|its|their|our)\b[^,]*\b(?:{either('finite')})\b)\W*(?:{either('lead_ins')}|{either('apposition')}|{either('subordinate')}|{either('prepositions')})\b[^,]*$"
)
_NO_SUBJECT_OF_REPORT = re.compile(
    rf"(?i)(?:and|but|or|who|which|that|{either('lead_ins')}|{either('subordinate')}|according)\b|.*\band\b"
)
# A finite verb after a name that seemed to follow its verb: the name begins a clause of its own.
_FINITE = re.compile(
    r"(?:[’']s?)?\s+(?:and\s+\w+\s+|(?!who\b|which\b|that\b)[a-z-]+\s+)?"
    rf"(?:{either('finite')}|may|that|at the)\b"
)
# "says sorry" says nothing.
_MANNERS = re.compile(rf"\s+(?:{either('manners')})\b")
# After these a form is a noun: right before it, or with a word between ("a final report").
_BEFORE_NOUN = re.compile(rf"(?i)(?:\b(?:{either('before_noun')})|[’']s?)\s+$")
_BEFORE_SINGULAR = re.compile(
    rf"(?i)(?:\b(?:{either('before_noun')}|{either('before_singular')})|[’']s?)\s+(?:[\w-]+\s+)?$"
)


def verb_attributions(text: str, bare: str, cast: Sequence[Actor]) -> Iterator[Attribution]:
    """Yield what verbs of saying and judging attribute.

    Parameters
    ----------
    text : str
        A sentence.
    bare : str
        The same with quotations blanked: :func:`harness.articles.quotations.blank_quotations`.
    cast : sequence of Actor
        The actors of the sentence, in order.

    Yields
    ------
    Attribution
        In order of the verbs; of weight 0.9 to 3.
    """
    for match in re.finditer(r"(?<![\w’'-])[a-z]+(?![\w’'-])", bare):
        verb_and_kind = FORMS.get(match.group())
        if verb_and_kind is None or any(actor.start <= match.start() < actor.end for actor in cast):
            continue
        verb = _Verb(text, bare, match.start(), match.end(), *verb_and_kind)
        attribution = verb.attribution(cast)
        if attribution is not None:
            yield attribution


@dataclass(frozen=True)
class _Verb:
    """A verb of saying or judging in its sentence: ``text[start:end]``, ``verb`` its infinitive."""

    text: str
    bare: str
    start: int
    end: int
    verb: str
    kind: str

    @property
    def form(self) -> str:
        return self.bare[self.start : self.end]

    @property
    def before(self) -> str:
        return self.bare[: self.start]

    @property
    def after(self) -> str:
        return self.bare[self.end :]

    def attribution(self, cast: Sequence[Actor]) -> Attribution | None:
        """Find who says or judges, if anybody."""
        weight = self._weight()
        if weight == 0 or (
            not self._quotes() and is_deed(self.verb, self.bare, (self.start, self.end), cast)
        ):
            return None
        being = _BEING.search(self.before) is not None
        agent = self._agent(cast, being=being) if self.form in PARTICIPLES else None
        if agent is not None:
            # "welcomed a deal condemned by Crane", "who was praised by Crane, said": the verb of the sentence
            # says more than such a clause.
            main = being and re.search(r"\b(?:who|which)\b[^,;]*$", self.before) is None
            return Attribution(agent, self.start, weight if main else min(weight, 1))
        if (being and (self.form in PARTICIPLES or self.form == "said")) or self._is_passive():
            return None
        # After a quotation the subject may follow: “We won,” said Mr Kim.
        after_quote = self.before.rstrip(" ,").endswith('"') or self.before.rstrip()[-1:] in "?!"
        actor = self._inverted(cast) if after_quote else None
        if actor is not None:
            return Attribution(actor, self.start, 3)
        actor = self._subject(cast)
        if actor is None:
            return self._before_who(cast)
        if actor.kind == "group" and self.form.endswith("ing"):
            return None
        if self.form == self.verb and actor.kind in ("party", "person") and not self._is_plural(actor):
            return None
        return self._weighed(actor, weight)

    def _subject(self, cast: Sequence[Actor]) -> Actor | None:
        # "while thanking Varna": a participle whose subject is that of the main clause.
        alongside = self.form.endswith("ing") and re.search(r"\b(?:while|when|by|in)\s+$", self.before)
        main = (alongside is not None or not self._depends()) and not self._is_noun()
        actor = None
        if self.before.rstrip().endswith(","):
            actor = subject_before(self.bare, self.before, cast, main=False)
            if actor is None or actor.kind == "group":
                actor = self._inverted(cast) or actor
        return actor or subject_before(self.bare, self.before, cast, main=main) or self._inverted(cast)

    def _before_who(self, cast: Sequence[Actor]) -> Attribution | None:
        """Read the subject before "who": "from Mr Kim, who warned of “a storm”"."""
        who = re.search(r",?\s+who\s+(?:\w+ly\s+|also\s+|then\s+|had\s+|has\s+|have\s+)?$", self.before)
        if who is None or not self._quotes():
            return None
        actor = subject_before(self.bare, self.before[: who.start()], cast, main=False)
        return None if actor is None else Attribution(actor, self.start, 1)

    def _is_plural(self, actor: Actor) -> bool:
        """Whether a verb without an ending fits: "Republicans say", not "Russian state media"."""
        name = self.text[actor.start : actor.end]
        auxiliary = re.search(r"(?i)\b(?:did|do|does|not|deny)\b[^.;]*$", self.bare[: self.start]) is not None
        pair = re.search(r"\band\s+$", self.bare[: actor.start]) is not None
        of = re.search(r"\s+(?:in|of|at|from|for|with|close\s+to)\s+(?:the\s+)?$", self.bare[: actor.start])
        members = description_at_end(self.bare[: of.start()]) if of is not None else None
        return (
            name.endswith("s")
            or (members is not None and members[0].endswith("s"))
            or self._has_plural_office(actor)
            or auxiliary
            or pair
            or AND_ITS.match(self.bare, actor.end, self.start) is not None
            or self.form in ("put", "read")
            or self.before.endswith(("not ", "to "))
        )

    def _has_plural_office(self, actor: Actor) -> bool:
        """Whether people of the actor's are the subject: "Ostrelian officials", "Ostrel's bakers"."""
        office = _OFFICE.match(self.bare, actor.end, self.start)
        return office is not None and (
            is_staff(office.group(1)) or description_at_end(f"the {office.group(1).lower()}") is not None
        )

    def _weighed(self, actor: Actor, weight: float) -> Attribution | None:
        """Weigh the attribution by where its subject stands: in a subordinate clause it says little."""
        lead = self.bare[: actor.start]
        if actor.start < self.start:
            if _NO_SUBJECT.search(lead):
                return None
            if _REMARK.search(lead) and (
                self.kind == "judge" or self._quotes() or self.verb in _REMARK_VERBS
            ):
                return Attribution(actor, self.start, 1)
            if _IN_REMARK.search(lead):
                return Attribution(actor, self.start, 1)
            if self._quotes() and _RELATIVE.search(lead):
                return Attribution(actor, self.start, 1)
            if _SUBORDINATE.search(lead):
                return None
        return Attribution(actor, self.start, weight)

    def _weight(self) -> float:
        """Return how strongly the verb attributes: 0 not at all, 1 perhaps, 3 even beside a writer's "I"."""
        if self._is_mute() or self._is_noun():
            return 0
        if self.verb in ("call", "ask") and re.match(r"\s+(?:on|for|off|in|out|up)\b", self.after):
            return 2 if re.match(r"\s+on\s+[^.,;:]{2,60}?\sto\s", self.after) else 0.9
        # "agreed to a truce" tells a deed.
        if self.verb == "agree" and re.match(r"\s+(?:to|on|upon)\b", self.after):
            return 0.9
        if self.kind == "judge":
            weak = self.verb in WEAK_JUDGES or re.match(r"\s+(?:us|our|me|my)\b", self.after)
            return 1.5 if weak else 2
        if self.verb in ("tell", "ask") and re.match(
            r"\s+(?:us|me)\b(?!\s+not\b|\s+to\s+(?!say))", self.after
        ):
            return 3
        if self._quotes():
            return 2.5
        if self.verb == "tell" and re.match(r"\s+\w+\s+(?:not\s+)?to\b", self.after):
            return 0.9
        says = self.verb not in WITH_CLAUSE or _CLAUSE.match(self.after) or self._has_object() or self._ends()
        return 2 if says else 0.9

    def _is_mute(self) -> bool:
        """Whether nothing is said after all: "did not say", "a decade of telling", "says sorry"."""
        if _NEGATION.search(self.before) and not (self.verb == "deny" and self.before.endswith("could not ")):
            return True
        if self.form.endswith("ing") and _PREPOSITION.search(self.before):
            return True
        return self.verb == "say" and _MANNERS.match(self.after) is not None

    def _has_object(self) -> bool:
        """Whether what follows shows the rarer sense: "puts it down to", "finds nothing", "police find"."""
        if self.verb == "put":
            return re.match(r"\s+.{2,60}?\s(?:at|down\s+to)\b", self.after) is not None
        return (
            re.match(r"\s+(?:nothing|no\s)|\s*[;.]?\s*$", self.after) is not None and self.verb == "find"
        ) or self.after[:1] == ";"

    def _ends(self) -> bool:
        """Whether what is said stands before: "Varna has paid, Crane claimed on Monday."."""
        if not _END.match(self.after) or self.form.endswith("ing") or self.verb == "put":
            return False
        clause, _, subject = self.before.rpartition(", ")
        return (
            len(clause.split()) > 2
            and 0 < len(subject.split()) < 12
            and not _LEADS_IN.match(clause)
            and not _NO_SUBJECT_OF_REPORT.match(subject)
            # "posts and reports." ends a list.
            and (self.form not in NOUNS or subject.lower() != subject)
        )

    def _quotes(self) -> bool:
        return '"' in self.after[:70] or re.search(r"\"[\s,]*(?:[\w.’'-]+\s+){0,6}$", self.before) is not None

    def _is_noun(self) -> bool:
        """Whether the form is a noun here: "the report", "Kim's claims"."""
        if self.form not in NOUNS:
            return False
        article, close = _BEFORE_SINGULAR.search(self.before), _BEFORE_NOUN.search(self.before)
        plain = not self.form.endswith("s")
        if re.search(r"(?:s|men|people)\s+(?:in|of|at|from|on|near)\s+the\s+[\w-]+\s+$", self.before):
            return False
        return (
            close is not None
            or (plain and article is not None)
            or (plain and not self.after.strip(" .,;:!?"))
        )

    def _depends(self) -> bool:
        """Whether the verb stands in a clause that depends on another."""
        clause = re.split(r"[;:]", self.before)[-1]
        last = re.split(r",\s(?!who|whose)", clause)[-1]
        return bool(_SUBORDINATE.search(last)) or bool(re.search(r"(?i)\b(?:which|that|whom)\b[^,]*$", last))

    def _agent(self, cast: Sequence[Actor], *, being: bool) -> Actor | None:
        """Read the agent after "by": "described by Ruhl as arsonists", "were thanked by both sides"."""
        by = (_BY if being else _BY_ALONE if self.kind == "say" else _BY_AFTER_REASON).match(self.after)
        if by is None or re.search(r"\b(?:who|which|that|and)\b", by.group()):
            return None
        return actor_at(self.text, self.bare, self.end + by.end(), cast)

    def _is_passive(self) -> bool:
        """Whether a participle without "is" tells what was said of somebody: "Ostrel accused of lying"."""
        # "a decision that Crane defended as wise": the object stands before.
        if self.form not in PARTICIPLES or OBJECT_BEFORE.search(self.before):
            return False
        if self.kind == "say":
            return self.form in _TOLD and re.match(r"\s+(?:not\s+)?(?:to|over)\s", self.after) is not None
        return self.verb not in _WITHOUT_OBJECT and _REASON.match(self.after) is not None

    def _inverted(self, cast: Sequence[Actor]) -> Actor | None:
        """Read the subject after the verb: '," said Mr Kim', "No reprisals, says Arrando"."""
        before = self.before.rstrip()
        if self.kind == "judge" and before[-1:] != '"':
            return None
        if not before or not (before[-1] in ',"?!—–-' or re.search(r"(?:^|[,;:(])\s*(?:as|so|or)$", before)):
            return None
        space = re.match(r"\s+", self.after)
        actor = actor_at(self.text, self.bare, self.end + space.end(), cast) if space else None
        # A surname that the cast does not have counts after a quotation alone: elsewhere it may be any word.
        name = (
            _NAME.match(self.bare, self.end)
            if actor is None and before[-1] == '"' and self.kind == "say" and not self.form.endswith("ing")
            else None
        )
        if name is not None and name.group(1).lower() not in NOT_PEOPLE | TITLES:
            return Actor(name.start(1), name.end(1), "person", name.group(1))
        if actor is not None and before[-1] != '"' and _FINITE.match(self.bare[actor.end :]):
            return None
        return actor
