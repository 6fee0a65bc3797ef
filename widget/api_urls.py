from django.urls import path

from widget import api

urlpatterns = [
    path("", api.Root.as_view(), name="api-root"),
    path("session/", api.Session.as_view(), name="session"),
    path("notes/", api.NoteList.as_view(), name="note-list"),
    path("notes/<int:note_id>/", api.NoteDetail.as_view(), name="note-detail"),
]
