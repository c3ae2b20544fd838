"""Party names and aliases in, mentions out.

A registry is a YAML list, one entry a party; all but ``name`` may be left out::

    - name: Coastal Union
      kind: party                  # party | government | country | alliance
      aliases: [the Union, CU]     # always name the party; case-sensitive
      ambiguous: [Coast]           # may mean something else: the article decides (harness read)
      except: [Coast Road]         # longer phrases in which a form does not mean the party
      demonyms: [Coaster]          # adjectives and people
      leaders:
        - {name: Mara Oldin, aliases: [Oldin], short: [Mara], from: 2030-01-01, until: 2034-06-30}

A leader's name counts as a mention of the party. A ``short`` form counts once an article has given the full
name; left out, it is the last word of the name. :func:`shipped` returns a registry of states, alliances and
major parties.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from harness.values.parties.forms import Form, Mention, Span
from harness.values.parties.records import from_records, read, shipped
from harness.values.parties.registry import EMPTY, Kind, Leader, Party, Registry

if TYPE_CHECKING:
    from harness.values.parties.matching import find_name

__all__ = [
    "EMPTY",
    "Form",
    "Kind",
    "Leader",
    "Mention",
    "Party",
    "Registry",
    "Span",
    "find_name",
    "from_records",
    "read",
    "shipped",
]


def __getattr__(name: str) -> Any:
    # What a served model imports is counted, and most of them are given spans.
    if name == "find_name":
        from harness.values.parties.matching import find_name

        return find_name
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
