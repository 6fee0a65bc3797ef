"""Markdown: what people expect is there, what could hurt them is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from widget.markdown import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** _it_ ~~gone~~", "<p><strong>bold</strong> <em>it</em> <s>gone</s></p>"),
        ("one\ntwo", "<p>one<br>\ntwo</p>"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>"),
        ("`code`", "<p><code>code</code></p>"),
    ],
)
def test_common_markdown(text: str, expected: str) -> None:
    assert render(text).html.strip() == expected


def test_a_plain_address_becomes_a_link_that_passes_nothing_on() -> None:
    html = render("see https://example.com/x?a=1&b=2").html
    assert 'href="https://example.com/x?a=1&amp;b=2"' in html
    assert 'rel="noopener noreferrer nofollow"' in html
    assert 'target="_blank"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![x](https://tracker.example/p.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        '[x](https://a "onmouseover=alert(1)")',
        "<a href='javascript:alert(1)'>x</a>",
        "<style>*{display:none}</style>",
        "<iframe src=https://evil.example>",
        "[x](vbscript:msgbox)",
        "<svg/onload=alert(1)>",
    ],
)
def test_nothing_active_survives(text: str) -> None:
    html = render(text).html
    for piece in (
        "<script",
        "<img",
        "<style",
        "<iframe",
        "<svg",
        'href="javascript',
        'href="data',
        'href="vb',
    ):
        assert piece not in html.lower()


@given(st.text())
def test_any_text_renders(text: str) -> None:
    assert "<script" not in render(text).html.lower()
