from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("widget", "0003_note_key"),
    ]

    operations = [
        migrations.AddField(
            model_name="note",
            name="folded",
            field=models.TextField(db_default="", default="", editable=False),
        ),
    ]
