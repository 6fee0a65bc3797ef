from django.urls import path, re_path

from widget import api

urlpatterns = [
    path("", api.Root.as_view(), name="api-root"),
    path("session/", api.Session.as_view(), name="session"),
    path("notes/", api.NoteList.as_view(), name="note-list"),
    path("notes/changes/", api.Changes.as_view(), name="note-changes"),
    path("notes/deleted/", api.Bin.as_view(), name="note-bin"),
    path("notes/preview/", api.Preview.as_view(), name="note-preview"),
    path("notes/<int:note_id>/", api.NoteDetail.as_view(), name="note-detail"),
    path("notes/<int:note_id>/restore/", api.NoteRestore.as_view(), name="note-restore"),
    path("notes/<int:note_id>/pin/", api.NotePin.as_view(), name="note-pin"),
    path("notes/<int:note_id>/boxes/<int:box>/", api.NoteBox.as_view(), name="note-box"),
    path("notes/<int:note_id>/history/", api.NoteHistory.as_view(), name="note-history"),
    path("notes/<int:note_id>/history/<int:version>/", api.NoteVersion.as_view(), name="note-version"),
    re_path("", api.Nowhere.as_view()),
]
