# pip install httpx standardwebhooks
# On the machine of Tallyroom: TALLYROOM_URL=http://127.0.0.1:PORT TALLYROOM_KEY=… python3 talk.py
import os
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
from standardwebhooks import Webhook, WebhookVerificationError

authorization = {"Authorization": f"Bearer {os.environ['TALLYROOM_KEY']}"}
api = httpx.Client(base_url=os.environ["TALLYROOM_URL"] + "/api/v1", headers=authorization)

def post(path, body):
    return api.post(path, json=body).raise_for_status().json()

class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        try:
            event = webhook.verify(body, dict(self.headers))
        except (WebhookVerificationError, ValueError):
            return self.send_error(401)
        self.send_response(204)
        self.end_headers()
        entry = event["data"].get("entry")
        if entry and entry["party"] == "buyer":
            print(entry["display_name"], "says:", entry["text"], flush=True)

server = HTTPServer(("127.0.0.1", 0), Receiver)
url = f"http://127.0.0.1:{server.server_port}"
webhook = Webhook(post("/webhooks", {"url": url, "types": ["entry.created"]})["secret"])
plank = {"description": "Oak plank", "quantity": "10", "unit_price": "45.00",
         "vat": {"category": "S", "rate": "20"}}
order = post("/transactions", {
    "external_id": "order-1001", "buyer": {"name": "Birch GmbH"}, "seller": {"name": "Acme Ltd"},
    "invoice": {"number": "42", "issue_date": "2026-06-01", "currency": "EUR", "lines": [plank]}})
post(f"/transactions/{order['id']}/messages", {"text": "Thank you! Do you have a question?"})
link = post(f"/transactions/{order['id']}/links", {"party": "buyer"})
print("The buyer answers here:", link["url"], flush=True)
server.serve_forever()
