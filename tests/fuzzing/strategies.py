"""What hypothesis makes: text that breaks things, JSON of any shape, and mutations of what is valid."""

from typing import Any

from hypothesis import strategies as st

AWKWARD = [
    "", " ", "\x00", "\n", "\r\n", "\u2028", "\ud800", "\u017fg5", "\u212a", "²", "٢", "İ", "ß",
    "\U0001d7d9", "\ufeff", "-0", "+1", "1e400", "NaN", "Infinity", "null", "[]", "{}", "9" * 19,
    "9" * 4500, "2147483648", "9223372036854775808", "0x10", "chat22", "sg5", "crm7", "CHAT022", "true",
    "<script>", "'", '"', "%", "%00", "\\", "../..", "a" * 600, "://", "https://a.example/rest/",
    "http://[::1]:8443/", "https://a.b:65536/", "127.0.0.1", "[::ffff:1.2.3.4]", "a..b", "a.b.",
    "$result[a]", "{{ 7 }}", "[[[[", "- [ ] a", "- [x] b\n  - [ ] c", "> - [ ] q", "|a|\n|-|\n|b|", "```",
    "[a](b)",
]  # fmt: skip

texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.text(max_size=40),
    st.lists(st.sampled_from(AWKWARD), max_size=4).map("".join),
)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(-(10**30), 10**30), st.floats(), texts
)  # fmt: skip
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=8,
)


def mutated(valid: dict[str, Any], values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A valid mapping with up to three values replaced, some left out and some added."""

    def change(parts: tuple[dict[str, Any], set[str], dict[str, Any]]) -> dict[str, Any]:
        replaced, dropped, added = parts
        return {
            name: value for name, value in ({**valid, **added, **replaced}).items() if name not in dropped
        }

    names = st.sampled_from(sorted(valid))
    return st.tuples(
        st.dictionaries(names, values, max_size=3),
        st.sets(names, max_size=2),
        st.dictionaries(texts, values, max_size=2),
    ).map(change)
