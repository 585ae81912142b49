"""What the shop knows of conversations. What was said comes by webhooks."""
from uuid import uuid4

from django.conf import settings
from django.db import models


class Conversation(models.Model):
    """The transaction of an order at Tallyroom."""
    order = models.OneToOneField("order.Order", models.CASCADE, related_name="conversation")
    content = models.JSONField()  # what is handed in, which has to be the same whenever it is sent
    transaction = models.CharField(max_length=26, blank=True)  # its id there, once it is handed in
    # How often the order changed, and up to which change Tallyroom was told.
    changes = models.PositiveIntegerField(default=1)
    told = models.PositiveIntegerField(default=0)
    told_status = models.CharField(max_length=100, blank=True)

    @property
    def new_form(self):
        """Distinguishes a form from any other one, so that what is sent twice with it is said once."""
        return uuid4()

    def lines(self):
        """What was said, in its order, as it reads now."""
        entries = list(self.entries.order_by("said_at", "seq"))
        edits = [entry for entry in entries if entry.edits and not entry.is_removed]
        now = {edit.edits: edit for edit in sorted(edits, key=lambda edit: edit.seq)}
        lines = [entry for entry in entries if not entry.edits]
        for line in lines:
            line.edit = now.get(line.event)
        return lines


class Entry(models.Model):
    """A message, or the edit of one."""
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="entries")
    event = models.CharField(max_length=255, unique=True)
    edits = models.CharField(max_length=255, blank=True)  # the event that it edits
    seq = models.PositiveBigIntegerField()
    said_at = models.DateTimeField()
    party = models.CharField(max_length=16)
    name = models.CharField(max_length=255)
    text = models.TextField(blank=True)
    is_removed = models.BooleanField(default=False)


class Taken(models.Model):
    """An event of Tallyroom that was taken. It may come again."""
    id = models.CharField(max_length=32, primary_key=True)
    # Whose record has to be read, because the event came without its entry.
    left_out = models.ForeignKey(Conversation, models.CASCADE, null=True)


class MatrixAccount(models.Model):
    """The Matrix account that a customer has told the shop."""
    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="matrix_account")
    matrix = models.CharField(max_length=255)


class Webhook(models.Model):
    """The webhook of this shop at Tallyroom: one row. Its key and address are here before it is made."""
    key = models.UUIDField(primary_key=True, default=uuid4)
    url = models.CharField(max_length=255)
    tallyroom_id = models.CharField(max_length=26, blank=True)
    secret = models.CharField(max_length=128, blank=True)
