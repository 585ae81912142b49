"""Writes what was said in the rooms to the tables of the shop. It is told by webhooks, in order for each order."""
from django.db.models import Q

from conversations.models import Conversation, Entry, Taken

TYPES = ["entry.created", "entry.edited", "entry.redacted", "entry.erased"]
SHOWN = ["text", "emote", "image", "file", "audio", "voice", "video", "edit"]


def take(event):
    """Each event counts once, however often it comes. Runs in the database transaction of its request."""
    entry = event["data"].get("entry")
    if event["type"] not in TYPES or not entry:
        return
    is_new = Taken.objects.get_or_create(id=event["id"])[1]
    conversation = Conversation.objects.filter(order__number=event["transaction"]["external_id"]).first()
    if not is_new or not conversation:
        return
    related = (entry["relates_to"] or {}).get("event_id")
    match event["type"]:
        case "entry.created" | "entry.edited":
            write(conversation, entry, related)
        case "entry.redacted" if not entry["ignored"]:
            remove(Q(event=related) | Q(edits=related))
        case "entry.erased":
            remove(Q(event=entry["event_id"]))


def write(conversation, entry, related):
    is_from_people = entry["party"] in ("buyer", "seller")
    if not is_from_people or entry["kind"] not in SHOWN or entry["ignored"]:
        return
    is_removed = entry["redacted"] or bool(entry["erased"])
    Entry.objects.get_or_create(event=entry["event_id"], defaults={
        "conversation": conversation,
        "edits": related if entry["kind"] == "edit" else "",
        "seq": entry["seq"],
        "said_at": entry["sort_at"],
        "party": entry["party"],
        "name": entry["display_name"] or entry["sender"],
        "text": "" if is_removed else entry["text"] or "",
        "is_removed": is_removed,
    })


def remove(which):
    Entry.objects.filter(which).update(text="", is_removed=True)
