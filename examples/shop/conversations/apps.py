from django.apps import AppConfig


class ConversationsConfig(AppConfig):
    """The conversation about each order, which is held in a room of Tallyroom."""
    name = "conversations"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from conversations import signals  # noqa: F401
