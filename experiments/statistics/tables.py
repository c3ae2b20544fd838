"""Results of the simulation in, the tables of its README out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import pandas as pd

README = Path(__file__).with_name("README.md")
BEGIN, END = "<!-- tables: written by {script} -->", "<!-- end of tables -->"
VERDICTS = ("passed", "undecided", "failed", "not applicable")
SIZED = ("favg_target_mean", "ece_equal_mass")
"""Metrics whose value depends on the size of the test set, whatever the classifier."""

DEBIASED = "rmsce_debiased"
"""The calibration error that does not, about the error over bins; its intervals have a table of their own."""


def write(results: pd.DataFrame, path: Path = README) -> None:
    """Replace the tables of ``simulate.py``."""
    replace_section("simulate.py", _tables(results), path)


def write_audit_power(verdicts: pd.DataFrame, path: Path = README) -> None:
    """Replace the table of ``audit_power.py``."""
    replace_section("audit_power.py", _audit_power(verdicts), path)


def write_costs_and_mix(results: pd.DataFrame, path: Path = README) -> None:
    """Replace the table of ``costs_and_mix.py``."""
    replace_section("costs_and_mix.py", _costs_and_mix(results), path)


def write_parity(results: pd.DataFrame, path: Path = README) -> None:
    """Replace the table of ``parity.py``."""
    replace_section("parity.py", _parity(results), path)


def write_rare(results: pd.DataFrame, path: Path = README) -> None:
    """Replace the table of ``rare.py``."""
    replace_section("rare.py", _rare(results), path)


def write_trained_anew(results: pd.DataFrame, path: Path = README) -> None:
    """Replace the tables of ``trained_anew.py``."""
    replace_section("trained_anew.py", _trained_anew(results), path)


def replace_section(script: str, lines: Iterable[str], path: Path = README) -> None:
    """Replace what stands between the marks of a script."""
    begin = BEGIN.format(script=script)
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    after = rest.partition(END)[2]
    body = "\n".join(lines)
    path.write_text(f"{before}{begin}\n\n{body}\n\n{END}{after}", encoding="utf-8")


def _audit_power(verdicts: pd.DataFrame) -> Iterator[str]:
    sizes = sorted(verdicts["items"].unique())
    yield f"| audit | classifier | {' | '.join(f'{n} items' for n in sizes)} |"
    yield f"|---|---|{'---:|' * len(sizes)}"
    for (audit, classifier), rows in verdicts.groupby(["audit", "classifier"], sort=False):
        cells = []
        for n in sizes:
            counts = rows[rows["items"] == n].set_index("verdict")["count"]
            shares = (100 * counts.reindex(VERDICTS, fill_value=0) / counts.sum()).round().astype(int)
            cells.append(" / ".join(map(str, shares)))
        yield f"| {audit} | {classifier} | {' | '.join(cells)} |"


def _costs_and_mix(results: pd.DataFrame) -> Iterator[str]:
    # One column a metric: of those with a value for each label, the lowest coverage.
    scores = {
        "expected_cost": "expected_cost",
        "expected_cost_shifted": "expected_cost_shifted",
        "accuracy_shifted": "accuracy_shifted",
        "f1_macro_shifted": "f1_macro_shifted",
        "f1_shifted_": "f1_shifted, lowest",
        "precision_shifted_": "precision_shifted, lowest",
    }
    yield f"| articles × sentences | seeds | mix | {' | '.join(scores.values())} |"
    yield f"|---|---:|---|{'---:|' * len(scores)}"
    for key, rows in results.groupby(["sentences", "seeds", "articles", "mix"], sort=False):
        sentences, n_seeds, articles, mix = key
        cells = []
        for name in scores:
            inside = rows["score"].str.startswith(name) if name.endswith("_") else rows["score"] == name
            lowest = rows[inside].sort_values("share").iloc[0]
            cells.append(f"{100 * lowest['share']:.1f} ({lowest['width']:.2f})")
        yield f"| {articles:,} × {sentences:g} | {n_seeds} | {mix} | {' | '.join(cells)} |"


def _parity(results: pd.DataFrame) -> Iterator[str]:
    shares = ("all hold", "each holds", "largest alone holds", "found", "any found", "any found, Holm")
    yield f"| articles × sentences | parties, outlets | errors | alike | gap | {' | '.join(shares)} | width |"
    yield f"|---|---|---:|---:|---:|{'---:|' * len(shares)}---:|"
    for row in results.to_dict("records"):
        cells = " | ".join(f"{100 * row[name]:.1f}" for name in shares)
        sizes = f"{row['articles']} × {row['sentences']} | {row['parties']}, {row['outlets']}"
        yield f"| {sizes} | {row['errors']} | {row['alike']} | {row['gap']} | {cells} | {row['width']:.2f} |"


def _rare(results: pd.DataFrame) -> Iterator[str]:
    scores = list(dict.fromkeys(results["score"]))
    yield f"| articles | items of the rare label | {' | '.join(scores)} |"
    yield f"|---|---:|{'---:|' * len(scores)}"
    for (articles, expected), rows in results.groupby(["articles", "expected"], sort=False):
        cells = []
        for name in scores:
            of_score = rows[rows["score"] == name]
            shares = 100 * of_score["share"]
            cells.append(f"{shares.min():.1f} / {shares.mean():.1f} ({of_score['width'].mean():.2f})")
        yield f"| {articles} | {expected} | {' | '.join(cells)} |"


def _trained_anew(results: pd.DataFrame) -> Iterator[str]:
    folds = results[results["question"] == "folds"]
    if len(folds):
        yield "Folds, in per cent, mean width of the interval in brackets:\n"
        columns = ["articles", "features", "folds × repeats", "covers, anew", "covers, items alone"]
        columns += ["rejects, anew", "rejects, items alone", "width of a difference"]
        yield f"| {' | '.join(columns)} |"
        yield "|---:|---:|---:|---:|---:|---:|---:|---:|"
        for row in folds.sort_values(["features", "folds", "repeats", "articles"]).to_dict("records"):
            yield (
                f"| {row['articles']:.0f} | {row['features']:.0f} | {row['folds']:.0f} × {row['repeats']:.0f}"
                f" | {100 * row['covered']:.1f} ({row['width']:.3f})"
                f" | {100 * row['covered_items']:.1f} ({row['width_items']:.3f})"
                f" | {100 * row['rejected']:.1f} | {100 * row['rejected_items']:.1f}"
                f" | {row['width_difference']:.3f} |"
            )
        yield ""
    seeded = results[results["question"] == "seeds"]
    if len(seeded):
        sizes = sorted(seeded["items"].unique())
        yield "Equally good classifiers told apart on one test set, in per cent (width of the interval):\n"
        yield f"| seeds of each | {' | '.join(f'{size:,.0f} items' for size in sizes)} |"
        yield f"|---:|{'---:|' * len(sizes)}"
        for n_seeds, rows in seeded.groupby("seeds"):
            cells = {row["items"]: row for row in rows.to_dict("records")}
            shown = [
                f"{100 * cells[size]['rejected']:.1f} ({cells[size]['width']:.3f})" if size in cells else "–"
                for size in sizes
            ]
            yield f"| {n_seeds:.0f} | {' | '.join(shown)} |"


def _tables(results: pd.DataFrame) -> Iterator[str]:
    covered = results[results["question"] == "coverage"]
    plain = covered[~covered["what"].isin((*SIZED, DEBIASED))]
    for conditions in ("inside", "outside"):
        rows = plain[plain["conditions"] == conditions]
        if len(rows):
            yield f"Coverage of the 95 % interval, {conditions} the conditions, in per cent:\n"
            yield from _coverage(rows)
            yield ""
    sized = covered[covered["what"].isin(SIZED)]
    if len(sized):
        yield "Coverage of the value on infinitely many items, and of the mean over test sets of this size:\n"
        yield from _sized(sized)
        yield ""
    debiased = covered[covered["what"] == DEBIASED]
    if len(debiased):
        yield "Coverage of the debiased calibration error over bins, on infinitely many items:\n"
        yield from _debiased(debiased)
        yield ""
    alarms = results[results["question"] == "false positives"]
    if len(alarms):
        yield "Equal runs told apart, in per cent (at most 5 are allowed):\n"
        yield from _alarms(alarms)


def _coverage(rows: pd.DataFrame) -> Iterator[str]:
    columns = ("setting", "groups", "seeds", "seed sd / item se", "lowest", "mean", "highest", "repeats")
    yield f"| {' | '.join(columns)} |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for name, of_setting in rows.groupby("setting", sort=False):
        first, shares = of_setting.iloc[0], of_setting["share"]
        ratio = of_setting["seed_sd_to_item_se"].mean()
        yield (
            f"| {name} | {first['clusters']:.0f} | {first['seeds']:.0f}"
            f" | {'–' if pd.isna(ratio) else format(ratio, '.2f')}"
            f" | {_named(of_setting, shares.idxmin())}"
            f" | {100 * shares.mean():.1f} | {_named(of_setting, shares.idxmax())}"
            f" | {first['repeats']:,.0f} |"
        )


def _named(rows: pd.DataFrame, index: object) -> str:
    row = rows.loc[index]
    return f"{100 * row['share']:.1f} ({row['what']})"


def _sized(rows: pd.DataFrame) -> Iterator[str]:
    yield "| setting | metric | items | limit | mean at this size | covers limit | covers this size |"
    yield "|---|---|---:|---:|---:|---:|---:|"
    for row in rows.to_dict("records"):
        yield (
            f"| {row['setting']} | {row['what']} | {row['items']:.0f} | {row['truth']:.3f}"
            f" | {row['mean']:.3f} | {100 * row['share']:.1f} | {100 * row['share_of_mean']:.1f} |"
        )


def _debiased(rows: pd.DataFrame) -> Iterator[str]:
    yield "| setting | items | seeds | true | mean | coverage | mean width | repeats |"
    yield "|---|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows.to_dict("records"):
        yield (
            f"| {row['setting']} | {row['items']:.0f} | {row['seeds']:.0f} | {row['truth']:.3f}"
            f" | {row['mean']:.3f} | {100 * row['share']:.1f} | {row['width']:.3f} | {row['repeats']:,.0f} |"
        )


def _alarms(rows: pd.DataFrame) -> Iterator[str]:
    tests = list(dict.fromkeys(rows["what"]))
    yield f"| setting | groups | seeds | {' | '.join(tests)} | repeats |"
    yield f"|---|---:|---:|{'---:|' * len(tests)}---:|"
    for name, of_setting in rows.groupby("setting", sort=False):
        shares = dict(zip(of_setting["what"], of_setting["share"], strict=True))
        cells = [f"{100 * shares[test]:.1f}" if test in shares else "–" for test in tests]
        first = of_setting.iloc[0]
        yield (
            f"| {name} | {first['clusters']:.0f} | {first['seeds']:.0f} | {' | '.join(cells)}"
            f" | {first['repeats']:,.0f} |"
        )
