"""What is wrong at the end: what clients know against the audit file, the line and Placement."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from soak.asked import UNANSWERED, Asked, Done
from soak.clients import Client, Thing
from soak.site import Site
from soak.troubles import Trouble

STALE = 30.0
"""Seconds that an old policy may go on deciding: twice 0.8 s for a look, on a busy machine more."""

Records = dict[str, list[dict[str, Any]]]


def recorded(site: Site) -> Records:
    """The lines about requests, intents included, by request id."""
    found: Records = defaultdict(list)
    for record in site.records():
        if record["event"] in ("request", "intent"):
            found[record["request_id"]].append(record)
    return found


def wrong_decisions(site: Site, asked: Iterable[Asked], records: Records) -> Iterator[str]:
    """Each answer that its policy does not give: by oslo.policy's word about the revision in the
    record, with the operation that the client asked for and the identity that Keystone vouches for.
    """
    who = {name: frozenset(site.credentials(name).items()) for name in {a.caller for a in asked}}
    for one in asked:
        for record in records.get(one.request_id, ()):
            outcome = record.get("outcome", "allowed")
            if outcome in ("allowed", "denied"):
                yield from _wrong(site, one, record, outcome, who[one.caller])


def _wrong(
    site: Site, asked: Asked, record: dict[str, Any], outcome: str, who: frozenset[Any]
) -> Iterator[str]:
    name, target = record["revision"], record["target"]
    if record["operation"] != asked.rule or not asked.target.items() <= target.items():
        yield f"{asked.request_id}: another operation was decided: {record['operation']} {target}"
    elif not site.decisions.knows(name):
        yield f"{asked.request_id}: decided by a policy that never lay there: {name}"
    elif _stale(site, asked, name):
        yield f"{asked.request_id}: decided by a policy that was replaced long before: {name}"
    else:
        allowed = site.decisions.allowed(name, asked.rule, frozenset(target.items()), who)
        if allowed is not (outcome == "allowed"):
            yield f"{asked.request_id}: {outcome}, and revision {name} says otherwise"
        if (asked.status == 403) is not (outcome == "denied") and asked.status != UNANSWERED:
            yield f"{asked.request_id}: {outcome}, but the client was told {asked.status}"


def _stale(site: Site, asked: Asked, name: str) -> bool:
    ends = [at for at, _ in site.in_force[1:]] + [float("inf")]
    return not any(
        revision == name and since <= asked.ended and until + STALE >= asked.began
        for (since, revision), until in zip(site.in_force, ends, strict=True)
    )


def unrecorded(site: Site, asked: Iterable[Asked], records: Records) -> Iterator[str]:
    """Each request that was answered, or a write of which went to Placement, and has no record; or
    that has more than one.
    """
    sent = site.backend.writes
    for one in asked:
        events = Counter(record["event"] for record in records.get(one.request_id, ()))
        if one.status != UNANSWERED and events["request"] != 1:
            yield f"{one.request_id}: answered with {one.status}, and {events['request']} records"
        elif one.request_id in sent and not events:
            yield f"{one.request_id}: {one.method} {one.path} was sent, and there is no record"


def lost_or_doubled(site: Site, clients: list[Client]) -> Iterator[str]:
    """Each write that Placement has not, has twice, or has although it was refused."""
    for name, times in site.backend.writes.items():
        if times > 1:
            yield f"{name}: this write was sent {times} times"
    for one in (asked for client in clients for asked in client.asked):
        if one.writes and one.done is Done.NO and site.backend.writes[one.request_id]:
            yield f"{one.request_id}: answered with {one.status}, and was sent all the same"
        if one.writes and one.done is Done.YES and not site.backend.writes[one.request_id]:
            yield f"{one.request_id}: answered with {one.status}, and was never sent"
    there = {
        one["uuid"]: one["generation"]
        for one in site.placement("/resource_providers")["resource_providers"]
    }
    for client in clients:
        for thing in client.providers:
            yield from _provider(thing, there.get(thing.name))
        consumers = site.placement(f"/resource_providers/{client.host}/allocations")["allocations"]
        for thing in client.consumers:
            if wrong := _presence(thing, there=thing.name in consumers):
                yield f"allocation {thing.name}: {wrong}"


def _provider(thing: Thing, generation: int | None) -> Iterator[str]:
    if wrong := _presence(thing, there=generation is not None):
        yield f"provider {thing.name}: {wrong}"
    elif generation is not None and thing.written not in (None, generation):
        yield f"provider {thing.name}: written {thing.written} times, and it says {generation}"


def _presence(thing: Thing, *, there: bool) -> str:
    if thing.there is Done.YES and not there:
        return "it was made, and is not there"
    if thing.there is Done.NO and there:
        return "it was never made, or deleted, and is there"
    return ""


def client_errors(
    asked: Iterable[Asked], troubles: list[Trouble]
) -> tuple[list[str], dict[str, Counter[str]]]:
    """Those that nothing explains; and the others, counted by what explains them and status."""
    bad, explained = [], defaultdict[str, Counter[str]](Counter)
    for one in asked:
        if one.expected:
            continue
        said = str(one.status or f"no answer ({one.error})")
        why = next((trouble.name for trouble in troubles if trouble.explains(one)), None)
        if why is None:
            bad.append(f"{one.request_id}: {one.caller}: {one.method} {one.path}: {said}")
        else:
            explained[why][said] += 1
    return bad, dict(explained)
