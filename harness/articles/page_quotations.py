"""What a web page quotes by its layout in, the same between quotation marks and behind its source out.

A browser shows block quotations and posts as such, and who is quoted below them; in the text alone their
words would read as the outlet's, or as those of whoever spoke before.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

# What a block quotation begins with that shows by itself that it is one, and what it ends with then.
_MARK = re.compile("\\s*[“”\"„«»‘'’‚‹›]")
_CLOSED = re.compile("[“”\"„«»‘'’‚‹›][.,]?\\s*$")
_SINGLE = str.maketrans({"“": "‘", "”": "’", '"': "'"})
_NO_MARKS = str.maketrans("", "", '“”"„«»')
# Its paragraphs.
_LINES = ".//p | .//div[not(.//p or .//div)]"
_BLOCKS = frozenset({"p", "div", "li", "ul", "ol", "blockquote", "section", "br", "hr"})
# Where a page says who is quoted.
_SOURCES = frozenset({"cite", "footer", "figcaption"})
# Share of a page's words in block quotations: more of them set the text in from the margin, and quote nobody.
_MAX_QUOTED = 0.5

# "— Ada Orrin, mayor of Varna": a source, and no sentence after a dash.
_AFTER_DASH = re.compile(r"\s*[—–―-]{1,3}\s*(?=[^\W\d_a-zß-ÿ]|@)(?:(?![.!?…]\s*$).)+$", re.DOTALL)
_DASHES = re.compile(r"[\s—–―~-]*")
# What follows the name of who posted: "(@orrin) June 18, 2030". With brackets it would read as minutes do.
_HANDLE = re.compile(r"(?<=\w)[^\w(]*\((@\w+)\).*$", re.DOTALL)
_MAX_SOURCE = 25
"""Words that say who is quoted."""

# What holds a post or a quotation and nothing else: at most as many words again, and a few.
_EMBEDDED = (
    "(self::figure or contains(@class, 'embed') or contains(@id, 'embed'))"
    " and not(self::html or self::body or self::main or self::article)"
)
_FEW = 20
# Share of words in links: with more of them it is a picture or a film to be fetched, not words.
_MAX_LINKED = 0.5

# A slot of text: an element, and "text" or "tail".
_Slot = tuple[Any, str]


def take_out_of_embeds(tree: Any) -> None:
    """Take block quotations out of figures and embeds, which extraction leaves out as pictures.

    Parameters
    ----------
    tree : lxml.html.HtmlElement
        A page; it is changed.
    """
    for block in list(tree.iter("blockquote")):
        words = len(block.text_content().split())
        if sum(len(link.text_content().split()) for link in block.iter("a")) > _MAX_LINKED * words:
            continue
        holders = [
            part
            for part in block.xpath(f"ancestor::*[{_EMBEDDED}]")
            if len(part.text_content().split()) <= 2 * words + _FEW
        ]
        if "embed" in block.get("class", ""):
            del block.attrib["class"]
        if not holders or block.xpath("ancestor::blockquote or ancestor::aside or ancestor::nav"):
            continue
        captions = [] if holders[0].find(".//img") is not None else list(holders[0].iter("figcaption"))
        # A pull quote repeats what the article says, in whoever's voice.
        pulled = any("pullquote" in part.get("class", "") for part in (block, *holders))
        if pulled and not captions and not block.xpath(".//cite | .//footer"):
            continue
        block.tail = None
        holders[0].addprevious(block)
        for caption in captions[:1]:
            block.append(caption)


def mark_quotations(tree: Any) -> None:
    """Put quotation marks around what a page quotes by its layout: ``q`` and ``blockquote``, posts too.

    Who is quoted is written before it: "Ada Orrin: “…”".

    Parameters
    ----------
    tree : lxml.html.HtmlElement
        A page; it is changed.
    """
    parts = [(part, bool(part.xpath("ancestor::q or ancestor::blockquote"))) for part in tree.iter("q")]
    # The inner ones first: what closes them stands before what closes the outer ones.
    for part, nested in reversed(parts):
        _put_around(part, *("‘’" if nested else "“”"))
        part.drop_tag()
    blocks = [block for block in tree.iter("blockquote") if not block.xpath("ancestor::blockquote")]
    words = sum(len(block.text_content().split()) for block in blocks)
    body = tree.find(".//body")
    if words > _MAX_QUOTED * len((tree if body is None else body).text_content().split()):
        return
    for block in blocks:
        _mark_block(block)


def _mark_block(block: Any) -> None:
    """Put marks around a block quotation, and its source before it."""
    source = _take_source(block)
    marked = _MARK.match(block.text_content()) is not None
    if not marked:
        for part in block.iter():
            # Quotations within it stand between single marks.
            part.text = part.text and part.text.translate(_SINGLE)
            part.tail = part.tail if part is block else part.tail and part.tail.translate(_SINGLE)
        lines = block.xpath(f"({_LINES})[normalize-space()]") or [block]
        # As newspapers do: each paragraph is opened again, and the last one closed.
        for line in lines:
            _put_around(line, "“", "”" if line is lines[-1] else "")
    if source and (not marked or _CLOSED.search(block.text_content())):
        _put_around(block, f"{source}: ", "")
    elif source:
        _put_around(block, "", f" ({source})")


def _take_source(block: Any) -> str:
    """Remove who is quoted from the end of a block quotation, or from below it, and return it."""
    lines = list(_text_lines(block))
    below = block.getnext()
    slots: list[_Slot] = []
    if len(lines) > 1 and _is_source(lines[-1], block):
        slots = lines[-1]
        # A dash before an element with the name.
        if _DASHES.fullmatch(_joined(lines[-2])) and len(lines) > 2:
            slots = lines[-2] + slots
    elif below is not None and below.tag in ("p", "cite", "figcaption") and not (block.tail or "").strip():
        beside = list(_text_lines(below))
        if len(beside) == 1 and (_is_source(beside[0], below) or below.tag == "cite"):
            slots = beside[0]
    source = " ".join(_joined(slots).split())
    for part, name in slots:
        setattr(part, name, None)
    return _DASHES.sub("", _HANDLE.sub(r", \1", source), count=1).translate(_NO_MARKS).strip(" .,:;@")


def _is_source(slots: list[_Slot], block: Any) -> bool:
    """Whether a line says who is quoted: by its element, or by a dash before a name."""
    text = _joined(slots)
    if not 0 < len(text.split()) <= _MAX_SOURCE or not re.search(r"\w", text):
        return False
    return _source_of(slots[0], block) is not None or _AFTER_DASH.match(text) is not None


def _text_lines(block: Any) -> Iterator[list[_Slot]]:
    """Yield the lines of a block as the slots of their text; what names a source is a line of its own."""
    from lxml import etree

    line: list[_Slot] = []
    source = None
    for event, part in etree.iterwalk(block, events=("start", "end")):
        slot = (part, "text" if event == "start" else "tail")
        if slot == (block, "tail"):
            break
        within = _source_of(slot, block)
        breaks = part.tag in _BLOCKS and within is None
        if line and (breaks or within is not source):
            yield line
            line = []
        source = within
        if (getattr(*slot) or "").strip():
            line.append(slot)
    if line:
        yield line


def _source_of(slot: _Slot, block: Any) -> Any:
    """Return the outermost element around a slot of text that is there for a source, or None."""
    part, name = slot
    outermost = None
    each = part if name == "text" else part.getparent()
    while each is not None and each is not block:
        if each.tag in _SOURCES:
            outermost = each
        each = each.getparent()
    return outermost


def _joined(slots: list[_Slot]) -> str:
    return "".join(getattr(*slot) for slot in slots)


def _put_around(part: Any, opening: str, closing: str) -> None:
    """Put something before and behind the words of an element."""
    slots = [slot for line in _text_lines(part) for slot in line]
    if slots:
        (first, name), (last, end) = slots[0], slots[-1]
        setattr(first, name, opening + getattr(first, name).lstrip())
        setattr(last, end, getattr(last, end).rstrip() + closing)
