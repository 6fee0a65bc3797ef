from django.urls import path

from operators import views

urlpatterns = [
    path("", views.second_factor_page, name="second-factor"),
    path("replace/", views.replace, name="second-factor-replace"),
    path("recovery-codes/", views.recovery_codes, name="second-factor-recovery-codes"),
]
