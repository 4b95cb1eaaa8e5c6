"""What layers are given beside the next one: each made from the settings, once for a chain."""

from __future__ import annotations

from functools import partial

from policy_proxy.audit import opening
from policy_proxy.audit.sink import Sink
from policy_proxy.authentication.auth_token import AuthToken
from policy_proxy.authentication.cache import SharedCache, TokenCache
from policy_proxy.authentication.caution import Caution
from policy_proxy.authentication.memory import Memory
from policy_proxy.backend.credentials import ServiceCredentials
from policy_proxy.backend.remote import post
from policy_proxy.config import Settings, authtoken, named
from policy_proxy.config.policy import PolicySettings, candidate_of
from policy_proxy.errors import ConfigurationError
from policy_proxy.model import Headers, Service
from policy_proxy.places import Places
from policy_proxy.policy.remote import Ask, asking, not_asked
from policy_proxy.policy.shadow import Tally, Trial
from policy_proxy.policy.watch import PolicyWatch
from policy_proxy.terminals.streaming import Streams


def auth_token(settings: Settings) -> AuthToken:
    """What asks Keystone about tokens, with its memory."""
    limits = settings.limits
    caution = Caution(limits.max_validations, limits.max_refused_tokens)
    return AuthToken(settings.conf, _token_cache(settings), caution)


def challenge(settings: Settings) -> Headers:
    """What a 401 says of where tokens come from."""
    return (("WWW-Authenticate", authtoken.challenge(settings.conf)),)


def memory(settings: Settings) -> Memory:
    """What remembers who tokens belong to."""
    return Memory(settings.identity_cache, settings.conf.keystone_authtoken.token_cache_time)


def remote_ask(settings: PolicySettings) -> Ask:
    """How `http:` and `https:` checks are asked: not at all, unless the operator allows it."""
    if not settings.allow_remote_checks:
        return not_asked
    return asking(partial(post, settings=settings.remote), settings.remote.content_type)


def service_credentials(settings: Settings) -> ServiceCredentials | None:
    """The proxy's own, if it is to speak to the backend as itself."""
    if settings.backend.credentials == "caller":
        return None
    return ServiceCredentials(settings.conf, settings.backend.auth_section)


def sink(settings: Settings) -> Sink:
    """Where audit records go.

    :raises ConfigurationError: if its file cannot be used.
    """
    try:
        return opening.sink(settings.audit)
    except ConfigurationError as error:
        raise ConfigurationError(named(settings, error.problems)) from None


def streams(settings: Settings, turns: Places) -> Streams:
    """Places for large answers."""
    places = Places(settings.limits.max_streams, settings.limits.queue_timeout)
    return Streams(turns, places, settings.backend.total_timeout)


def _token_cache(settings: Settings) -> TokenCache | SharedCache:
    section = settings.conf.keystone_authtoken
    if not section.memcached_servers:
        return TokenCache(section.token_cache_time)
    return SharedCache(
        section.memcached_servers,
        timeout=section.memcache_pool_socket_timeout,
        dead_retry=section.memcache_pool_dead_retry,
        idle=section.memcache_pool_unused_timeout,
    )


def trial(settings: Settings, service: Service) -> Trial | None:
    """The candidate policy, if there is one. One that cannot be used is told, and harms nothing."""
    candidate = candidate_of(settings.policy)
    if candidate is None:
        return None
    watch = PolicyWatch(
        candidate,
        service.defaults,
        not_asked,
        service.attributes,
        prefix="candidate: ",
        status="on trial",
    )
    return Trial(watch, Tally())


def turns(settings: Settings) -> Places:
    """Places for requests that are worked on."""
    limits = settings.limits
    return Places(limits.max_requests, limits.queue_timeout, crowd=limits.max_queued)
