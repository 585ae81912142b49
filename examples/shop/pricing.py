"""Prices with VAT, which oscar leaves to each shop."""
from django.conf import settings
from oscar.apps.partner import strategy


class Vat(strategy.UseFirstStockRecord, strategy.StockRequired, strategy.FixedRateTax, strategy.Structured):
    rate = settings.VAT_RATE


def with_vat(get_response):
    """Stands behind the middleware of oscar's basket, which has set its own prices."""
    def middleware(request):
        request.strategy = Vat(request)
        return get_response(request)
    return middleware
