"""The one exception that becomes an error answer of a portal or of the authorization server."""


class ApiError(Exception):
    """An error answer.

    Attributes: `status` HTTP status, `code` the `error` field in the letter case Bitrix24 uses for it,
    `description` the `error_description` field, `argument` the name of the bad argument or "".
    Bitrix24 REST docs: "Error codes".
    """

    def __init__(self, status: int, code: str, description: str = "", *, argument: str = "") -> None:
        super().__init__(f"{status} {code} {description}".strip())
        self.status = status
        self.code = code
        self.description = description
        self.argument = argument

    def body(self) -> dict[str, str]:
        """The JSON object of the answer; keys without a value are left out."""
        body = {"error": self.code}
        if self.description:
            body["error_description"] = self.description
        if self.argument:
            body["argument"] = self.argument
        return body
