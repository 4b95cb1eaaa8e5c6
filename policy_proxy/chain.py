"""The one list of layers, outermost first. Nothing else puts anything together; parts.py makes what
layers are given for that.

    RequestId → Health → Cors → ErrorBarrier → (ClientAddress) → Audit → InTurn → Admission
    → Identify (AuthToken) → TakePolicy → (Shadow) → Enforce → Content → (Intent) → terminal

with ClientAddress where proxies in front are trusted, Shadow where a candidate policy is tried,
Content before Enforce where the rule in force looks at something in the body, and Intent where
audit is strict. An authorizer has Original before Admission, and no Cors.

A request walks down this list and gains one value at each step. The modes differ in nothing but
the terminal at the end; and what an authorizer is asked is first made the request that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial

from oslo_middleware import cors

from policy_proxy import parts
from policy_proxy.admission.content import Content
from policy_proxy.admission.in_turn import InTurn
from policy_proxy.admission.layer import Admission
from policy_proxy.admission.original import Original
from policy_proxy.admission.reading import Readers
from policy_proxy.audit.intent import Intent
from policy_proxy.audit.layer import Audit
from policy_proxy.audit.sink import Sink
from policy_proxy.authentication.layer import Identify
from policy_proxy.backend.client import Backend
from policy_proxy.barrier.client import ClientAddress
from policy_proxy.barrier.error_barrier import ErrorBarrier
from policy_proxy.barrier.headers import SUCCESS, VERDICT
from policy_proxy.barrier.request_id import RequestId
from policy_proxy.barrier.told import Told
from policy_proxy.config import Settings
from policy_proxy.model import Environ, Service, StartResponse, WSGIApp
from policy_proxy.places import Places
from policy_proxy.policy.enforcement import Enforce, TakePolicy
from policy_proxy.policy.shadow import Shadow, Trial
from policy_proxy.policy.watch import PolicyWatch
from policy_proxy.telemetry import looks
from policy_proxy.telemetry.health import Health
from policy_proxy.telemetry.readiness import Look, Readiness
from policy_proxy.terminals.forward import Forward
from policy_proxy.terminals.verdict import Verdict, without_bodies
from policy_proxy.terminals.wrapped import Wrapped

Layer = Callable[[WSGIApp], WSGIApp]


@dataclass(frozen=True, slots=True)
class Chain:
    """The layers put together: a WSGI application, with threads that look after it.

    :param reload: has the policy files read at once, and the audit file opened anew; a signal
        handler may call it.
    :param readiness: what the health check tells.
    """

    app: WSGIApp
    reload: Callable[[], None]
    readiness: Readiness
    stops: tuple[Callable[[], None], ...]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return self.app(environ, start_response)

    def close(self) -> None:
        """End what goes on in the background. No request may come any more."""
        for stop in self.stops:
            stop()


def proxy(settings: Settings, service: Service) -> Chain:
    """The chain in front of a backend that is reached over HTTP.

    :raises ConfigurationError: if a file that the configuration names cannot be used.
    """
    turns = parts.turns(settings)
    backend = Backend(settings.backend)
    forward = Forward(
        backend=backend,
        backend_url=settings.backend.url,
        service=service,
        public_url=settings.server.public_url,
        service_credentials=parts.service_credentials(settings),
        challenge=parts.challenge(settings),
        streams=parts.streams(settings, turns),
    )
    return _chain(settings, service, turns, forward, {"backend": looks.backend(settings.backend)})


def around(settings: Settings, service: Service, app: WSGIApp) -> Chain:
    """The chain around `app`, the service's own application in this process.

    :raises ConfigurationError: if a file that the configuration names cannot be used.
    """
    challenge = parts.challenge(settings)
    wrapped = Wrapped(app, service.operations, settings.server.public_url, challenge)
    return _chain(settings, service, parts.turns(settings), wrapped, {})


def authorizer(settings: Settings, service: Service) -> Chain:
    """The chain that a front end asks. It calls nobody but Keystone.

    :raises ConfigurationError: if a file that the configuration names cannot be used.
    """
    sees_bodies = settings.authorizer.sees_bodies
    verdict = Verdict(sees_bodies=sees_bodies, tells=settings.authorizer.is_told)
    seen = service if sees_bodies else without_bodies(service)
    return _chain(settings, seen, parts.turns(settings), verdict, {}, authorizing=True)


def _chain(
    settings: Settings,
    service: Service,
    turns: Places,
    terminal: WSGIApp,
    more: dict[str, Look],
    *,
    authorizing: bool = False,
) -> Chain:
    watch = PolicyWatch(
        settings.policy, service.defaults, parts.remote_ask(settings.policy), service.attributes
    )
    watch.load_now()
    trial = parts.trial(settings, service)
    readiness = Readiness(
        {"policy": watch.missing, "keystone": looks.keystone(settings.conf), **more},
        settings.health.interval,
    )
    sink = parts.sink(settings)
    app = terminal
    layers = _layers(
        settings, service, turns, watch, trial, readiness, sink, authorizing=authorizing
    )
    for layer in reversed(layers):
        app = layer(app)
    watches = [watch, *([trial.watch] if trial else [])]
    for one in watches:  # last, so that a chain that cannot be put together leaves no thread behind
        one.start()
    if trial:  # only now, in its thread: a large one takes its time, which the start does not wait
        trial.watch.reload()
    readiness.start()
    stops = (*(one.stop for one in watches), readiness.stop, sink.close)
    return Chain(app, partial(_reload, watches, sink), readiness, stops)


def _reload(watches: list[PolicyWatch], sink: Sink) -> None:
    sink.reopen()
    for watch in watches:
        watch.reload()


def _layers(
    settings: Settings,
    service: Service,
    turns: Places,
    watch: PolicyWatch,
    trial: Trial | None,
    readiness: Readiness,
    sink: Sink,
    *,
    authorizing: bool,
) -> list[Layer]:
    limits = settings.limits
    readers = Readers(turns, limits.max_body_readers, limits.max_small_bodies)
    content = partial(Content, service=service, limits=limits, readers=readers)
    return [
        RequestId,
        _health(settings, readiness, watch, trial, sink),
        *(_told(settings) if authorizing else _cors(settings)),
        partial(ErrorBarrier, service=service, shown=VERDICT if authorizing else SUCCESS),
        *_client(settings),
        partial(Audit, sink=sink),
        partial(InTurn, places=turns),
        *([partial(Original, settings=settings.authorizer)] if authorizing else []),
        partial(Admission, service=service, limits=limits),
        partial(
            Identify,
            auth_token=parts.auth_token(settings),
            memory=parts.memory(settings),
            challenge=parts.challenge(settings),
        ),
        partial(TakePolicy, watch=watch),
        partial(content, decisive=True),
        *([partial(Shadow, service=service, trial=trial)] if trial else []),
        partial(Enforce, service=service),
        partial(content, decisive=False),
        *([partial(Intent, sink=sink)] if settings.audit.strict != "off" else []),
    ]


def _health(
    settings: Settings, readiness: Readiness, watch: PolicyWatch, trial: Trial | None, sink: Sink
) -> Layer:
    return partial(
        Health,
        readiness=readiness,
        watch=watch,
        trial=trial,
        lost=lambda: sink.lost,
        refusing=lambda: sink.refusing,
        trusted=settings.health.trusted_addresses,
    )


def _cors(settings: Settings) -> list[Layer]:
    """oslo.middleware's, when `[cors] allowed_origin` is set. It stands outside the barrier so that
    errors carry its headers too: a browser shows a script no 401 without them.
    """
    return [partial(cors.CORS, conf=settings.conf)] if settings.conf.cors.allowed_origin else []


def _told(settings: Settings) -> list[Layer]:
    """For a front end that gets no bodies of refusals."""
    return [Told] if settings.authorizer.is_told else []


def _client(settings: Settings) -> list[Layer]:
    """Where there are proxies in front whose word counts. The health check goes by the peer."""
    header, trusted = settings.server.forwarded_header, settings.server.trusted_proxies
    if header == "none":
        return []
    return [partial(ClientAddress, header=header, trusted=trusted)]
