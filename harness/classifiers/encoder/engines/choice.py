"""Engines and a few batches in, the fastest of them on this processor out; measured once, then remembered.

What was measured lies in ``engines.json`` of the cache folder (:mod:`harness.values.cache`). It may be
deleted at any time.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import time
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path

from harness.classifiers.encoder.engines.computing import Engine, EngineName, threads
from harness.classifiers.encoder.prediction import computed
from harness.classifiers.encoder.rows import Batch, Rows, shared_batches
from harness.values.cache import cache_folder

REPEATS = 2
FILE = "engines.json"

_EIGHT_BITS = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")
_SIXTEEN_BITS = ("avx512_bf16", "amx_bf16", "bf16")


def measured(engines: Mapping[EngineName, Engine], rows: Rows, padding: int) -> dict[EngineName, float]:
    """Return rows a second of each engine, in the batches that suit it; it computes them once untimed."""
    rates: dict[EngineName, float] = {}
    for name, engine in engines.items():
        batches = list(shared_batches(rows, engine.budget, padding))
        # No core without its share, as there is none where there are many rows.
        batches *= -(-2 * engine.at_once // len(batches)) if engine.at_once > 1 else 1
        seconds = [_timed(engine, batches) for _ in range(1 + REPEATS)][1:]
        rates[name] = sum(len(batch.rows) for batch in batches) / max(min(seconds), 1e-9)
    return rates


def fastest(rates: Mapping[EngineName, float]) -> EngineName:
    """Return the engine with the highest rate; of equal ones the first."""
    return max(rates, key=lambda name: rates[name])


def remembered(model: str) -> dict[EngineName, float] | None:
    """Return what was measured of a model on this processor; None where nothing was, or it is unreadable."""
    known = _known().get(_key(model))
    if not isinstance(known, dict) or not known:
        return None
    return {name: float(rate) for name, rate in known.items() if isinstance(rate, int | float)} or None


def remember(model: str, rates: Mapping[EngineName, float]) -> None:
    """Keep what was measured. A cache that cannot be written is done without: it is measured anew."""
    file = cache_folder() / FILE
    draft = file.with_name(f"{FILE}.{os.getpid()}")
    rounded = {name: round(rate, 1) for name, rate in rates.items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps(_known() | {_key(model): rounded}, indent=1) + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError:
        return


@cache
def said() -> dict[str, str]:
    """Return what the system says of the processor, by its own names; empty where it says nothing."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    # It is said anew for every core.
    return {name.strip().lower(): value.strip() for name, _, value in reversed(list(pairs))}


def flags() -> frozenset[str]:
    """Return the names of the instruction sets that the processor has, as far as they are known."""
    found = said().get("flags") or said().get("features") or ""
    if not found and platform.machine() == "arm64":
        # Apple says it elsewhere; all of its own processors multiply bytes.
        return frozenset({"asimddp"})
    return frozenset(found.split())


def multiplies(name: EngineName) -> bool:
    """Say whether the processor, or for ``bf16`` a GPU, has instructions for an engine's products."""
    wanted = {"fp32": (), "int8": _EIGHT_BITS, "bf16": _SIXTEEN_BITS}[name]
    return not wanted or not flags().isdisjoint(wanted) or (name == "bf16" and bool(gpus()))


def gpus() -> list[str]:
    """Name the GPUs that the system has; none where ``CUDA_VISIBLE_DEVICES`` hides them. Needs no PyTorch."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return []
    return sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))


def processor() -> str:
    """Name what a measurement depends on, the model aside: processor, threads, versions."""
    parts = [platform.machine(), said().get("model name", ""), *sorted(flags()), f"{threads()} threads"]
    parts += [f"{name} {_version(name)}" for name in ("torch", "onnxruntime")]
    parts.append(str(gpus()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _timed(engine: Engine, batches: Sequence[Batch]) -> float:
    began = time.perf_counter()
    for _ in computed(engine, batches):
        pass
    return time.perf_counter() - began


def _key(model: str) -> str:
    return f"{model[:16]} on {processor()}"


def _known() -> dict[str, object]:
    try:
        found = json.loads((cache_folder() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
