from __future__ import annotations

from harness.values import seeds


def test_a_stream_is_the_same_everywhere() -> None:
    # sha256("1\x1fsplit")[:4], big endian; worked with coreutils: printf '1\037split' | sha256sum
    import hashlib

    assert seeds.derive(1, "split") == int(hashlib.sha256(b"1\x1fsplit").hexdigest()[:8], 16)


def test_streams_differ_by_root_name_and_grouping() -> None:
    drawn = [
        seeds.derive(1, "split"),
        seeds.derive(2, "split"),
        seeds.derive(1, "carve"),
        seeds.derive(1, "spl", "it"),
        seeds.derive(1, "split", 0),
    ]
    assert len(set(drawn)) == len(drawn)


def test_generators_repeat() -> None:
    first, second = (seeds.generator(3, "draws").random(4).tolist() for _ in range(2))
    assert first == second
