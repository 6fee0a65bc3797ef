from django.urls import path

from portals import views

urlpatterns = [
    path("", views.home, name="home"),
    path("install/", views.install, name="install"),
    path("app/", views.application, name="application"),
]
