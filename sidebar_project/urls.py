"""URLs. Section 4 of the design fixes these addresses: they stand in thousands of portals."""

from django.contrib import admin
from django.urls import include, path
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from sidebar_project import health
from sidebar_project.metrics import metrics

# What is asked most comes first.
urlpatterns = [
    path("widget/", include("widget.urls")),
    path("api/v1/", include("widget.api.urls")),
    path("", include("portals.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("admin/second-factor/", include("operators.urls")),
    path("admin/", admin.site.urls),
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics),
]
