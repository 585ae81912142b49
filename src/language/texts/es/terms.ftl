## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = Titular de otra cuenta
bt-106 = Suma de los conceptos
bt-107 = Suma de los descuentos
bt-108 = Suma de los recargos
bt-116 = Base imponible
bt-117 = Importe del IVA
bg-12 = Dirección del representante fiscal
bg-15 = Dirección de entrega
bg-32 = Atributo

## What a revision changed. $which: which line, by its number

change-account_name = Titular de la cuenta
change-account = Otra cuenta
change-payment_means = Forma de pago
change-payment_reference = Referencia del pago
change-payment_terms = Condiciones de pago
change-with_vat = Total con IVA
change-without_vat = Total sin IVA
change-rounding = Redondeo
change-line_description = Concepto { $which }, descripción
change-line_quantity = Concepto { $which }, cantidad
change-line_unit = Concepto { $which }, unidad
change-line_price = Concepto { $which }, precio
change-line_base_quantity = Concepto { $which }, cantidad a la que se refiere el precio
change-line_net = Concepto { $which }, importe neto
change-line_vat = Concepto { $which }, IVA
change-allowance_vat = Descuento { $which }, IVA
change-charge_vat = Recargo { $which }, IVA
change-buyer_name = Nombre del comprador
change-buyer_address = Dirección del comprador
change-buyer_vat_id = NIF-IVA del comprador
change-seller_name = Nombre del vendedor
change-seller_address = Dirección del vendedor
change-seller_vat_id = NIF-IVA del vendedor
change-more = Otros cambios

## The invoice as PDF

# Heading of the column with the lines' numbers.
pdf-line = N.º
pdf-page = Página { $page } de { $pages }
bt-x-304 = Parte del concepto
bt-x-8 = Tipo de concepto
bg-dex-09 = Cobrado por cuenta de terceros
line-role-group = Título de un grupo, no se suma
line-role-information = A título informativo, no se suma
