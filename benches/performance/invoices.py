"""The transactions and messages of all measurements."""
import random
import time

DOMAIN = "tally.localhost"
BUYER = f"@buyer:{DOMAIN}"
SELLER = f"@seller:{DOMAIN}"
BOT = f"@_tallyroom_bot:{DOMAIN}"
WORDS = ("invoice delivery please pallet net Rechnung receive line three amount thanks shipped Monday "
         "dock confirm price agreed order credit note paid late today serial box damaged photo").split()


def submission(external_id):
    """Returns a transaction with one buyer, one seller and an invoice of two lines."""
    line = {"description": "Oak plank, sawn", "quantity": "10", "unit": "C62", "unit_price": "45.00",
            "vat": {"category": "S", "rate": "20"}}
    return {
        "external_id": external_id,
        "status": "awaiting_payment",
        "invoice": {
            "number": f"INV-{external_id}", "type": "380", "issue_date": "2026-06-01",
            "due_date": "2026-07-01", "currency": "EUR",
            "lines": [{"id": str(number), **line} for number in (1, 2)],
            "payment": {"means": "58", "iban": "DE02120300000000202051", "reference": "42"},
        },
        "buyer": {"name": "Birch GmbH", "contacts": [{"matrix": BUYER, "name": "Bea"}]},
        "seller": {"name": "Acme Ltd", "contacts": [{"matrix": SELLER, "name": "Sam"}]},
    }


def message(room, text, sender=BUYER):
    """Returns a text message in a room, as a homeserver pushes it."""
    return {
        "type": "m.room.message", "room_id": room, "sender": sender,
        "event_id": "$" + str(random.randrange(10**42)).rjust(43, "0"),
        "content": {"msgtype": "m.text", "body": text}, "origin_server_ts": int(time.time() * 1000),
    }


def sentence(words=12, chance=random):
    """Returns words in no order. A `random.Random` with a seed gives the same ones in each run."""
    return " ".join(chance.choice(WORDS) for _ in range(words))
