"""Two hundred texts that would be code, markup or layout where a page took them for more than text."""

from __future__ import annotations

import itertools

PAYLOADS = (
    "<script>window.hacked = 1</script>",
    "</script><script>window.hacked = 1</script>",
    "<img src=x onerror='window.hacked = 1'>",
    "<svg/onload=window.hacked=1>",
    '" onmouseover="window.hacked = 1',
    "javascript:window.hacked=1",
    "<!--<script>",
    "]]></script>",
    "{{ 7 * 7 }}${7*7}{% raw %}",
    "<style>* { display: none }</style>",
    "<iframe srcdoc='<script>parent.hacked=1</script>'>",
    "&lt;b&gt; &amp;amp; &#x3C;",
    "__proto__",
    "constructor",
    "'; alert(1); //",
    "\u202etfel ot thgir\u202c",
    "\x00\x01\x7f\x9f",
    "\ud800 alone",
    "line\u2028separators\u2029here\r\n",
    "😀" * 40,
    "<a href='//example.org' target=_blank>link</a>",
    "<base href='//example.org/'>",
    "<meta http-equiv=refresh content='0;url=//example.org'>",
    "%3Cscript%3E&q=1#x=2",
    "a" * 3000,
)
WRAPPERS = ("{}", " {} ", "{}{}", "before {} after", "«{}»", "\n{}\n", "<p>{}</p>", "x={}&y={}")
HOSTILE = tuple(wrapper.replace("{}", text) for text, wrapper in itertools.product(PAYLOADS, WRAPPERS))
