"""What happens to an order in the shop is noted here, in the same database transaction. `outgoing` sends it."""
from django.db.models import F
from django.db.models.signals import post_save
from django.dispatch import receiver
from oscar.apps.order.signals import order_placed, order_status_changed
from oscar.core.loading import get_model

from conversations.invoice import transaction_of
from conversations.models import Conversation


@receiver(order_placed)
def begin(order, **_):
    order.refresh_from_db()  # with its sums as they are stored
    Conversation.objects.create(order=order, content=transaction_of(order))


@receiver(order_status_changed)
def note_status(order, **_):
    note_change(order)


@receiver(post_save, sender=get_model("order", "PaymentEvent"))
def note_payment(instance, **_):
    note_change(instance.order)


def note_change(order):
    Conversation.objects.filter(order=order).update(changes=F("changes") + 1)
