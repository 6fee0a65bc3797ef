"""The list of licences: what is accepted, what is not, and that it is up to date."""

import pytest

from development import licences


@pytest.mark.parametrize(
    ("licence", "accepted"),
    [
        ("MIT", True),
        ("Apache-2.0 OR GPL-3.0-only", True),
        ("Apache-2.0 AND BSD-2-Clause", True),
        ("MIT AND GPL-3.0-only", False),
        ("BSD License; Other/Proprietary License", False),
        ("AGPL-3.0-only", False),
        ("UNKNOWN", False),
    ],
)
def test_what_is_accepted(licence: str, accepted: bool) -> None:
    assert list(licences.refused([("package", licence)])) == ([] if accepted else [("package", licence)])


def test_the_page_is_up_to_date_and_everything_in_it_accepted() -> None:
    assert licences.main("check") is None
    text = licences.PAGE.read_text()
    assert "| django |" in text
    assert "| @bitrix24/b24jssdk |" in text
