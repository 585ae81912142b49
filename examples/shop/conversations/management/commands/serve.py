from threading import Thread

from django.core.management import BaseCommand, call_command
from django.core.servers.basehttp import get_internal_wsgi_application, run
from django.urls import reverse

from conversations import outgoing


class Command(BaseCommand):
    help = "Runs the shop on this machine, at a free port, and has Tallyroom send it webhooks."

    def handle(self, **_):
        call_command("migrate", verbosity=0)
        run("127.0.0.1", 0, get_internal_wsgi_application(), threading=True, on_bind=self.begin)

    def begin(self, port):
        address = f"http://127.0.0.1:{port}"
        self.stdout.write(f"The shop is at {address}")
        self.stdout.flush()
        Thread(target=outgoing.run, args=[address + reverse("tallyroom-webhook")], daemon=True).start()
