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
        default=8,
        min=1,
        help="Request bodies of more than 64 KiB that one worker reads at the same time; they are "
        "held in memory. One more waits half a second for its turn, then it is a 503.",
    ),
    cfg.IntOpt(
        "max_small_bodies",
        default=256,
        min=1,
        help="The same for bodies of up to 64 KiB. Each body keeps a thread, beside [server] "
        "threads, for as long as its client takes to send it.",
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
        "max_requests",
        min=1,
        help="Requests that one worker handles at the same time. One more waits for its turn. "
        "Unset: [server] threads; under another server set it to that server's threads.",
    ),
    cfg.IntOpt(
        "max_queued",
        default=32,
        min=1,
        help="Threads of each worker of `serve`, beside [server] threads, in which requests wait "
        "for their turn, and a tenth of the most refusals in a second: in an overload, refusals "
        "cost time that those who are let in could use.",
    ),
    cfg.FloatOpt(
        "queue_timeout",
        default=5.0,
        min=0,
        max=3600,
        help="Seconds that a request waits for its turn, then it is a 503. Once nobody's turn has "
        "come without waiting for as long, it waits for a tenth of a second, or as long as "
        "max_queued takes.",
    ),
    cfg.IntOpt(
        "max_streams",
        default=16,
        min=1,
        help="Answers of more than 256 KiB that one worker sends at the same time: each keeps a "
        "thread, beside [server] threads, while its client reads. One more GET waits as in "
        "queue_timeout, then it is a 503. A client has [backend] total_timeout for each.",
    ),
    cfg.IntOpt(
        "max_validations",
        min=1,
        help="Requests of one worker that ask Keystone about a token at the same time. One more "
        "waits for five seconds, or until Keystone answered nobody for one; then it is a 503. "
        "Tokens that are remembered need no turn. Unset: a quarter of max_requests, 16 at most.",
    ),
    cfg.IntOpt(
        "max_refused_tokens",
        default=100,
        min=1,
        max=1_000_000,
        help="Most tokens that Keystone may refuse one worker in a second. Until it is over, "
        "requests with other unknown tokens are a 503 without asking, so that a flood of made-up "
        "ones does not occupy Keystone.",
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
    max_small_bodies: int
    max_target_bytes: int
    max_header_bytes: int
    max_headers: int
    max_json_depth: int
    max_requests: int
    max_queued: int
    queue_timeout: float
    max_streams: int
    max_validations: int
    max_refused_tokens: int
    remembered_requests: int

    @property
    def waiting(self) -> int:
        """Threads of one worker that may wait for their client at the same time."""
        return self.max_streams + self.max_body_readers + self.max_small_bodies

    def threads(self, working: int) -> int:
        """Of one worker of `serve`: for so many requests that are worked on, and for those that
        wait, for their turn or for their client.
        """
        return working + self.max_queued + self.waiting


def read(conf: cfg.ConfigOpts) -> LimitSettings:
    group = conf[GROUP]
    given = {opt.dest: group[opt.dest] for opt in OPTS}
    requests = given["max_requests"] or conf[server.GROUP].threads
    validations = given["max_validations"] or min(max(1, requests // 4), 16)
    return LimitSettings(**{**given, "max_requests": requests, "max_validations": validations})


def problems(settings: LimitSettings, threads: int) -> list[str]:
    """What is wrong with this section for a server with so many threads, a sentence each."""
    found = []
    if settings.max_requests > threads:
        found.append(
            f"[limits] max_requests = {settings.max_requests} is above [server] threads = "
            f"{threads}: `serve` has no thread for the others; raise threads instead"
        )
    if settings.max_validations >= settings.max_requests > 1:
        found.append(
            f"[limits] max_validations = {settings.max_validations} is not below max_requests = "
            f"{settings.max_requests}: a slow Keystone could take every turn; lower it"
        )
    return found
