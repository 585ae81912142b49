"""The webhook of Tallyroom, and what people do on the pages of their orders."""
from uuid import UUID, uuid5

from django.contrib import messages
from django.contrib.admin.views.decorators import staff_member_required
from django.contrib.auth.decorators import login_required
from django.db.transaction import non_atomic_requests
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from httpx import HTTPError
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from conversations import incoming
from conversations.models import Conversation, Webhook
from conversations.tallyroom import call


@csrf_exempt
@require_POST
def webhook(request):
    """Takes an event. Whatever is not answered with 2xx comes again."""
    try:
        secret = Webhook.objects.get(secret__gt="").secret
        event = Verifier(secret).verify(request.body, dict(request.headers))
    except (WebhookVerificationError, ValueError, Webhook.DoesNotExist):  # ValueError: the signature is malformed
        return HttpResponse(status=401)
    incoming.take(event)
    return HttpResponse(status=204)


@non_atomic_requests  # nobody else waits for the database meanwhile
@login_required
@require_POST
def talk(request, number):
    """Leads customers to the invoice page of their order, where they can write."""
    conversation = get_object_or_404(Conversation, order__number=number, order__user=request.user)
    link = call("POST", f"/transactions/{conversation.transaction}/links",
                {"party": "buyer", "contact": request.user.email, "expires_in": 600})
    return redirect(link["url"])


@non_atomic_requests
@staff_member_required
@require_POST
def send(request, number):
    """Sends to the room what staff write on the dashboard. It is shown when it comes back by the webhook."""
    conversation = get_object_or_404(Conversation, order__number=number)
    # A form that is sent twice is said once, and with other words it is another message.
    text = request.POST["text"]
    key = uuid5(UUID(request.POST["form"]), text)
    try:
        call("POST", f"/transactions/{conversation.transaction}/messages",
             {"text": text, "name": request.user.get_full_name()}, key=str(key))
    except HTTPError as error:
        messages.error(request, f"This was not sent: {error}")
    return redirect("dashboard:order-detail", number=number)
