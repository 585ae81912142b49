"""A small shop with django-oscar. All that is about Tallyroom stands at the end."""
import os
from decimal import Decimal
from pathlib import Path

import oscar
from oscar.defaults import *  # noqa: F403

HERE = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("SHOP_FOLDER", HERE / "data"))  # its database and its pictures
FOLDER.mkdir(parents=True, exist_ok=True)

# A shop that others can reach has a secret of its own, and no debug mode.
SECRET_KEY = os.environ.get("SHOP_SECRET", "for this machine only")
DEBUG = "SHOP_SECRET" not in os.environ
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]

INSTALLED_APPS = ["conversations", *oscar.INSTALLED_APPS, "sorl.thumbnail"]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "oscar.apps.basket.middleware.BasketMiddleware",
    "pricing.with_vat",
]
TEMPLATES = [{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": [HERE / "templates"],
    "APP_DIRS": True,
    "OPTIONS": {"context_processors": [
        "django.template.context_processors.request",
        "django.contrib.auth.context_processors.auth",
        "django.contrib.messages.context_processors.messages",
        "oscar.apps.search.context_processors.search_form",
        "oscar.apps.checkout.context_processors.checkout",
        "oscar.core.context_processors.metadata",
    ]},
}]
AUTHENTICATION_BACKENDS = ["oscar.apps.customer.auth_backends.EmailBackend",
                           "django.contrib.auth.backends.ModelBackend"]
HAYSTACK_CONNECTIONS = {"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}}
DATABASES = {"default": {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": FOLDER / "shop.db",
    "ATOMIC_REQUESTS": True,  # an order is there with its conversation, or not at all
    "OPTIONS": {"timeout": 30, "transaction_mode": "IMMEDIATE"},
}}
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
ROOT_URLCONF = "urls"
SITE_ID = 1
STATIC_URL, MEDIA_URL, MEDIA_ROOT = "/static/", "/media/", FOLDER / "media"
TIME_ZONE, USE_TZ = "UTC", True
DEFAULT_AUTO_FIELD = "django.db.models.AutoField"

OSCAR_SHOP_NAME = "Acme"
OSCAR_DEFAULT_CURRENCY = "EUR"
OSCAR_INITIAL_ORDER_STATUS = OSCAR_INITIAL_LINE_STATUS = "Awaiting payment"
# Tallyroom understands these words, so none has to be translated for it.
OSCAR_ORDER_STATUS_PIPELINE = {
    "Awaiting payment": ("Paid", "Cancelled"),
    "Paid": ("Shipped", "Cancelled"),
    "Shipped": ("Completed",),
    "Completed": (),
    "Cancelled": (),
}
VAT_RATE = Decimal("0.19")

# ---- Tallyroom

TALLYROOM_URL = os.environ.get("TALLYROOM_URL", "http://127.0.0.1:8080")
TALLYROOM_KEY = os.environ.get("TALLYROOM_KEY", "unset")  # with the scopes write, read, links and events
SELLER = {
    "name": "Acme Ltd",
    "vat_id": "DE123456789",
    "address": {"lines": ["Holzweg 1"], "city": "Kiel", "postal_code": "24103", "country": "DE"},
    # Who answers for the shop: by Matrix, or on the invoice page without an account.
    "contacts": [{"matrix": os.environ["SELLER_MATRIX"]}] if "SELLER_MATRIX" in os.environ else [],
}
PAYMENT = {"means": "58", "iban": "DE02120300000000202051"}
DAYS_TO_PAY = 14
