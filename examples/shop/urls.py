from django.apps import apps
from django.urls import include, path

from conversations import views

urlpatterns = [
    path("tallyroom/webhook", views.webhook, name="tallyroom-webhook"),
    path("tallyroom/orders/<number>/talk", views.talk, name="tallyroom-talk"),
    path("tallyroom/orders/<number>/send", views.send, name="tallyroom-send"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include(apps.get_app_config("oscar").urls[0])),
]
