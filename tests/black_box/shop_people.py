"""The customer and the staff of examples/shop, who use it by its own pages. Called by shop.rs.

shop_people.py SHOP order MATRIX         a customer with this Matrix account orders, through oscar's checkout
shop_people.py SHOP say NUMBER WORDS     staff say something about an order, on the dashboard
shop_people.py SHOP talk NUMBER          the customer goes to the invoice page; prints its address
shop_people.py SHOP pay NUMBER           staff note that it is paid, on the dashboard

`order` prints the order with the cookies of the customer and of the staff, as JSON.
"""
import json
import os
import re
import sys
from pathlib import Path

import django
import httpx

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "examples" / "shop"))
os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
django.setup()

from conversations.models import MatrixAccount  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from oscar.apps.address.models import Country  # noqa: E402
from oscar.apps.catalogue.models import Product, ProductClass  # noqa: E402
from oscar.apps.offer.models import Benefit, Condition, ConditionalOffer, Range  # noqa: E402
from oscar.apps.order.models import Order, PaymentEventType  # noqa: E402
from oscar.apps.partner.models import Partner, StockRecord  # noqa: E402

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


def say(shop, number, words):
    page = f"/dashboard/orders/{number}/"
    Visitor(shop, STAFF).send(page, {"text": words}, to=f"/tallyroom/orders/{number}/say")


def talk(shop, number):
    page = f"/accounts/orders/{number}/"
    print(Visitor(shop, CUSTOMER).send(page, {}, to=f"/tallyroom/orders/{number}/talk").url)


def pay(shop, number):
    staff, page = Visitor(shop, STAFF), f"/dashboard/orders/{number}/"
    total = Order.objects.get(number=number).total_incl_tax
    staff.send(page, {"order_action": "create_order_payment_event", "payment_event_type": "paid", "amount": total})
    staff.send(page, {"order_action": "change_order_status", "new_status": "Paid"})
    assert Order.objects.get(number=number).status == "Paid"


if __name__ == "__main__":
    shop, action, *about = sys.argv[1:]
    {"order": order, "say": say, "talk": talk, "pay": pay}[action](shop, *about)
