"""Static files in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Hashed names for imported modules too, so that a script and its imports always belong together."""

    support_js_module_import_aggregation = True
