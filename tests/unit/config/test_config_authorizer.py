from __future__ import annotations

import pytest

from policy_proxy import config
from policy_proxy.config import networks
from policy_proxy.errors import ConfigurationError
from unit.config.test_config import GOOD

NEEDLESS = "[backend]\nurl = http://127.0.0.1:8780\n"


@pytest.fixture
def load(tmp_path):
    def load(section, **more):
        path = tmp_path / "policy-proxy.conf"
        text = GOOD.replace(NEEDLESS, "")
        assert text != GOOD
        path.write_text(f"{text}\n{section}")
        return config.load([str(path)], **{"authorizing": True, **more})

    return load


@pytest.mark.parametrize("front_end", ["nginx", "envoy", "caddy", "traefik"])
def test_an_authorizer_needs_its_front_end_and_no_backend(load, front_end):
    settings = load(f"[authorizer]\nfront_end = {front_end}\n").authorizer
    assert settings.front_end == front_end
    assert networks.is_in("127.0.0.1", settings.trusted_addresses)
    assert not networks.is_in("192.0.2.1", settings.trusted_addresses)
    assert not networks.is_in("", settings.trusted_addresses)
    assert not settings.sees_bodies
    assert (settings.check_path, settings.mount) == ("/authorize", "")


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("", "[authorizer] front_end is not set"),
        (
            "[authorizer]\nfront_end = haproxy",
            "[authorizer] front_end is not valid: write nginx or",
        ),
        ("[authorizer]\nfront_end = nginx\nbody = whole", "body = whole is for Envoy alone"),
        ("[authorizer]\nfront_end = nginx\nbody = part", "[authorizer] body is not valid"),
        ("[authorizer]\nfront_end = nginx\ntrusted_addresses =", "trusted_addresses is empty"),
        (
            "[authorizer]\nfront_end = nginx\ntrusted_addresses = 127.0.0.1,::/0",
            "trusted_addresses has everybody in it",
        ),
        (
            "[authorizer]\nfront_end = nginx\ntrusted_addresses = x",
            "trusted_addresses is not valid",
        ),
        ("[authorizer]\nfront_end = envoy\ncheck_path = /", "check_path must be a plain path"),
        ("[authorizer]\nfront_end = envoy\ncheck_path =", "check_path must be a plain path"),
        ("[authorizer]\nfront_end = envoy\ncheck_path = /a/", "check_path must be a plain path"),
        ("[authorizer]\nfront_end = envoy\ncheck_path = /a%2f", "check_path must be a plain path"),
        ("[authorizer]\nfront_end = nginx\n[cors]\nallowed_origin = http://x", "[cors] allowed_"),
        ("[authorizer]\nfront_ends = nginx", "[authorizer] has no option front_ends"),
    ],
)
def test_what_would_let_in_too_much_or_nobody_is_refused(load, section, said):
    with pytest.raises(ConfigurationError) as caught:
        load(section)
    assert any(said in problem for problem in caught.value.problems), caught.value.problems


def test_a_proxy_does_not_look_at_the_section(load):
    with pytest.raises(ConfigurationError) as caught:
        load("[authorizer]\nfront_end = nginx\nbody = whole\n", authorizing=False)
    (problem,) = caught.value.problems
    assert "[backend] url" in problem


def test_where_nobody_says_which_it_is_for_the_section_does(load, tmp_path):
    with pytest.raises(ConfigurationError):
        load("")
    _, problems = config.inspect([str(tmp_path / "policy-proxy.conf")])
    assert [problem for problem in problems if "[backend] url" in problem]
    load("[authorizer]\nfront_end = nginx\n")
    assert config.inspect([str(tmp_path / "policy-proxy.conf")])[1] == []


def test_the_path_of_the_public_url_is_that_of_the_clients(load):
    section = "[authorizer]\nfront_end = nginx\n[server]\npublic_url = https://c:8778/placement/\n"
    assert load(section).authorizer.mount == "/placement"


def test_the_peers_of_a_unix_socket_may_be_trusted(load):
    settings = load("[authorizer]\nfront_end = nginx\ntrusted_addresses = unix\n").authorizer
    assert networks.is_in("", settings.trusted_addresses)
    assert not networks.is_in("127.0.0.1", settings.trusted_addresses)
