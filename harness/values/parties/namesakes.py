"""A surname or a country in a text and the words before it in, whether a person of that name is meant out.

"Mary Trump" is not Donald Trump, and "Kathy Ireland" is no state. Any capitalised word may stand before a
name ("Republican Trump", "Monday Trump said"), so that only what is known as a first name counts. Left out of
the list are first names that are words, months or places as well, and family names of heads of state.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.values.parties.folding import without_accents

_NAMES = """
Aaron Abigail Adam Adelino Adrian Agnes Agnieszka Ahmad Ahmed Akira Akshata Alan Albert Alejandra Alejandro
Alessandra Alex Alexander Alexandra Alfred Ali Alice Alison Allison Amal Amanda Amelia Amina Amy Ana Anatole
Anatoly Andrea Andreas Andrei Andrew Andriy Andy Angela Anil Anita Ann Anna Anne Annette Annie Anthony
Antoine Anton Antonio Antony Arianna Arnold Arthur Ashley Asma Audrey Ayesha Ayşe Barbara Barron Barry
Beatrice Beatriz Beau Ben Benjamin Benzion Bernard Bernd Beth Betty Bianca Bilal Bob Bobby Brenda Brett
Brian Bridget Brigitte Bruce Bruno Bryan Camille Carla Carlos Carmen Carol Caroline Carolyn Carrie Cathy
Cecile Cem Chaim Charles Charlie Charlotte Chloe Chris Christine Christoph Christopher Claire Clara Claude
Claudia Colin Connie Cynthia Cécile Céline Dan Daniel Daniela Danielle Danny Darren Dave David Deborah Debra
Denise Dennis Derek Diana Diane Diego Dieter Dimitris Dmitri Dmitry Dominic Dominique Don Donald Donna Doris
Dorothy Douglas Eduardo Edward Edwin Eileen Ekaterina Elaine Eleanor Elena Elizabeth Ellen Emily Emine Emma
Emmanuel Enrique Eric Erica Erik Erin Ernest Esther Ethan Eugene Eva Evelyn Fatima Fatma Felix Fernando
Fiona Flavio Francesca Francesco Francis Francisco Francois Franz François Françoise Fred Freddie Frederick
Friedrich Fuad Gabriel Gabriela Garry Gary Geoffrey George Gerald Gerard Gerhard Gertrude Gina Giorgos
Giovanni Gisela Giulia Giuseppe Graham Greg Gregory Guillaume Gustav Hafez Hafsa Hannah Hans Harold Harriet
Harry Haruki Hassan Heather Heidi Heiko Heinz Helen Helena Helga Henri Henry Herbert Hiroshi Hugh Hussein
Ian Ibrahim Igor Ingrid Irene Irina Isabel Isabella Isabelle Ivan Ivanka Jackie Jacky Jacob Jacqueline
Jacques Jake James Jamie Jan Jane Janet Janice Jared Jason Javier Jean Jeff Jeffrey Jennifer Jenny Jeremy
Jerry Jesse Jessica Jill Jim Jimmy Joan Joanna Joe Joel Johann Johanna Johannes John Johnny Jon Jonathan
Jorge Jose Josef Joseph Joshua José Juan Juanita Judith Judy Julia Julian Julie Juliet Jürgen Karen Karin
Karina Karl Karla Katarzyna Kate Katherine Kathleen Kathryn Kathy Katie Katrina Katya Keith Kelly Kenji
Kenneth Kenny Kevin Khaled Klaus Konstantin Kristen Krzysztof Kurt Kyle Lalit Lara Larry Laura Lauren
Laurent Layla Leila Leo Leonard Leonardo Leonid Leslie Linda Lisa Liz Lori Louis Louise Luca Lucas Lucia
Luciana Lucie Lucy Luis Luisa Lukas Lydia Lyudmila Maher Maksim Malia Manfred Manuel Marcel Marcus Margaret
Margarita Maria Marianne Marie Marina Mario Marion Marjorie Martha Martin Marwan Mary Matt Matteo Matthew
Matthias Maureen Maurice Mavis Max Megan Mehmet Melania Melanie Melissa Michael Michel Michele Michelle
Miguel Mike Mikhail Mohamed Mohammad Mohammed Molly Monica Monika Muhammad Murat Mustafa Nadia Nancy Naomi
Natalia Natalie Natasha Nathan Neil Neilia Nicholas Nicola Nicolas Nicole Nigel Nikolai Nikos Nina Nirav
Nora Oksana Oleg Oleksandr Olena Olga Oliver Olivia Omar Oscar Pablo Pamela Patricia Patrick Paul Paula
Pauline Pavel Pedro Peggy Peter Petra Philip Philipp Philippe Phillip Pierre Piers Piotr Priscilla Priya
Rachel Rajiv Ralph Ramesh Ramon Rania Raymond Rebecca Renata Renate Rene René Ricardo Richard Rifaat Rita
Robert Roberta Roberto Roger Roman Ron Ronald Ronna Ronnie Roy Ruth Ryan Sabine Sally Sam Samantha Samira
Samuel Sandra Sanjay Sara Sarah Sasha Scott Sean Sebastian Sergei Sergey Sergio Shane Sheila Shirley Silvia
Simon Simone Sophia Sophie Stefan Stephanie Stephen Steve Steven Stuart Sunil Susan Susanna Susanne Sushil
Suzanne Svetlana Sylvia Takeshi Tamara Tanya Tara Tariq Tatiana Teresa Terry Theodore Theresa Thomas Thérèse
Tiffany Tim Timothy Tina Todd Tom Tommy Tony Tracy Travis Tyler Ulrich Una Ursula Valentina Valerie Vanessa
Vera Veronica Veronika Vicky Victoria Vijay Viktor Vincent Vladimir Walid Walter Wanda Wayne Wendy Werner
Wilhelm William Wolfgang Yair Yannis Yasmin Yoko Yolanda Yonatan Yuri Yusuf Yvette Yvonne Ziad Zoe Zofia
"""
FIRST_NAMES = frozenset(_NAMES.split())
"""Of English, German, French, Spanish, Russian and Arabic news, written as there."""

ALIKE = 2
"""Letters that a first name shares with its short form: Joe and Joseph, Chuck and Charles."""

_LAST_TWO = re.compile(r"(?:([^\W\d_]+)\s)?([^\W\d_]+)\s(?:[^\W\d_]\.\s?)*\Z")
"""The two words before a name, initials aside: "Mary L. Trump"."""


def bears_first_name(before: str, form: str, leaders: Sequence[str]) -> bool:
    """Whether a first name stands before a form that is not the form's own.

    Parameters
    ----------
    before : str
        The folded text before the form.
    form : str
        As it stands in the text; a name in full has its first name already.
    leaders : sequence of str
        Full names of the leaders whom it may mean; empty where it is a name of something else.

    Examples
    --------
    >>> bears_first_name("then Mary L. ", "Trump", ["Donald Trump"])
    True
    >>> bears_first_name("then Barack Hussein ", "Obama", ["Barack Obama"])
    False
    """
    match = _LAST_TWO.search(before)
    if match is None:
        return False
    words = [_as_name(word) for word in match.groups() if word]
    if words[-1] not in FIRST_NAMES:
        return False
    own_names = {without_accents(name) for leader in leaders for name in leader.split()[:-1]}
    # "Barack Hussein Obama", and what precedes a name in full is something else: "told Mary Joe Biden won".
    beside = (*words, _as_name(form.split(maxsplit=1)[0]))
    if own_names & {without_accents(word) for word in beside}:
        return False
    return not any(words[-1][:ALIKE] == name[:ALIKE] for name in own_names)


def _as_name(word: str) -> str:
    return word.title() if word.isupper() else word
