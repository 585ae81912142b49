"""The customer and the staff of examples/shop, who use it by its own pages. Called by shop.rs.

shop_people.py SHOP order MATRIX         a customer with this Matrix account orders, through oscar's checkout
shop_people.py SHOP guest                somebody without an account orders what is not sent by post; prints the number
shop_people.py SHOP send NUMBER WORDS…   staff say something about an order, on the dashboard: each with the same form
shop_people.py SHOP talk NUMBER          the customer goes to the invoice page; prints its address
shop_people.py SHOP part NUMBER AMOUNT   staff note that a part of it is paid, on the dashboard
shop_people.py SHOP pay NUMBER DAY       staff note that the rest was paid on this day, and that it is paid
shop_people.py SHOP leave_out NUMBER     the webhook gets a signed event that came without its entry

`order` prints the order with the cookies of the customer and of the staff, as JSON.
"""
import json
import os
import re
import sys
from datetime import datetime, timezone
from pathlib import Path

import django
import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "shop"))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from conversations.models import MatrixAccount, Webhook  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from oscar.apps.address.models import Country  # noqa: E402
from oscar.apps.basket.models import Basket  # noqa: E402
from oscar.apps.catalogue.models import Product, ProductClass  # noqa: E402
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range  # noqa: E402
from oscar.apps.order.models import Order, PaymentEventType  # noqa: E402
from oscar.apps.checkout.calculators import OrderTotalCalculator  # noqa: E402
from oscar.apps.order.utils import OrderCreator  # noqa: E402
from oscar.apps.partner.models import Partner, StockRecord  # noqa: E402
from oscar.apps.shipping.methods import NoShippingRequired  # noqa: E402
from pricing import Vat  # noqa: E402
from standardwebhooks import Webhook as Verifier  # noqa: E402

CUSTOMER, STAFF, PASSWORD = "accounts@birch.example", "sales@acme.example", "a password of this test"


class Visitor:
    """Somebody with a browser who is signed in."""

    def __init__(self, shop, email):
        self.http = httpx.Client(base_url=shop, follow_redirects=True, timeout=60)
        self.send("/accounts/login/", {"login-username": email, "login-password": PASSWORD, "login_submit": "Log In"})

    def send(self, page, fields, to=None):
        """Opens a page, and sends one of its forms."""
        shown = self.http.get(page).raise_for_status().text
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', shown)[1]
        answer = self.http.post(to or page, data={"csrfmiddlewaretoken": token, **fields})
        return answer.raise_for_status()

    def cookie(self):
        return f"sessionid={self.http.cookies['sessionid']}"


def open_shop(matrix):
    """What has to be there before anybody can order."""
    Country.objects.create(iso_3166_1_a2="DE", name="Germany", printable_name="Germany",
                           is_shipping_country=True)
    PaymentEventType.objects.create(name="Paid", code="paid")
    partner = Partner.objects.create(name="Acme Ltd")
    kind = ProductClass.objects.create(name="Wood", track_stock=False)
    for title, price in [("Oak plank", "4.99"), ("Beech plank", "3.33")]:
        product = Product.objects.create(product_class=kind, title=title)
        StockRecord.objects.create(product=product, partner=partner, partner_sku=title, price=price)
    everything = Range.objects.create(name="Everything", includes_all_products=True)
    ConditionalOffer.objects.create(
        name="A tenth off, for five planks",
        condition=Condition.objects.create(range=everything, type=Condition.COUNT, value=5),
        benefit=Benefit.objects.create(range=everything, type=Benefit.PERCENTAGE, value=10))
    users = get_user_model().objects
    customer = users.create_user("birch", CUSTOMER, PASSWORD, first_name="Birch", last_name="GmbH")
    MatrixAccount.objects.create(user=customer, matrix=matrix)
    users.create_superuser("acme", STAFF, PASSWORD, first_name="Acme", last_name="sales")


def order(shop, matrix):
    open_shop(matrix)
    customer = Visitor(shop, CUSTOMER)
    for product, quantity in zip(Product.objects.order_by("pk"), (3, 7)):
        customer.send(product.get_absolute_url(), {"quantity": quantity}, to=f"/basket/add/{product.pk}/")
    customer.send("/checkout/shipping-address/", {
        "first_name": "Birch", "last_name": "GmbH", "line1": "Waldstr. 2", "line4": "Berlin",
        "postcode": "10115"})
    thanks = customer.send("/checkout/preview/", {"action": "place_order"})
    assert thanks.url.path == "/checkout/thank-you/", f"{thanks.url} {thanks.text}"
    placed = Order.objects.get()
    print(json.dumps({"number": placed.number, "total": str(placed.total_incl_tax), "customer": customer.cookie(),
                      "staff": Visitor(shop, STAFF).cookie()}))


def guest(shop):
    basket, method = Basket.objects.create(), NoShippingRequired()
    basket.strategy = Vat()
    basket.add_product(Product.objects.earliest("pk"))
    charge = method.calculate(basket)
    placed = OrderCreator().place_order(basket, OrderTotalCalculator().calculate(basket, charge), method, charge,
                                        guest_email="guest@elm.example")
    print(placed.number)


def send(shop, number, *words):
    staff, page = Visitor(shop, STAFF), f"/dashboard/orders/{number}/"
    form = re.search(r'name="form" value="([^"]+)"', staff.http.get(page).text)[1]
    for text in words:
        staff.send(page, {"form": form, "text": text}, to=f"/tallyroom/orders/{number}/send")


def talk(shop, number):
    page = f"/accounts/orders/{number}/"
    print(Visitor(shop, CUSTOMER).send(page, {}, to=f"/tallyroom/orders/{number}/talk").url)


def part(shop, number, amount):
    staff, page = Visitor(shop, STAFF), f"/dashboard/orders/{number}/"
    staff.send(page, {"order_action": "create_order_payment_event", "payment_event_type": "paid", "amount": amount})


def pay(shop, number, day):
    staff, page = Visitor(shop, STAFF), f"/dashboard/orders/{number}/"
    placed = Order.objects.get(number=number)
    rest = placed.total_incl_tax - sum(event.amount for event in placed.payment_events.all())
    part(shop, number, rest)
    placed.payment_events.filter(amount=rest).update(date_created=f"{day} 12:00Z")
    staff.send(page, {"order_action": "change_order_status", "new_status": "Paid"})
    assert Order.objects.get(number=number).status == "Paid"


def leave_out(shop, number):
    body = json.dumps({"id": "evt_zzzzzzzzzzzzz", "type": "entry.created",
                       "transaction": {"external_id": number}, "data": {"left_out": True}})
    now = datetime.now(timezone.utc)
    headers = {"webhook-id": "evt_zzzzzzzzzzzzz", "webhook-timestamp": str(int(now.timestamp())),
               "webhook-signature": Verifier(Webhook.objects.get().secret).sign("evt_zzzzzzzzzzzzz", now, body)}
    httpx.post(f"{shop}/tallyroom/webhook", content=body, headers=headers).raise_for_status()


if __name__ == "__main__":
    shop, action, *about = sys.argv[1:]
    actions = [order, guest, send, talk, part, pay, leave_out]
    next(it for it in actions if it.__name__ == action)(shop, *about)
