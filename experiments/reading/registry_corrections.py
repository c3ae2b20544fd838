"""What the sources of the registry have wrong, old or ambiguous: corrections by code of state."""

from __future__ import annotations

import re
from collections.abc import Mapping

_CODES = (
    "AF AL DZ AD AO AG AR AM AU AT AZ BS BH BD BB BY BE BZ BJ BT BO BA BW BR BN BG BF BI CV KH CM CA CF"
    " TD CL CN CO KM CD CG CR CI HR CU CY CZ DK DJ DM DO EC EG SV GQ ER EE SZ ET FJ FI FR GA GM GE DE GH"
    " GR GD GT GN GW GY HT HN HU IS IN ID IR IQ IE IL IT JM JP JO KZ KE KI KP KR KW KG LA LV LB LS LR LY"
    " LI LT LU MG MW MY MV ML MT MH MR MU MX FM MD MC MN ME MA MZ MM NA NR NP NL NZ NI NE NG MK NO OM PK"
    " PW PA PG PY PE PH PL PT QA RO RU RW KN LC VC WS SM ST SA SN RS SC SL SG SK SI SB SO ZA SS ES LK SD"
    " SR SE CH SY TJ TZ TH TL TG TO TT TN TR TM TV UG UA AE GB US UY UZ VU VE VN YE ZM ZW VA PS TW XK"
)
CODES = tuple(_CODES.split())
"""The 193 members of the United Nations, its observers, Taiwan and Kosovo."""

NAMED: Mapping[str, str] = {
    "CD": "Democratic Republic of the Congo",
    "CG": "Republic of the Congo",
    "CI": "Ivory Coast",
    "MM": "Myanmar",
    "PS": "Palestinian Authority",
    "TR": "Turkey",
    "TL": "East Timor",
    "FM": "Micronesia",
    "VA": "Holy See",
    "CZ": "Czechia",
    "VC": "Saint Vincent and the Grenadines",
}
"""Names that differ from CLDR's: those of the registry, and of news in English."""

MORE_NAMES: Mapping[str, tuple[str, ...]] = {
    "CD": ("DR Congo", "D.R. Congo", "DRC", "Democratic Republic of Congo", "Congo-Kinshasa"),
    "CG": ("Republic of Congo", "Congo-Brazzaville"),
    "CZ": ("Czech Republic",),
    "TL": ("Timor-Leste", "Timor Leste"),
    "CV": ("Cabo Verde",),
    "SZ": ("Swaziland", "Kingdom of Swaziland"),
    "MK": ("Republic of North Macedonia", "Republic of Macedonia"),
    "VA": ("Vatican", "Vatican City"),
    "GM": ("Gambia",),
    "BS": ("Bahamas",),
    "NE": ("Republic of Niger",),
    "XK": ("Republic of Kosovo",),
    "BA": ("Bosnia-Herzegovina", "Bosnia"),
    "KN": ("St. Kitts and Nevis", "St Kitts and Nevis"),
    "VC": ("St. Vincent and the Grenadines", "St Vincent and the Grenadines"),
    "GW": ("Guinea Bissau",),
    "FM": ("Federated States of Micronesia",),
}
MORE_ABROAD: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "CD": {
        "de": ("Demokratische Republik Kongo", "Demokratischen Republik Kongo", "DR Kongo"),
        "fr": ("République démocratique du Congo", "RDC", "RD Congo"),
        "es": ("RDC",),
    },
    "CG": {"de": ("Republik Kongo",), "fr": ("République du Congo",), "es": ("República del Congo",)},
    "CZ": {
        "de": ("Tschechische Republik", "Tschechischen Republik"),
        "fr": ("République tchèque",),
        "es": ("República Checa",),
    },
    "BA": {"de": ("Bosnien-Herzegowina", "Bosnien")},
    "CI": {"de": ("Elfenbeinküste",), "es": ("Costa de Marfil",)},
    "CV": {"de": ("Kap Verde",)},
    "CF": {"de": ("Zentralafrikanischen Republik",), "fr": ("Centrafrique",)},
    "DO": {"de": ("Dominikanischen Republik",)},
    "TL": {"de": ("Osttimor",), "fr": ("Timor-Leste",), "es": ("Timor Oriental",)},
    "VA": {
        "de": ("Vatikan", "Heiliger Stuhl", "Heilige Stuhl", "Heiligen Stuhl", "Heiligen Stuhls"),
        "fr": ("Vatican", "Saint-Siège"),
        "es": ("Vaticano", "Santa Sede"),
    },
}
AMBIGUOUS: Mapping[str, tuple[str, ...]] = {
    "CD": ("Congo",),
    "CG": ("Congo",),
    # A first name, a football club, an island shared by two states.
    "TD": ("Chad",),
    "MC": ("Monaco",),
    # A region of Greece and a kingdom, too.
    "MK": ("Macedonia",),
}
EXCEPTED: Mapping[str, tuple[str, ...]] = {
    "GN": (
        "Guinea pig",
        "Guinea pigs",
        "Guinea fowl",
        "Guinea fowls",
        "Guinea worm",
        "Guinea worms",
        "Gulf of Guinea",
        "New Guinea",
    ),
    "NE": ("Niger Delta", "Niger River", "Niger river", "River Niger", "Niger State", "Niger state"),
    "PA": ("Panama Papers", "Panama Canal", "Panama hat", "Panama hats"),
    "WS": ("American Samoa",),
    "TL": ("Timor Sea",),
    "BJ": ("Benin City", "Bight of Benin", "Benin Bronzes", "Benin bronzes"),
    "TR": (
        "Turkey recipes",
        "Turkey dinner",
        "Turkey sandwich",
        "Turkey breast",
        "Wild Turkey",
        "Turkey Day",
    ),
    "CL": ("Chile peppers", "Chile powder"),
    "IE": ("Northern Ireland",),
    "MT": ("Malta, Montana",),
    "LU": ("Luxembourg Gardens", "Luxembourg Palace"),
    "GE": ("South Georgia", "Georgia Tech", "Georgia State", "Georgia Southern"),
    "JM": ("Jamaica Bay", "Jamaica Plain"),
}
CAPITALS: Mapping[str, tuple[str, ...]] = {
    # Renamed since; the seat of government where it is another town; accents, which GeoNames leaves out.
    "KZ": ("Astana", "Nur-Sultan"),
    "BO": ("La Paz",),
    "GQ": ("Malabo",),
    "CM": ("Yaoundé", "Yaounde"),
    "TG": ("Lomé", "Lome"),
    "PY": ("Asunción", "Asuncion"),
    "ST": (),
    "GD": (),
}
# Words, first names, cities better known elsewhere, and capitals with the name of their state.
_OTHERS = (
    "Victoria Sofia Male Malé Kingston Georgetown Moroni Santiago Roseau Praia Kingstown Bridgetown Palikir"
    " Yaren Singapore Luxembourg Monaco Djibouti Andorra Colombo"
)
NO_CAPITAL = frozenset(_OTHERS.split()) | {
    *("San José", "San Jose", "San Marino", "Vatican City", "City of San Marino", "South Tarawa"),
    *("Saint John's", "St. John's"),
}

AMBIGUOUS_ABROAD: Mapping[str, frozenset[str]] = {
    # First names: Maurice, Dominique, Salvador, Mauricio; and the towns of Granada.
    "fr": frozenset({"MU", "DM", "GD", "SV"}),
    "es": frozenset({"MU", "GD"}),
    "de": frozenset(),
}
NO_SURNAME = re.compile(r"(?:[IVX]+|Jr\.|Saud|Sabah|Thani|Nahyan|Maktoum|Said|Zayed|Mayardit|Hassan|Man)$")
"""Endings of a name that are no surname by which news would go on to call the person."""
