from django.apps import AppConfig


class OperatorsConfig(AppConfig):
    name = "operators"
    verbose_name = "Operators"

    def ready(self) -> None:
        from django.db.models.signals import post_migrate  # noqa: PLC0415

        from operators import checks, roles, sign_in  # noqa: F401, PLC0415 - they register themselves

        # Not by a decorator: the module may be imported before django.contrib.auth is ready to make permissions.
        post_migrate.connect(roles.keep, dispatch_uid="operators.roles")
