"""Writes what was said in the rooms to the tables of the shop. It comes by webhooks, in order for each order."""
from django.db.models import Q

from conversations.models import Conversation, Entry, Taken
from conversations.tallyroom import call

TYPES = ["entry.created", "entry.edited", "entry.redacted", "entry.erased"]
SHOWN = ["text", "emote", "image", "file", "audio", "voice", "video", "edit"]


def take(event):
    """Each event counts once, however often it comes. Runs in the database transaction of its request."""
    if event["type"] not in TYPES:
        return
    taken, is_new = Taken.objects.get_or_create(id=event["id"])
    conversation = Conversation.objects.filter(order__number=event["transaction"]["external_id"]).first()
    if not is_new or not conversation:
        return
    entry = event["data"].get("entry")
    if not entry:
        # It was too large. It is read later, so that this answer does not wait for another one.
        taken.left_out = conversation
        taken.save()
        return
    match event["type"]:
        case "entry.created" | "entry.edited":
            write(conversation, entry)
        case "entry.redacted" if not entry["ignored"]:
            related = related_to(entry)
            remove(Q(event=related) | Q(edits=related))
        case "entry.erased":
            remove(Q(event=entry["event_id"]))


def read_record(taken):
    """Reads the record of a transaction, since an event without its entry does not say which entry that is."""
    path, after, more = f"/transactions/{taken.left_out.transaction}/entries", 0, True
    while more:
        page = call("GET", f"{path}?after={after}")
        for entry in page["entries"]:
            write(taken.left_out, entry)
        after, more = page["next"], page["more"]
    taken.left_out = None
    taken.save()


def related_to(entry):
    return (entry["relates_to"] or {}).get("event_id")


def write(conversation, entry):
    is_from_people = entry["party"] in ("buyer", "seller")
    if not is_from_people or entry["kind"] not in SHOWN or entry["ignored"]:
        return
    is_removed = entry["redacted"] or bool(entry["erased"])
    Entry.objects.get_or_create(event=entry["event_id"], defaults={
        "conversation": conversation,
        "edits": related_to(entry) if entry["kind"] == "edit" else "",
        "seq": entry["seq"],
        "said_at": entry["sort_at"],
        "party": entry["party"],
        "name": entry["display_name"] or entry["sender"],
        "text": "" if is_removed else entry["text"] or "",
        "is_removed": is_removed,
    })


def remove(which):
    Entry.objects.filter(which).update(text="", is_removed=True)
