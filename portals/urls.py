from django.urls import path

from portals import application, views
from portals.events.views import events

urlpatterns = [
    path("", views.home, name="home"),
    path("install/", views.install, name="install"),
    path("app/", views.application, name="application"),
    path("app/settings/", application.save_settings, name="application-settings"),
    path("app/export/", application.export, name="application-export"),
    path("app/erase/", application.erase, name="application-erase"),
    path("events/", events, name="events"),
]
