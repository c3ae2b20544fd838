"""A name found in a text in, whether it may be part of a longer name out: "Sudan" in "South Sudan".

A registry cannot list every name that contains another. Where the words around a form make a longer name of
it, and the registry does not know that one, the form means its party only perhaps. The words are those of
English, German, French, Spanish and Arabic news; they count with a capital letter, as parts of names have,
and whatever marks stand between: "**South** Sudan", "“South” Sudan".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from types import MappingProxyType

from harness.values.parties.addresses import in_address, may_be_address
from harness.values.parties.forms import Meaning
from harness.values.parties.namesakes import FIRST_NAMES, bears_first_name

NO_KINDS: Mapping[str, str] = MappingProxyType({})
_STATES_OF_KIND = frozenset(["country", "government"])

_HEADLINE_SHARE = 0.7
"""Share of longer words with a capital from which a text is a headline: there, capitals tell nothing."""


def _any(words: str) -> str:
    return "|".join(words.split())


# "South Sudan", "Northern Ireland", "Nouvelle-Guinée", "جنوب السودان".
_PARTS = _any(
    "South North East West Southern Northern Eastern Western Southeast Southwest Northeast Northwest Central"
    " Equatorial Upper Lower Inner Outer Greater Little Papua"
    " Süd Nord Ost West Südost Nordost Neu Nouvelle Nouveau"
    " Nueva Nuevo Sud Sur Norte"
)
_ARABIC_PARTS = _any("جنوب شمال شرق غرب")
# Common adjectives that are also parts of names: no sign at the beginning of a sentence or in a headline.
_ADJECTIVES = _any("New United Free Young Fair Old")
# States that are no more: their name is that of one that is.
_PAST = _any(
    "Soviet soviet Imperial imperial Tsarist tsarist Czarist czarist Weimar Vichy Nazi nazi Ancient ancient"
    " Nationalist Ottoman Byzantine Roman Medieval medieval Colonial colonial Mandatory Occupied Habsburg"
)
# "French Sudan", "Dutch Guinea"; "the French Élysée" is France's own.
_COLONIAL = _any("British French Dutch Spanish Portuguese Italian Belgian German Turkish Egyptian")
# Airlines, stations, clubs, ships and mountains: "Air China", "Dynamo Kyiv", "Mount Kenya".
_NAMERS = _any(
    "Air Radio Virgin Royal Lake Mount Mt Mt. Miss USS HMS HMCS HMAS FC Dynamo Dinamo Spartak CSKA"
    " Lokomotiv Partizan Eretz Nippon"
)
# "Social Democrats" are not "Democrats".
_OF_PARTIES = _any(
    "Christian Social Liberal National Popular People's Peoples' Progressive Democratic Republican Socialist"
    " Communist Conservative Green Left Radical Independent Islamic Federal Unionist Workers' Civic Patriotic"
    " Agrarian Centre Center Reform"
)
_STATES = _any(
    "Republic Kingdom Federation Confederation Emirate Emirates Sultanate Commonwealth Principality Caliphate"
    " Gulf Strait Straits Sea Bay Bank University Church Voice Duke Duchess Earl Isle Islands"
    " Times Land Children State"
    " République Royaume Fédération Émirats Golfe Banque Université Ville República Reino Federación Golfo"
    " Détroit Estrecho Banco Ciudad Universidad Republik Königreich Golf"
)
_OF = r"(?:\s(?:of|de|del|von|du)(?:\s(?:the|la|los|las|der|den))?\s|\sde\sl'|\sd')"
_BEHIND = _any(
    "Republic Federation Empire Kingdom Sea Strait Ocean Canal Airlines Airways Times Post Daily University"
    " Bank Open Tribune Herald Bissau Foundation Institute"
    " City Straits Channel Antilles Delta River Valley Basin Oblast Region Province Peninsula Stadt"
    " Street Avenue Square Road Gate Park Tower Hotel Airport Station Zoo Museum College Academy School"
    " Conservatory Philharmonic Orchestra Festival Biennale Marathon Olympics Games"
    " Accord Accords Agreement Agreements Protocol Convention Conventions Declaration Memorandum Treaty"
    " Day Papers Mail Hayom Chronicle Gazette Journal Telegraph Independent Observer Guardian"
    " Air Railways Railway Telecom Mobile Exchange Aerospace Petroleum Tobacco Foods Motors Holdings Ltd Inc"
    " Corp Corporation"
)
_BEHIND_IN_PAIRS = (
    r"Grand\sPrix|Stock\sExchange|Final\sAct|Liberation\sOrgani[sz]ation"
    r"|(?:State|National|Business|Technical|Medical|Federal)\s(?:University|School|College)"
)
_US_STATES = (
    "Alabama|Alaska|Arizona|Arkansas|California|Colorado|Connecticut|Delaware|Florida|Hawaii|Idaho|Illinois"
    "|Indiana|Iowa|Kansas|Kentucky|Louisiana|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi"
    "|Missouri|Montana|Nebraska|Nevada|New\\s(?:Hampshire|Jersey|Mexico|York)|(?:North|South)\\s(?:Carolina"
    "|Dakota)|Ohio|Oklahoma|Oregon|Pennsylvania|Rhode\\sIsland|Tennessee|Texas|Utah|Vermont|(?:West\\s)?Virginia"
    "|Wisconsin|Wyoming|Queens|Brooklyn|Ontario"
)
_BEHIND_PARTIES = _any(
    "Alliance League Union Movement Front Coalition Bloc Federation Youth Congress Assembly Network"
)

_REPUBLICS = "Republik|Volksrepublik|Königreich|Kaiserreich"
_STATE_BEFORE = re.compile(rf"(?i:(?<!\w)(?:(?:{_STATES}){_OF}|(?:{_REPUBLICS})\s)\Z)")
_SIDE_BEHIND = re.compile(
    r"\s(?:(?:du|del)\s(?:Sud|Nord|Sur|Norte|Este|Oeste)|de\sl'(?:Est|Ouest)"
    r"|[Oo]riental[e]?|[Oo]ccidental[e]?|[ÉéEe]quatoriale|[Ee]cuatorial"
    r"|nazie?|soviétique|soviética|tsariste|zarista)(?!\w)"
)
_NOUN_BEHIND = re.compile(rf"[\s-](?:{_BEHIND}|{_BEHIND_IN_PAIRS})(?!\w)")
_PARTY_NOUN_BEHIND = re.compile(rf"\s(?:{_BEHIND_PARTIES})(?!\w)|(?<=[Pp]arty)\sof\s(?=[A-Z])")
# "Lebanon, Ohio" is a town; "Mexico, Texas and Arizona" are three.
_TOWN_BEHIND = re.compile(rf",\s(?:{_US_STATES})(?!\w)(?!(?:,\s[A-Z]\w+)*,?\s(?:and|or)\s[A-Z])")


def _words(words: str) -> frozenset[str]:
    """Return words as they are, and in capitals."""
    return frozenset(cased for word in words.split("|") for cased in (word, word.upper()))


# What the word before a form is looked up in: an expression that searches for it takes ten times as long, and
# searching a text for its parties should take no longer than the automaton does.
_IS_PART = _words(_PARTS) | frozenset(_ARABIC_PARTS.split("|"))
_IS_ADJECTIVE = _words(_ADJECTIVES)
_IS_NAMER = _words(_PAST) | frozenset(_NAMERS.split("|"))
_IS_COLONIAL = _words(_COLONIAL)
_IS_OF_PARTIES = _words(_OF_PARTIES)
_IS_FIRST_NAME = _words("|".join(FIRST_NAMES))
_WORDS_BEFORE = frozenset().union(
    _IS_PART, _IS_ADJECTIVE, _IS_NAMER, _IS_COLONIAL, _IS_OF_PARTIES, _words(_REPUBLICS), _IS_FIRST_NAME
)
_LINKS = frozenset(["of", "de", "del", "von", "du", "d"])
_LOWER_STATES = frozenset(_STATES.lower().split("|"))
_LOWER_GULFS = ("golfe", "golfo", "détroit", "estrecho")
_ARTICLES = frozenset(["the", "la", "los", "las", "der", "den", "l"])
_SIDES = _any(
    "du del de Oriental oriental Orientale orientale Occidental occidental Occidentale occidentale"
    " Équatoriale équatoriale Equatoriale equatoriale Ecuatorial ecuatorial nazi nazie soviétique soviética"
    " tsariste zarista"
)
_WORDS_BEHIND = frozenset(
    f"{_BEHIND}|{_BEHIND_PARTIES}|{_SIDES}|Grand|Stock|Final|Liberation|State|National|Business|Technical"
    "|Medical|Federal".split("|")
)
_FIRST_OF_STATES = frozenset(re.findall(r"[A-Z]\w+", _US_STATES))
_NEXT_WORD = re.compile(r"(,? |-)(\w+)")
# Quotes, brackets, and the signs of Markdown and HTML between the words of a name.
_MARKUP = re.compile(r"</?[A-Za-z][^<>]*>|[*_~\"“”«»„()\[\]]|(?<!\w)'|'(?=\s)")
_BESIDE = frozenset(" -'*_~>\"“”)]")
_LAST_WORD = re.compile(r"(?<!\w)(\w+\.?)(?:\s\w\.)*[\s'-]+\Z")
_LETTERS = re.compile(r"\w+")


def is_suspect(text: str, start: int, end: int) -> bool:
    """Whether a word beside a form may make another name of it; asked of every form, and mostly no."""
    if start > 1 and text[start - 1] in _BESIDE:
        word = _word_before(text, start)
        if word in _WORDS_BEFORE or (word in _LINKS and _follows_state(text, start)):
            return True
    match = _NEXT_WORD.match(text, end)
    if match is not None:
        joint, word = match.groups()
        # "the Labour Party of Ireland".
        if word in (_FIRST_OF_STATES if joint == ", " else _WORDS_BEHIND) or (
            word == "of" and text[end - 1] in "yY"
        ):
            return True
    return may_be_address(text, start, end)


def _follows_state(text: str, start: int) -> bool:
    """Whether "Republic" or its like stands a few words before a form: most "of" follow other words."""
    words = _LETTERS.findall(text, max(0, start - REACH), start)
    return any(word.lower() in _LOWER_STATES for word in words[-4:])


def _word_before(text: str, start: int) -> str:
    """Return the word before a form, an article and initials aside."""
    begin = text.rfind(" ", 0, start - 1)
    word = text[begin + 1 : start - 1]
    if word in _ARTICLES:
        # "Republic of the Congo"; an article alone is the rule.
        word = text[text.rfind(" ", 0, begin) + 1 : begin]
    if word.isalnum():
        return word
    # "“South Sudan", "(South Sudan", "Anti-South Sudan", "**South** Sudan", "Mary L. Trump".
    match = _LAST_WORD.search(_before(text, start))
    return match.group(1) if match is not None else ""


REACH = 40
"""Characters around a form that are read."""


def in_longer_name(
    text: str,
    start: int,
    end: int,
    meanings: Sequence[Meaning] = (),
    kinds: Mapping[str, str] = NO_KINDS,
) -> bool:
    """Whether the words around a form may make a longer name of it, somebody else's, or an address.

    Parameters
    ----------
    text : str
        Folded, see :func:`harness.values.parties.folding.fold`.
    start, end : int
        Of the form in it.
    meanings : sequence of Meaning
        What it may mean: "Christian" makes another name of a party's alone, "Mary" of a person's.
    kinds : mapping
        Party → its kind.
    """
    # Asked alone, too; a search asks is_suspect first, which costs it little.
    if not is_suspect(text, start, end):
        return False
    word, form = _word_before(text, start), text[start:end]
    if _is_part_of_state(text, start, end, word) or in_address(text, start, end):
        return True
    named = {kinds.get(meaning.party, "") for meaning in meanings if meaning.how in ("name", "ambiguous")}
    if (named and word in _IS_NAMER) or (
        word in _IS_FIRST_NAME and _is_somebody(_before(text, start), form, meanings, named)
    ):
        return True
    is_state = not named.isdisjoint(_STATES_OF_KIND)
    if is_state and _TOWN_BEHIND.match(text, end):
        return True
    if form.isupper() and text.isupper():
        return False
    # "Republican Donald Trump" is no other party.
    if "party" in named and word in _IS_OF_PARTIES:
        return True
    # "the French Élysée" is France's own.
    is_state &= any(meaning.party == form for meaning in meanings)
    return (
        _has_noun_behind(text, end, form, "party" in named)
        or (word in _IS_ADJECTIVE and not _begins_sentence(text, start))
        or (is_state and word in _IS_COLONIAL)
        # In a headline capitals tell nothing; whether it is one takes longest to say.
    ) and not is_headline(text)


def _has_noun_behind(text: str, end: int, form: str, is_party: bool) -> bool:
    """Whether a noun makes a name of a form before it: "Mexico City"."""
    # "the EU Treaty" is the union's own: an acronym makes no name of a place.
    if not form.isupper() and _NOUN_BEHIND.match(text, end):
        return True
    return is_party and _PARTY_NOUN_BEHIND.match(text, end) is not None


def _is_somebody(before: str, form: str, meanings: Sequence[Meaning], named: Set[str]) -> bool:
    """Whether a first name before a form makes another person of it: "Mary Trump", "Kathy Ireland"."""
    people = [meaning.leader for meaning in meanings if meaning.how == "leader"]
    if "person" in named:
        people += [meaning.party for meaning in meanings]
    is_word = not named.isdisjoint(_STATES_OF_KIND) and not form.isupper() and " " not in form
    return bool(people or is_word) and bears_first_name(before, form, people)


def _before(text: str, start: int) -> str:
    return _MARKUP.sub("", text[max(0, start - REACH) : start])


def is_part_of_state(text: str, start: int, end: int) -> bool:
    """Whether the words around a name make another state's name of it, or an address: "South Sudan"."""
    # Nearly all names stand beside other words, and the expressions take ten times as long.
    if not is_suspect(text, start, end):
        return False
    word = _word_before(text, start)
    return _is_part_of_state(text, start, end, word) or in_address(text, start, end)


def _is_part_of_state(text: str, start: int, end: int, word: str) -> bool:
    if word in _IS_PART or _SIDE_BEHIND.match(text, end):
        return True
    before = _before(text, start)
    if word == "New" and before.endswith("Papua New "):
        return True
    match = _STATE_BEFORE.search(before) if word in _LINKS or word in _REPUBLICS else None
    # "the bank of Russia" is a bank on a river; a name has capitals, but for "le golfe de Guinée".
    return match is not None and (match.group()[0].isupper() or match.group().startswith(_LOWER_GULFS))


def _begins_sentence(text: str, start: int) -> bool:
    """Whether the word before a form begins a sentence, where any word has a capital: "New sanctions"."""
    before = text[max(0, start - REACH) : start].rstrip(" -*_~").rpartition(" ")[0].rstrip(" \"'“”«»„([*_~")
    return (start <= REACH and not before) or before.endswith((".", "!", "?", ":", ";", "-"))


def is_headline(text: str, *, letters: int = 4, least: int = 4) -> bool:
    """Whether most longer words of a text have a capital: its first 300 characters are looked at.

    Parameters
    ----------
    text : str
    letters : int
        That a longer word has, at least.
    least : int
        Longer words without which nothing can be told.
    """
    words = re.findall(rf"[^\W\d_]{{{letters},}}", text[:300])
    return len(words) >= least and sum(word[0].isupper() for word in words) >= _HEADLINE_SHARE * len(words)
