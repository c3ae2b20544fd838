"""Numbers in, text for tables, messages and reports out: the one place that decides digits and dashes."""

from __future__ import annotations

import math

# A standard deviation over one seed, an interval over too few items: an empty cell would look like a mistake.
MISSING = "–"
"""Written for a number that does not exist."""

# With 10,000 draws, the smallest p-value of a resampling test is 0.0002: further digits would be noise.
SMALLEST_P = 0.001
"""Smaller p-values are written as "less than" this."""


def number(value: float, *, places: int = 3, signed: bool = False, missing: str = MISSING) -> str:
    """Write a score, or with ``signed`` a difference of scores.

    Parameters
    ----------
    value : float
    places : int
        Decimals. Three are enough to tell scores apart: on 1,000 items the standard error of a share is
        about 0.015.
    signed : bool
        Whether positive numbers get a plus sign.
    missing : str
        Written for NaN.

    Examples
    --------
    >>> number(0.61849), number(0.02, signed=True), number(-0.0001, signed=True), number(float("nan"))
    ('0.618', '+0.020', '0.000', '–')
    """
    if math.isnan(value):
        return missing
    text = f"{value:+.{places}f}" if signed else f"{value:.{places}f}"
    # "-0.000" would read as a loss.
    return text if float(text) else text.lstrip("+-")


def counted(n: int, noun: str, plural: str = "") -> str:
    """Write how many there are of something.

    Parameters
    ----------
    n : int
    noun : str
        In the singular.
    plural : str
        Left out, the noun with an s.

    Examples
    --------
    >>> counted(1, "article"), counted(1200, "row"), counted(0, "party", "parties")
    ('1 article', '1,200 rows', '0 parties')
    """
    return f"{n:,} {noun if n == 1 else plural or noun + 's'}"


def agreeing(n: int, singular: str, plural: str) -> str:
    """Return the form of a verb or a pronoun that goes with a count.

    Examples
    --------
    >>> agreeing(1, "is", "are"), agreeing(0, "is", "are")
    ('is', 'are')
    """
    return singular if n == 1 else plural


def interval(low: float, high: float, *, places: int = 3, signed: bool = False, between: str = " to ") -> str:
    """Write the bounds of an interval; a dash where there is none (``low`` is NaN).

    Examples
    --------
    >>> interval(0.4761, 0.5812), interval(0.4761, 0.5812, between="–"), interval(-0.1, 0.2, signed=True)
    ('0.476 to 0.581', '0.476–0.581', '-0.100 to +0.200')
    """
    if math.isnan(low):
        return MISSING
    return between.join(number(bound, places=places, signed=signed) for bound in (low, high))


def percent(share: float, *, unit: str = "%", missing: str = MISSING) -> str:
    """Write a share in [0, 1] as a whole percentage.

    Examples
    --------
    >>> percent(0.124), percent(0.124, unit=" %"), percent(float("nan"))
    ('12%', '12 %', '–')
    """
    # Not the format ``.0%``, since some sentences write a space before the sign.
    return missing if math.isnan(share) else f"{100 * share:.0f}{unit}"


def percent_interval(low: float, high: float, *, between: str = "–", unit: str = " %") -> str:
    """Write the bounds of a share's interval as whole percentages; a dash where there is none.

    Examples
    --------
    >>> percent_interval(0.12, 0.184), percent_interval(0.12, 0.184, between=" to ", unit="")
    ('12–18 %', '12 to 18')
    """
    return MISSING if math.isnan(low) else f"{100 * low:.0f}{between}{100 * high:.0f}{unit}"


def p_value(value: float, *, less: str = "< ") -> str:
    """Write a p-value with three decimals; below :data:`SMALLEST_P` only that it is smaller.

    Parameters
    ----------
    value : float
        In [0, 1], or NaN.
    less : str
        The sign in front of the limit; narrow tables leave the space out.

    Examples
    --------
    >>> p_value(0.0341), p_value(0.0002), p_value(0.0002, less="<"), p_value(float("nan"))
    ('0.034', '< 0.001', '<0.001', '–')
    """
    return f"{less}{SMALLEST_P}" if value < SMALLEST_P else number(value)


def duration(seconds: float, *, places: int = 0, minutes_from: float = math.inf) -> str:
    """Write how long something takes; nothing at all where that is unknown (NaN).

    Parameters
    ----------
    seconds : float
    places : int
        Decimals of the seconds; minutes are whole.
    minutes_from : float
        In seconds: from here on, minutes are written.

    Examples
    --------
    >>> duration(7.25, places=1), duration(150), duration(150, minutes_from=120), duration(float("nan"))
    ('7.2 s', '150 s', '2 min', '')
    """
    if math.isnan(seconds):
        return ""
    return f"{seconds:.{places}f} s" if seconds < minutes_from else f"{seconds / 60:.0f} min"


def needed_items(needed: float, difference: float) -> str:
    """Write how many items a difference needs to become significant.

    Parameters
    ----------
    needed : float
        Infinite where the spread over seeds alone hides the difference: more items would not show it.
    difference : float
        A dash is written where it is 0: no number of items shows it.

    Examples
    --------
    >>> needed_items(3021.2, 0.02), needed_items(math.inf, 0.02), needed_items(3021.2, 0.0)
    ('3,021', 'seeds', '–')
    """
    if math.isnan(needed) or difference == 0:
        return MISSING
    return "seeds" if math.isinf(needed) else f"{needed:,.0f}"


def rounded_up(items: float) -> int:
    """Round a number of items up to two digits, because it is an estimate.

    Examples
    --------
    >>> rounded_up(3_021), rounded_up(87), rounded_up(100)
    (3100, 87, 100)
    """
    step: int = 10 ** max(0, len(str(int(items))) - 2)
    return math.ceil(items / step) * step


def about(n: int) -> str:
    """Write an estimate with two digits.

    Examples
    --------
    >>> about(123_456), about(7)
    ('120,000', '7')
    """
    return f"{int(float(f'{n:.2g}')):,}"
