from django.urls import path

from portals import views
from portals.events.views import events

urlpatterns = [
    path("", views.home, name="home"),
    path("install/", views.install, name="install"),
    path("app/", views.application, name="application"),
    path("events/", events, name="events"),
]
