from django.urls import path

from widget import views

urlpatterns = [path("", views.widget, name="widget"), path("editor/", views.editor, name="editor")]
