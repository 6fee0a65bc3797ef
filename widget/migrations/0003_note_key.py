from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # Built beside the running application: no table is locked, whatever its size.
    atomic = False

    dependencies = [
        ("widget", "0002_notes_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="note",
            name="key",
            field=models.UUIDField(editable=False, null=True),
        ),
        AddIndexConcurrently(
            model_name="note",
            index=models.Index(
                condition=models.Q(("key__isnull", False)),
                fields=["chat", "author_id", "key"],
                name="note_key",
            ),
        ),
    ]
