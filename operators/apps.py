from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    name = "operators"
    verbose_name = "Operators"

    def ready(self) -> None:
        from operators import roles, sign_in  # noqa: F401, PLC0415 - registers receivers
