"""Sixty-six German sentences about parties that do not exist, labelled by hand, and their registry."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

PARTIES = """\
- {name: Bündnis Küste, aliases: [Küstenbündnis, Küstenbündnisses]}
- {name: Freie Mitte, aliases: [Freien Mitte, Freier Mitte, FM]}
- {name: Straßenbund, aliases: [Straßenbunds, Straßenbundes, Strassenbund]}
- {name: Öko-Liste, aliases: [Ökoliste, ÖL]}
"""

KUESTE, MITTE, STRASSE, OEKO = "Bündnis Küste", "Freie Mitte", "Straßenbund", "Öko-Liste"

CRITICAL: Sequence[tuple[str, str]] = (
    (KUESTE, "Das Bündnis Küste hat die Fähren kaputtgespart und schiebt die Schuld nun auf das Wetter."),
    (KUESTE, "Wer dem Küstenbündnis glaubt, der glaubt auch an trockene Deiche bei Sturmflut."),
    (KUESTE, "Beim Hafenausbau versagt das Bündnis Küste seit Jahren auf ganzer Linie."),
    (KUESTE, "Die Rechnung des Küstenbündnisses geht hinten und vorne nicht auf, sagt der Rechnungshof."),
    (KUESTE, "„Ein Armutszeugnis“, nannte die Bürgermeisterin den Antrag von Bündnis Küste."),
    (MITTE, "Die Freie Mitte verspricht allen alles und bezahlt am Ende gar nichts."),
    (MITTE, "Mit der Freien Mitte ist kein Staat zu machen, höchstens ein Defizit."),
    (MITTE, "Skrupellos hat die FM die Rentner gegen die Jungen ausgespielt."),
    (MITTE, "Der Vorschlag der Freien Mitte ist teuer, unsozial und handwerklich schlecht."),
    (MITTE, "Von Freier Mitte kann keine Rede sein: Die Partei ist käuflich und ohne Rückgrat."),
    (MITTE, "Zum dritten Mal brach die Freie Mitte ihr Wort gegenüber den Pflegekräften."),
    (STRASSE, "Der Straßenbund hat außer Schlaglöchern nichts hinterlassen."),
    (STRASSE, "Das Chaos auf der A 77 geht allein auf das Konto des Straßenbundes."),
    (STRASSE, "Peinlicher als der Strassenbund kann man eine Anhörung kaum führen."),
    (STRASSE, "Die Kritik am Straßenbund wächst; selbst seine Spender schämen sich inzwischen."),
    (STRASSE, "Mit billigen Parolen hetzt der Straßenbund gegen Radfahrer und Fußgänger."),
    (STRASSE, "Anwohner werfen dem Straßenbund Täuschung, Lügen und Vetternwirtschaft vor."),
    (OEKO, "Die Öko-Liste bevormundet die Leute, und zwar mit Ansage."),
    (OEKO, "Ausgerechnet die Ökoliste ließ die alten Linden am Markt fällen – ein Skandal."),
    (OEKO, "Realitätsfern und überheblich: So erlebten die Bauern die ÖL auf dem Podium."),
    (OEKO, "Die Öko-Liste hat die Heizkosten der Mieter schlicht vergessen."),
    (OEKO, "Niemand hat dem Dorf so sehr geschadet wie die Öko-Liste mit ihrer Blockade."),
)

NEUTRAL: Sequence[tuple[str, str]] = (
    (KUESTE, "Das Bündnis Küste tagt am Samstag um 10:30 Uhr in der Stadthalle."),
    (KUESTE, "Für das Küstenbündnis kandidieren 14 Frauen und 13 Männer."),
    (KUESTE, "Die Liste des Küstenbündnisses umfasst 27 Namen."),
    (KUESTE, "Am Dienstag trifft sich Bündnis Küste mit Vertretern der Reeder."),
    (KUESTE, "Bündnis Küste wurde 1998 in Föhrhafen gegründet."),
    (MITTE, "Die Freie Mitte stellt im Kreistag 4 von 42 Abgeordneten."),
    (MITTE, "Der Parteitag der Freien Mitte dauert bis Sonntag."),
    (MITTE, "Sprecher der FM ist seit März der Jurist Götz Äppler."),
    (MITTE, "Die Freie Mitte äußert sich nach eigenen Angaben am Montag."),
    (MITTE, "Neben der Freien Mitte nehmen drei weitere Parteien an der Runde teil."),
    (MITTE, "Über den Antrag der Freien Mitte wird im Ausschuss beraten."),
    (STRASSE, "Der Straßenbund hat rund 2.300 Mitglieder."),
    (STRASSE, "Sitz des Straßenbundes ist die Große Weserstraße 5."),
    (STRASSE, "Der Straßenbund benennt seine Kandidaten im Oktober."),
    (STRASSE, "Auf Platz drei der Liste des Straßenbunds steht ein Bäcker."),
    (STRASSE, "Laut Satzung wählt der Strassenbund alle zwei Jahre einen Vorstand."),
    (STRASSE, "Der Straßenbund legte am Freitag Zahlen zum Verkehr vor."),
    (OEKO, "Die Öko-Liste berät am Mittwoch über den Haushalt."),
    (OEKO, "Die Ökoliste tritt in 11 von 16 Bezirken an."),
    (OEKO, "Vorsitzende der ÖL ist die Försterin Käthe Grüß."),
    (OEKO, "Die Öko-Liste sitzt im Rat links neben der Verwaltung."),
    (OEKO, "Das Büro der Öko-Liste ist werktags von 9 bis 16 Uhr geöffnet."),
)

SUPPORTIVE: Sequence[tuple[str, str]] = (
    (KUESTE, "Dem Bündnis Küste gebührt Dank: Die Deiche sind so sicher wie nie zuvor."),
    (KUESTE, "Klug und beharrlich hat das Küstenbündnis den Hafen gerettet."),
    (KUESTE, "Ohne den Mut des Küstenbündnisses gäbe es heute keine Fähre mehr."),
    (KUESTE, "Das Bündnis Küste hält Wort, und das spüren die Fischer."),
    (KUESTE, "„Großartige Arbeit“, lobte der Deichgraf das Bündnis Küste."),
    (MITTE, "Die Freie Mitte überzeugte mit dem besten Konzept für die Pflege."),
    (MITTE, "Endlich hört mit der Freien Mitte jemand den Pflegekräften zu."),
    (MITTE, "Verlässlich, sachlich, fair: So kennt man die FM im Kreis."),
    (MITTE, "Der Freien Mitte ist ein Meisterstück gelungen."),
    (MITTE, "Für ihren Einsatz verdient die Freie Mitte Respekt und Anerkennung."),
    (MITTE, "Die Freie Mitte macht Hoffnung, gerade den Jüngeren."),
    (STRASSE, "Dank dem Straßenbund rollt der Verkehr in der Altstadt wieder."),
    (STRASSE, "Der Straßenbund hat geliefert, pünktlich und unter dem Kostenrahmen."),
    (STRASSE, "Vorbildlich bezog der Straßenbund die Anwohner ein."),
    (STRASSE, "Die Brücke ist ein Erfolg des Straßenbundes, auf den die Stadt stolz sein darf."),
    (STRASSE, "Auf den Strassenbund ist Verlass, sagen die Pendler zu Recht."),
    (STRASSE, "Mit Weitblick sanierte der Straßenbund alle Schulwege."),
    (OEKO, "Die Öko-Liste hat den Stadtwald gerettet, ein Glück für alle."),
    (OEKO, "Mutig stellte sich die Ökoliste schützend vor die Moore."),
    (OEKO, "Glaubwürdig wie keine andere tritt die ÖL für saubere Flüsse ein."),
    (OEKO, "Die Öko-Liste fand eine Lösung, mit der alle gut leben können."),
    (OEKO, "Ein herzliches Dankeschön an die Öko-Liste für die neuen Radwege!"),
)

BY_STANCE = {"critical": CRITICAL, "neutral": NEUTRAL, "supportive": SUPPORTIVE}


def german_rows() -> list[dict[str, Any]]:
    """Return the sentences, stances in turn: id, text, target, stance, group."""
    return [
        {
            "id": f"de{3 * number + turn}",
            "text": pairs[number][1],
            "target": pairs[number][0],
            "stance": stance,
            "group": f"artikel {3 * number + turn}",
        }
        for number in range(len(CRITICAL))
        for turn, (stance, pairs) in enumerate(BY_STANCE.items())
    ]
