"""One strict reading of hosts and URLs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.bitrix24.addresses import parse_domain, parse_url


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("https://Acme.Bitrix24.com/rest/", "https://acme.bitrix24.com/rest/"),
        ("https://acme.bitrix24.com:443/rest/", "https://acme.bitrix24.com/rest/"),
        ("http://localhost:9001/rest/", "http://localhost:9001/rest/"),
        ("http://intranet:80", "http://intranet"),
        ("https://[2001:DB8::1]:8443/", "https://[2001:db8::1]:8443/"),
        ("https://192.0.2.7/", "https://192.0.2.7/"),
        ("https://xn--e1afmkfd.xn--p1ai/rest/", "https://xn--e1afmkfd.xn--p1ai/rest/"),
        ("https://b24_test.example.com/a?b=c", "https://b24_test.example.com/a?b=c"),
    ],
)
def test_urls_are_normalised(text, normal):
    assert str(parse_url(text)) == normal


@pytest.mark.parametrize(
    "text",
    ["", "https://", "https:///x", "ftp://a.b/", "//a.b/", "a.b", "https://user@a.b/", "https://user:pw@a.b/",
     "https://a.b\\@c.d/", "https://a.b:0/", "https://a.b:65536/", "https://a.b:x/", "https://a..b/",
     "https://-a.b/", "https://a b/", "https://a.b/ x", "https://a.b/\n", "https://a.b\t/", "https://a.b?x",
     "https://2130706433/", "https://0x7f000001/", "https://0177.0.0.1/", "https://127.1/", "https://1.2.3.256/",
     "https://a.b.0x10/", "https://[::1/", "https://[::g]/", "https://[fe80::1%25eth0]/", "https://\uff4cocalhost/",
     "https://⑯⑨.254.169.254/", "https://a.b/" + "x" * 2048, "https://" + "a." * 130 + "b/"],
)  # fmt: skip
def test_everything_else_is_refused(text):
    with pytest.raises(ValueError, match=r"."):
        parse_url(text)


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Acme.bitrix24.com", "acme.bitrix24.com"),
        ("a.b:443", "a.b"),
        ("a.b:80", "a.b"),
        ("localhost:9001", "localhost:9001"),
    ],
)
def test_a_domain_has_no_default_port(text, domain):
    assert parse_domain(text) == domain


@pytest.mark.parametrize("text", ["", "a.b/", "a.b/x", "https://a.b", "a@b", "a.b:"])
def test_a_domain_is_nothing_but_host_and_port(text):
    with pytest.raises(ValueError, match=r"."):
        parse_domain(text)


@given(st.text(max_size=40))
def test_only_value_errors(text):
    for parse in (parse_url, parse_domain):
        try:
            parse(text)
        except ValueError:
            continue


@given(st.from_regex(r"https?://[a-z0-9.\-:\[\]@\\/?#%]{1,30}", fullmatch=True))
def test_a_normal_form_reads_as_itself(text):
    try:
        url = parse_url(text)
    except ValueError:
        return
    assert parse_url(str(url)) == url
