"""Markdown: what people expect is there, what could hurt them is not."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portals.models import Portal
from tests.support.opens import Api, Opens, frame_data
from widget.notebook.markdown import render


@pytest.fixture
def api(opens: Opens, installed: Callable[..., Portal]) -> Api:
    installed()
    return opens.api(frame_data(opens.widget("alpha", 3, "chat22"))["session"])


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


EVERYTHING = """
# 1
## 2
### 3
#### 4
##### 5
###### 6
> quote

---

    block

* **strong** _em_ ~~gone~~ `code` [words](https://a.example "title")
- [ ] task

7. seven

one
two

| a | b |
|:--|--:|
| c | d |
"""


@pytest.mark.parametrize(
    "expected",
    [
        *(f"<h{level}>{level}</h{level}>" for level in range(1, 7)),
        "<blockquote>\n<p>quote</p>\n</blockquote>",
        "<hr>",
        "<pre><code>block\n</code></pre>",
        "<strong>strong</strong> <em>em</em> <s>gone</s> <code>code</code>",
        'title="title"',
        '<li class="task"><label><input type="checkbox"',
        '<ol start="7">\n<li>seven</li>\n</ol>',
        "<p>one<br>\ntwo</p>",
        '<table>\n<thead>\n<tr>\n<th class="align-left">a</th>\n<th class="align-right">b</th>\n</tr>\n</thead>',
        '<tbody>\n<tr>\n<td class="align-left">c</td>\n<td class="align-right">d</td>\n</tr>\n</tbody>\n</table>',
    ],
)
def test_all_that_people_can_write_is_shown(expected: str) -> None:
    assert expected in render(EVERYTHING).html


@pytest.mark.parametrize(
    "address", ["https://a.example", "http://a.example", "mailto:a@a.example", "tel:+4930"]
)
def test_where_links_may_lead(address: str) -> None:
    assert f'href="{address}"' in render(f"[words]({address})").html


@pytest.mark.parametrize(
    "address", ["ftp://a.example", "file:///etc/passwd", "bitrix24://x", "data:text/plain,x"]
)
def test_where_links_may_not_lead(address: str) -> None:
    assert "href" not in render(f"[words]({address})").html


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("one\ntwo", "one\ntwo"),
        ("# a **b** `c`", "a b c"),
        ("[words](https://hidden.example)", "words"),
        ("    block", "block\n"),
        ("- [x] done", "done"),
    ],
)
def test_what_is_read(text: str, words: str) -> None:
    assert render(text).words == words


def test_a_line_alone_is_seen() -> None:
    assert render("***").html.strip() == "<hr>"


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


def test_the_first_line_keeps_its_indentation(api: Api) -> None:
    note = api.add("\n \n    code()\n\n- a \n \n")
    assert note["text"] == "    code()\n\n- a"
    assert "<pre><code>code()" in note["html"]


@pytest.mark.parametrize(("rule", "side"), [(":-", "left"), ("-:", "right"), (":-:", "center")])
def test_tables_are_aligned_without_a_style(rule: str, side: str) -> None:
    html = render(f"|a|\n|{rule}|\n|b|").html
    assert f'<th class="align-{side}">a</th>' in html
    assert f'<td class="align-{side}">b</td>' in html
    assert "style" not in html


def test_links_without_a_host_lead_to_the_portal(api: Api) -> None:
    html = api.add("[deal](/crm/deal/details/5/) [https](https://a.example/b) [mail](mailto:a@b.example)")[
        "html"
    ]
    portal = Portal.objects.get().origin
    assert f'href="{portal}/crm/deal/details/5/"' in html
    assert 'href="https://a.example/b"' in html
    assert 'href="mailto:a@b.example"' in html
    preview = api.call("POST", "notes/preview/", {"text": "[deal](/crm/deal/details/5/)"}).json()["html"]
    assert f'href="{portal}/crm/deal/details/5/"' in preview


@pytest.mark.parametrize(
    "address", ["javascript:alert(1)", "//evil.example/", "data:text/html,x", "\\\\evil.example"]
)
def test_a_base_makes_no_address_active(address: str) -> None:
    html = render(f"[x]({address})", "https://portal.example").html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
