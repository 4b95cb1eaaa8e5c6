from __future__ import annotations

import microversion_parse
import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy_proxy.admission import microversion
from policy_proxy.errors import Malformed


@pytest.mark.parametrize(
    ("header", "version"),
    [
        ("", ""),
        ("placement 1.39", "1.39"),
        ("PLACEMENT  1.39 ", "1.39"),
        ("placement latest", "latest"),
        ("compute 2.1", ""),
        ("compute 2.1, placement 1.20", "1.20"),
        ("compute 2.1,compute 2.2,", ""),
        ("placement 1.20, placement 1.20", "1.20"),
        ("1.20", ""),
        ("placement", ""),
        ("placement 0.5", "0.5"),
        ("placement 1.99", "1.99"),
        ("placement 1.20" + "," * 1010, "1.20"),
    ],
)
def test_the_version_for_our_service(header, version):
    assert microversion.parse(header, "placement") == version


@pytest.mark.parametrize(
    ("header", "sentence"),
    [
        ("placement pony.horse", "invalid version string: pony.horse"),
        ("placement 1.2.3", "invalid version string: 1.2.3"),
        ("placement 1", "invalid version string: 1"),
        ("placement 01.2", "invalid version string: 01.2"),
        ("placement 1.02", "invalid version string: 1.02"),
        ("placement 1.00000", "invalid version string: 1.00000"),
        ("placement LATEST", "invalid version string: LATEST"),
        ("placement -1.0", "invalid version string: -1.0"),
        ("placement 1.2 3", "invalid version string"),
        ("placement 1_0.2", "invalid version string: 1_0.2"),
        ("placement \u0661.\u0662", "invalid version string"),
        ("placement <b>1</b>", "invalid version string"),
        ("placement " + "1" * 33, "invalid version string"),
        ("placement 1.20, placement 1.30", "the request asks for more than one."),
        ("placement 1.20, Placement latest", "the request asks for more than one."),
        ("placement 1.20" + "," * 1011, "the header is too long."),
    ],
)
def test_what_is_no_version_is_refused_and_repeated_only_if_harmless(header, sentence):
    with pytest.raises(Malformed) as refused:
        microversion.parse(header, "placement")
    assert refused.value.detail == f"Invalid microversion: {sentence}"


@given(
    st.lists(
        st.sampled_from(["placement", "compute", " ", ",", "1.39", "1.2", "latest", "x"]),
        max_size=8,
    ).map("".join)
)
def test_the_service_reads_the_canonical_header_as_we_read_the_original(header):
    try:
        version = microversion.parse(header, "placement")
    except Malformed:
        return
    original = {"openstack-api-version": header}
    assert version == (microversion_parse.get_version(original, "placement") or "")
    if version:
        canonical = {"openstack-api-version": microversion.header_value(version, "placement")}
        assert microversion_parse.get_version(canonical, "placement") == version
