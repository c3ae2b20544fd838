"""Engines and some batches in, the fastest engine on this machine out; measured once, then cached.

The rates are in ``engines.json`` of the cache folder (:mod:`harness.values.cache`), which may be deleted at
any time.
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

from harness.classifiers.encoder.batching import Batch, TokenizedRows, shared_batches
from harness.classifiers.encoder.engines.computing import EngineName
from harness.classifiers.encoder.prediction import EncoderEngine, compute
from harness.values.cache import cache_folder
from harness.values.threads import thread_count

REPEATS = 2
FILE = "engines.json"

# Names of instruction sets, as Linux lists them.
_EIGHT_BITS = ("avx512_vnni", "avx_vnni", "amx_int8", "asimddp")
_SIXTEEN_BITS = ("avx512_bf16", "amx_bf16", "bf16")


def measure_rates(
    engines: Mapping[EngineName, EncoderEngine], rows: TokenizedRows, padding: int
) -> dict[EngineName, float]:
    """Return rows a second of each engine, in batches that suit it; the best of :data:`REPEATS` runs.

    Parameters
    ----------
    engines : mapping
    rows : TokenizedRows
        At least one.
    padding : int
        The padding token.
    """
    rates: dict[EngineName, float] = {}
    for name, engine in engines.items():
        batches = list(shared_batches(rows, engine.budget, padding))
        # Two batches a core at least: with many rows to label, no core is idle either.
        batches *= -(-2 * engine.parallel // len(batches)) if engine.parallel > 1 else 1
        # The first run warms up and is not counted.
        seconds = [_time(engine, batches) for _ in range(1 + REPEATS)][1:]
        # The best run is the one that other programs disturbed least.
        rates[name] = sum(len(batch.rows) for batch in batches) / max(min(seconds), 1e-9)
    return rates


def fastest(rates: Mapping[EngineName, float]) -> EngineName:
    """Return the engine with the highest rate; of equal ones the first."""
    return max(rates, key=lambda name: rates[name])


def cached_rates(model: str) -> dict[EngineName, float] | None:
    """Return the rates of a model that were measured on this machine; None without usable ones.

    Parameters
    ----------
    model : str
        The SHA-256 of its weights.
    """
    rates = _read_cache().get(_key(model))
    if not isinstance(rates, dict) or not rates:
        return None
    return {name: float(rate) for name, rate in rates.items() if isinstance(rate, int | float)} or None


def cache_rates(model: str, rates: Mapping[EngineName, float]) -> None:
    """Save the rates of a model. Where the cache cannot be written, the next process measures again."""
    file = cache_folder() / FILE
    # Other processes may write at the same time.
    draft = file.with_name(f"{FILE}.{os.getpid()}")
    rounded = {name: round(rate, 1) for name, rate in rates.items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        contents = _read_cache() | {_key(model): rounded}
        draft.write_text(json.dumps(contents, indent=1) + "\n", encoding="utf-8")
        draft.replace(file)
    except OSError:
        return


@cache
def cpu_info() -> dict[str, str]:
    """Return what Linux reports of the processor, by its own names; empty on other systems."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in lines)
    # The report has a block for every core; the first one wins.
    return {name.strip().lower(): value.strip() for name, _, value in reversed(list(pairs))}


def instruction_sets() -> frozenset[str]:
    """Return the names of the instruction sets that the processor has, as far as the system reports them."""
    names = cpu_info().get("flags") or cpu_info().get("features") or ""
    if not names and platform.machine() == "arm64":
        # macOS has no such report; all of Apple's own processors multiply bytes.
        return frozenset({"asimddp"})
    return frozenset(names.split())


def has_instructions_for(name: EngineName) -> bool:
    """Return whether the processor, or for ``bf16`` a GPU, has instructions for an engine's products."""
    sufficient = {"fp32": (), "onnx": (), "int8": _EIGHT_BITS, "bf16": _SIXTEEN_BITS}[name]
    if not sufficient or not instruction_sets().isdisjoint(sufficient):
        return True
    return name == "bf16" and bool(gpus())


def gpus() -> list[str]:
    """Return the names of the GPUs; none where ``CUDA_VISIBLE_DEVICES`` hides them.

    PyTorch is not asked: int8 is served without it, and importing it takes seconds.
    """
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return []
    return sorted(path.name for path in Path("/dev").glob("nvidia[0-9]*"))


def machine_id() -> str:
    """Return a digest of what a rate depends on besides the model: processor, threads, versions, GPUs."""
    parts = [platform.machine(), cpu_info().get("model name", ""), *sorted(instruction_sets())]
    parts.append(f"{thread_count()} threads")
    parts += [f"{name} {_version(name)}" for name in ("torch", "onnxruntime")]
    parts.append(str(gpus()))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _time(engine: EncoderEngine, batches: Sequence[Batch]) -> float:
    """Return the seconds that an engine takes for batches."""
    start = time.perf_counter()
    for _ in compute(engine, batches):
        pass
    return time.perf_counter() - start


def _key(model: str) -> str:
    return f"{model[:16]} on {machine_id()}"


def _read_cache() -> dict[str, object]:
    try:
        contents = json.loads((cache_folder() / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return contents if isinstance(contents, dict) else {}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "none"
