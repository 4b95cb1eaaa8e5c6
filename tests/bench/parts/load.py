"""Throughput and latency of all candidates, along one axis at a time from one place in the middle:
a GET of 1 kB over 16 connections with 100 tokens and a backend that answers at once.
"""

from __future__ import annotations

from collections.abc import Iterator

from bench import loaded, work
from bench.loaded import Shape
from bench.parts import Setting
from bench.rounds import Scene

GUARDS = ("ours", "stock", "nginx + stock", "Envoy + stock")
FEWER_THREADS = ("bare, 2 threads", "bare, 4 threads")
CONNECTIONS, TOKENS = 16, 100
MANY = 128


def scenes(setting: Setting) -> Iterator[Scene]:
    """All candidates run from the first scene to the last, and are measured in turns."""
    everyone = (*GUARDS, "bare", *(() if setting.quick else FEWER_THREADS), "nginx plain")
    few = ("ours", "bare", "nginx plain")
    get, second = work.get(), setting.seconds
    shapes = [
        (Shape(get, CONNECTIONS, TOKENS, second), everyone),
        (Shape(get, 1, TOKENS, second), few if setting.quick else everyone),
    ]
    for delay in (10, 50):
        names = ("ours", "bare") if setting.quick else everyone
        shapes.append((Shape(work.get(delay), MANY, TOKENS, second), names))
    if not setting.quick:
        shapes += [
            (Shape(get, MANY, TOKENS, second), everyone),
            (Shape(work.get(10), CONNECTIONS, TOKENS, second), everyone),
            (Shape(work.get(50), CONNECTIONS, TOKENS, second), everyone),
            (Shape(work.PUT, CONNECTIONS, TOKENS, second), everyone),
            (Shape(work.POST, CONNECTIONS, 1, second), everyone),
            (Shape(work.STREAM, CONNECTIONS, 1, second), everyone),
        ]
    with loaded.started(setting.world, everyone) as running:
        for shape, names in shapes:
            yield Scene(
                name(shape),
                words(shape),
                tuple(loaded.run(setting.world, one, running[one], shape) for one in names),
                facts(shape),
            )


def name(shape: Shape) -> str:
    return f"load/{shape.work.name}/{shape.connections}/{shape.tokens}/{_delay(shape)}"


def words(shape: Shape) -> str:
    connections = "1 connection" if shape.connections == 1 else f"{shape.connections} connections"
    tokens = "1 token" if shape.tokens == 1 else f"{shape.tokens:,} tokens"
    delay = f", backend {_delay(shape)} ms" if _delay(shape) else ""
    return f"{shape.work.name}, {connections}, {tokens}{delay}"


def facts(shape: Shape) -> dict[str, object]:
    return {
        "work": shape.work.name,
        "connections": shape.connections,
        "tokens": shape.tokens,
        "delay_ms": _delay(shape),
        "seconds": shape.seconds,
    }


def _delay(shape: Shape) -> int:
    """Milliseconds that the backend takes: the path says them."""
    return next((d for d in work.DELAYS if work.get(d).path == shape.work.path), 0)
