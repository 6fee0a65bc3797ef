from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Built beside the running application: no table is locked, whatever its size.
    atomic = False

    dependencies = [
        ("portals", "0007_operator_records"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="apicall",
            index=models.Index(
                condition=models.Q(("error_code__gt", "")),
                fields=["portal", "-created_at"],
                name="apicall_portal_errors",
            ),
        ),
        AddIndexConcurrently(
            model_name="apicall",
            index=models.Index(
                condition=models.Q(("error_code__gt", "")),
                fields=["error_code", "-id"],
                name="apicall_errors",
            ),
        ),
        AddIndexConcurrently(
            model_name="portal",
            index=models.Index(
                fields=["domain"], name="portal_domain_prefix", opclasses=["varchar_pattern_ops"]
            ),
        ),
        AddIndexConcurrently(
            model_name="portal",
            index=models.Index(fields=["status", "status_reason"], name="portal_status_reason"),
        ),
        AddIndexConcurrently(
            model_name="portal",
            index=models.Index(
                condition=models.Q(("last_used_at", models.F("installed_at")), ("status", "active")),
                fields=["-id"],
                name="portal_never_opened",
            ),
        ),
        AddIndexConcurrently(
            model_name="portalevent",
            index=models.Index(fields=["portal", "-received_at"], name="portalevent_timeline"),
        ),
        AddIndexConcurrently(
            model_name="portalevent",
            index=models.Index(
                condition=models.Q(("status", "failed")), fields=["portal"], name="portalevent_failed"
            ),
        ),
        AddIndexConcurrently(
            model_name="portaltoken",
            index=models.Index(
                condition=models.Q(("dead_at__isnull", False), ("failures__gt", 0), _connector="OR"),
                fields=["-id"],
                name="portaltoken_unwell",
            ),
        ),
        AddIndexConcurrently(
            model_name="portaltransition",
            index=models.Index(fields=["old", "new", "created_at"], name="transition_change"),
        ),
    ]
