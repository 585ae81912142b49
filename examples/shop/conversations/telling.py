"""Tells Tallyroom what it has to know of this shop, again and again until it knows. No order waits for it."""
import logging
import time

from django.db.models import F

from conversations.hearing import TYPES
from conversations.invoice import transaction_of
from conversations.models import Conversation, Webhook
from conversations.tallyroom import call

PAUSE, PAUSE_AFTER_FAILURE = 1, 5  # seconds
log = logging.getLogger(__name__)


def tell_for_ever(webhook_url):
    while not try_to(connect, webhook_url):
        time.sleep(PAUSE_AFTER_FAILURE)
    while True:
        behind = Conversation.objects.filter(told__lt=F("changes")).select_related("order")
        went_well = [try_to(tell, conversation) for conversation in behind]
        time.sleep(PAUSE if all(went_well) else PAUSE_AFTER_FAILURE)


def try_to(do, about):
    try:
        do(about)
        return True
    except Exception:
        log.exception("Tallyroom was not told. It will be.")
        return False


def connect(url):
    """Makes the webhook when the shop runs for the first time. Later it may be at another port, and is up again: so what
    waits does not wait any longer."""
    webhook = Webhook.objects.first()
    if webhook:
        call("PATCH", f"/webhooks/{webhook.id}", {"url": url, "enabled": True})
    else:
        made = call("POST", "/webhooks", {"url": url, "types": TYPES})
        Webhook.objects.create(id=made["id"], secret=made["secret"])


def tell(conversation):
    """Brings a transaction to where its order is. It may stop at any place, and is then done again."""
    order, changes = conversation.order, conversation.changes
    if not conversation.transaction:
        made = call("POST", "/transactions", transaction_of(order))
        call("POST", f"/transactions/{made['id']}/messages", {"text": "Thank you for your order!"},
             key=f"thanks-for-{order.number}")
        conversation.transaction = made["id"]
    path = f"/transactions/{conversation.transaction}"
    known = {payment["reference"] for payment in call("GET", f"{path}/payments")["payments"]}
    for event in order.payment_events.filter(event_type__code="paid"):
        reference = f"payment-{event.pk}"
        if reference not in known:
            call("POST", f"{path}/payments", {"amount": str(event.amount), "reference": reference},
                 key=f"order-{order.number}-{reference}")
    call("PATCH", path, {"status": order.status})
    conversation.told = changes
    conversation.save(update_fields=["transaction", "told"])
