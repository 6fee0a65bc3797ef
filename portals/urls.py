from django.urls import path

from portals.incoming import application_api, views
from portals.incoming.events.views import events

urlpatterns = [
    path("", views.home, name="home"),
    path("install/", views.install, name="install"),
    path("app/", views.application, name="application"),
    path("app/settings/", application_api.save_settings, name="application-settings"),
    path("app/export/", application_api.export, name="application-export"),
    path("app/erase/", application_api.erase, name="application-erase"),
    path("events/", events, name="events"),
]
