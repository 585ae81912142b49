"""An order as a transaction of Tallyroom, with its invoice."""
from datetime import timedelta
from decimal import Decimal

from django.conf import settings


def transaction_of(order):
    """Is called when the order is placed. Guests have no account, and what is not sent by post has no address."""
    day = order.date_placed.date()
    contact = contact_of(order)
    address = order.billing_address or order.shipping_address
    lines = lines_of(order)
    net = sum(Decimal(line["net_amount"]) for line in lines)
    return {
        "external_id": order.number,
        "status": order.status,
        "buyer": {"name": contact["name"], **party_of(address), "contacts": [contact]},
        "seller": settings.SELLER,
        "invoice": {
            "number": order.number,
            "issue_date": day.isoformat(),
            "due_date": (day + timedelta(days=settings.DAYS_TO_PAY)).isoformat(),
            "currency": order.currency,
            "lines": lines,
            # The sum is what the customer saw. Oscar rounds later than an invoice, so the VAT may be a cent off, which
            # is taken with a warning.
            "vat_breakdown": [{**VAT, "taxable": str(net), "tax": str(order.total_incl_tax - net)}],
            "totals": {"with_vat": str(order.total_incl_tax)},
            "payment": {**settings.PAYMENT, "reference": order.number},
            "delivery": party_of(order.shipping_address),
        },
    }


def lines_of(order):
    lines = [line_of(line) for line in order.lines.all()]
    if order.shipping_excl_tax:
        price = str(order.shipping_excl_tax)
        lines.append({"id": "delivery", "description": order.shipping_method, "quantity": "1",
                      "unit": "C62", "unit_price": price, "net_amount": price, "vat": VAT})
    return lines


def line_of(line):
    discount = line.line_price_before_discounts_excl_tax - line.line_price_excl_tax
    return {
        "id": str(line.pk),
        "description": line.title,
        "item": {"seller_id": line.partner_sku},
        "quantity": str(line.quantity),
        "unit": "C62",  # pieces
        "unit_price": str(line.unit_price_excl_tax),
        "allowances": [{"amount": str(discount), "reason": "Discount"}] if discount else [],
        "net_amount": str(line.line_price_excl_tax),
        "vat": VAT,
    }


def party_of(address):
    if not address:
        return {}
    return {
        "name": address.name,
        "address": {
            "lines": [line for line in (address.line1, address.line2, address.line3) if line],
            "city": address.line4,
            "postal_code": address.postcode,
            "country": address.country.iso_3166_1_a2,
        },
    }


def contact_of(order):
    """Customers write on the invoice page, or with the Matrix account that they have told the shop."""
    name = order.user.get_full_name() if order.user else ""
    contact = {"name": name or order.email, "email": order.email}
    matrix = getattr(order.user, "matrix_account", None)
    return {**contact, "matrix": matrix.matrix} if matrix else contact


VAT = {"category": "S", "rate": str(settings.VAT_RATE * 100)}
