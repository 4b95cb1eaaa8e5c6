"""`[limits]`: how much of anything a client may send."""

from __future__ import annotations

from dataclasses import dataclass

from oslo_config import cfg

from policy_proxy.config import server

GROUP = "limits"
OPTS = [
    cfg.IntOpt(
        "max_body_bytes",
        default=8 * 1024 * 1024,
        min=0,
        help="Largest request body in bytes. One more byte is a 413.",
    ),
    cfg.IntOpt(
        "max_body_readers",
        min=1,
        help="Most request bodies that one worker reads and parses at the same time, so that slow "
        "or large ones leave threads for everything else: it must be below [server] threads. One "
        "more waits a second for its turn, then it is a 503. Unset: half of [server] threads, 8 "
        "at most.",
    ),
    cfg.IntOpt(
        "max_target_bytes",
        default=60_000,
        min=1024,
        help="Largest path and query together, in bytes as sent. Beyond it: 414. nova sends "
        "GET /traits with some 20 KiB of names, so keep it above 32 KiB. Of what `serve` gets, "
        "granian itself refuses more than 65,534 bytes, without a body.",
    ),
    cfg.IntOpt(
        "max_header_bytes",
        default=32768,
        min=1024,
        help="Largest sum of all header names and values, in bytes. Beyond it: 431.",
    ),
    cfg.IntOpt(
        "max_headers",
        default=80,
        min=8,
        help="Most header fields. Beyond it: 431. Of what `serve` gets, granian itself refuses "
        "more than 100, without a body.",
    ),
    cfg.IntOpt(
        "max_json_depth",
        default=32,
        min=8,
        help="Deepest nesting of a JSON body. Placement's own bodies are at most 7 deep. Beyond "
        "it: 400.",
    ),
    cfg.IntOpt(
        "remembered_requests",
        default=4096,
        min=0,
        help="How many different requests one worker remembers as understood: the next one with "
        "the same method, path, query, microversion and Accept header is not read anew. It says "
        "nothing of who asks: that, and policy, are asked each time. Up to 9 KiB each; those "
        "with more than 1,024 characters or 32 query parameters are not remembered. 0: none are.",
    ),
]


@dataclass(frozen=True, slots=True)
class LimitSettings:
    """See the options' help for the meaning and unit of each field."""

    max_body_bytes: int
    max_body_readers: int
    max_target_bytes: int
    max_header_bytes: int
    max_headers: int
    max_json_depth: int
    remembered_requests: int


def read(conf: cfg.ConfigOpts) -> LimitSettings:
    group = conf[GROUP]
    given = {opt.dest: group[opt.dest] for opt in OPTS}
    half = max(1, conf[server.GROUP].threads // 2)
    return LimitSettings(**{**given, "max_body_readers": given["max_body_readers"] or min(half, 8)})


def problems(settings: LimitSettings, threads: int) -> list[str]:
    """What is wrong with this section for a server with so many threads, a sentence each."""
    readers = settings.max_body_readers
    if threads == 1 or readers < threads:
        return []
    said = f"[limits] max_body_readers = {readers} is not below [server] threads = {threads}"
    return [f"{said}: slow bodies could take every thread; lower it"]
