from django.db import migrations

# The schedule was written twice: by post_migrate, and under these names by CELERY_BEAT_SCHEDULE (ADR 0013).
NAMES = (
    "dispatch-events",
    "reconcile-stale",
    "check-presence",
    "erase-due",
    "purge-notes",
    "prune-logs",
)


def remove_second_entries(apps, schema_editor):
    apps.get_model("django_celery_beat", "PeriodicTask").objects.filter(name__in=NAMES).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("portals", "0004_late_uninstall"),
        ("portals", "0004_operator_acts"),
        ("django_celery_beat", "0001_initial"),
    ]

    operations = [migrations.RunPython(remove_second_entries, migrations.RunPython.noop, elidable=True)]
