"""The one field that asks for a code."""

from django import forms
from unfold.widgets import UnfoldAdminTextInputWidget  # type: ignore[import-untyped]

_LONGEST = 16


class CodeForm(forms.Form):
    """A code of an authenticator or a recovery code; people type both in groups."""

    code = forms.CharField(
        label="Code",
        max_length=2 * _LONGEST,
        widget=UnfoldAdminTextInputWidget(
            attrs={"autocomplete": "one-time-code", "autofocus": True, "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        """Without what separates groups, in lower case."""
        return "".join(self.cleaned_data["code"].split()).replace("-", "").lower()
