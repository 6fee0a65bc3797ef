from django.urls import path, re_path

from widget.api import changes, templates, views

urlpatterns = [
    path("", views.Root.as_view(), name="api-root"),
    path("session/", views.Session.as_view(), name="session"),
    path("notes/", views.NoteList.as_view(), name="note-list"),
    path("notes/changes/", changes.Changes.as_view(), name="note-changes"),
    path("notes/here/<slug:page>/", changes.Left.as_view(), name="note-left"),
    path("notes/deleted/", views.Bin.as_view(), name="note-bin"),
    path("notes/preview/", views.Preview.as_view(), name="note-preview"),
    path("notes/<int:note_id>/", views.NoteDetail.as_view(), name="note-detail"),
    path("notes/<int:note_id>/restore/", views.NoteRestore.as_view(), name="note-restore"),
    path("notes/<int:note_id>/pin/", views.NotePin.as_view(), name="note-pin"),
    path("notes/<int:note_id>/boxes/<int:box>/", views.NoteBox.as_view(), name="note-box"),
    path("notes/<int:note_id>/history/", views.NoteHistory.as_view(), name="note-history"),
    path("notes/<int:note_id>/history/<int:version>/", views.NoteVersion.as_view(), name="note-version"),
    path("templates/", templates.Templates.as_view(), name="template-list"),
    path("templates/<int:template_id>/", templates.TemplateDetail.as_view(), name="template-detail"),
    re_path("", views.Nowhere.as_view()),
]
