"""Sends to Tallyroom what it has to know of this shop, again and again until it has it. No order waits for it."""
import logging
import time

from django.db import close_old_connections
from django.db.models import F
from httpx import HTTPStatusError

from conversations.incoming import TYPES, read_record
from conversations.models import Conversation, Taken, Webhook
from conversations.tallyroom import call

PAUSE, PAUSE_AFTER_FAILURE = 1, 5  # seconds
log = logging.getLogger(__name__)


def run(webhook_url):
    """Runs as long as the shop does, whatever goes wrong."""
    is_connected = False
    while True:
        close_old_connections()  # a connection that is broken is opened again
        is_connected = is_connected or succeeds(connect, webhook_url)
        is_sent = succeeds(send_what_waits)
        time.sleep(PAUSE if is_connected and is_sent else PAUSE_AFTER_FAILURE)


def succeeds(step, *about):
    try:
        step(*about)
        return True
    except Exception:
        log.exception("A step failed. It will be tried again.")
        return False


def connect(url):
    """Makes the webhook when the shop runs for the first time. Later the shop may be at another port, and is up again: so
    what waits does not wait any longer, and what was given up is sent again."""
    webhook = Webhook.objects.first() or Webhook.objects.create(url=url)
    try:
        if not webhook.secret:
            # If the answer is lost, the same key and address get the same webhook.
            made = call("POST", "/webhooks", {"url": webhook.url, "types": TYPES}, key=str(webhook.key))
            webhook.tallyroom_id, webhook.secret = made["id"], made["secret"]
            webhook.save()
        path = f"/webhooks/{webhook.tallyroom_id}"
        call("PATCH", path, {"url": url, "enabled": True})
        while call("POST", f"{path}/replay")["more"]:
            pass
    except HTTPStatusError as error:
        was_deleted = error.response.status_code == 404
        if was_deleted or not webhook.secret and error.response.is_client_error:
            webhook.delete()  # the next try makes another one, with another key
        raise


def send_what_waits():
    behind = Conversation.objects.filter(told__lt=F("changes")).select_related("order")
    unread = Taken.objects.filter(left_out__transaction__gt="").select_related("left_out")
    results = [succeeds(send, conversation) for conversation in behind]
    results += [succeeds(read_record, taken) for taken in unread]
    if not all(results):
        raise RuntimeError("Not everything was sent.")


def send(conversation):
    """Brings a transaction to where its order is. It may stop at any place, and is then done again."""
    order, changes = conversation.order, conversation.changes
    if not conversation.transaction:
        hand_in(conversation)
    path = f"/transactions/{conversation.transaction}"
    known = {payment["reference"] for payment in call("GET", f"{path}/payments")["payments"]}
    for event in order.payment_events.filter(event_type__code="paid"):
        reference = f"payment-{event.pk}"
        if reference not in known:
            payment = {"amount": str(event.amount), "date": event.date_created.date().isoformat(),
                       "reference": reference}
            call("POST", f"{path}/payments", payment, key=f"order-{order.number}-{reference}")
    # Only if it changed here: at Tallyroom a buyer may have disputed the invoice meanwhile.
    if order.status != conversation.told_status:
        call("PATCH", path, {"status": order.status})
    conversation.told, conversation.told_status = changes, order.status
    conversation.save(update_fields=["told", "told_status"])


def hand_in(conversation):
    made = call("POST", "/transactions", conversation.content)
    call("POST", f"/transactions/{made['id']}/messages", {"text": "Thank you for your order!"},
         key=f"thanks-for-{conversation.order.number}")
    conversation.transaction, conversation.told_status = made["id"], conversation.content["status"]
    conversation.save(update_fields=["transaction", "told_status"])
