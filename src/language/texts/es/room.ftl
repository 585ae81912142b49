# Lo que figura en la sala de Matrix: su nombre, su tema, el resumen fijado y el mensaje que anuncia un
# cambio. Las explicaciones están en texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } → { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label }: { $text }

summary-credited = Abono de { $amount }
summary-due = Vence el { $date }
summary-introduction = { $kind } del { $date }, { $parties }
summary-line = { $description }, { $quantity } × { $price }
summary-vat = IVA ({ $rate }) sobre { $taxable }
summary-more-lines =
    { $count ->
        [one] … y { $count } concepto más
       *[other] … y { $count } conceptos más
    }

announcement = { $kind } { $number }: hay cambios
announced-change = { $label }: { $before } → { $after }
no-value = ninguno
announcement-more = … y { $count } más
account-warning = Atención: la cuenta a la que hay que pagar ha cambiado.
account-advice = Antes de pagar, llame a { $seller } a un número de teléfono que ya conozca y pida que le confirmen la cuenta nueva. No utilice nunca un número de teléfono, una dirección de correo o un enlace de un mensaje sobre este cambio: las cuentas falsas son un fraude frecuente.

notice-encrypted = Esta sala está cifrada. Tallyroom no puede leer sus mensajes, así que nada de lo que se escriba aquí a partir de ahora quedará registrado.
notice-room-replaced = La conversación sobre esta operación continúa en otra sala.
notice-removed-contact = Ya no es un contacto de esta operación
notice-payment = Pago recibido: { $amount } el { $date }.
notice-paid-out = Reembolso realizado: { $amount } el { $date }.
notice-payment-taken-back = El pago de { $amount } del { $date } se comunicó por error y ya no cuenta.
notice-payment-left = Queda por pagar: { $amount }.
notice-payment-all = No queda nada por pagar.
guest-name = { $name } (página de la factura)

## Órdenes en la sala, por ejemplo !tally estado

command-help = ayuda
command-status = estado
command-invoice = factura
command-who = quién, quien
command-link = enlace
command-export = exportar
command-accept = aceptar
command-dispute = disputar, impugnar
command-paid = pagada, pagado
command-shipped = enviado, enviada
command-help-about = muestra esta lista
command-status-about = muestra qué hay que pagar y cuándo vence
command-invoice-about = muestra un resumen de la factura
command-who-about = muestra quién está aquí y de qué parte
command-link-about = le envía su propio enlace a la página de la factura, en un mensaje directo
command-export-about = le envía su propio enlace para descargar la conversación, en un mensaje directo
command-accept-about = acepta la factura
command-dispute-about = disputa la factura; escriba el motivo a continuación
command-paid-about = marca la factura como pagada
command-shipped-about = marca la mercancía como enviada
answer-help = Esto es lo que entiendo:
answer-unknown = No conozco esa orden. { $help } muestra lo que entiendo.
answer-nearest = No conozco esa orden. ¿Quiso decir { $nearest }?
answer-not-a-party = Solo los contactos del comprador y del vendedor pueden usar esta orden.
answer-status = El estado es ahora: { $status }.
answer-not-now = Eso no es posible ahora: el estado es { $status }. Lo que puede hacer: { $commands }.
answer-nothing-now = Eso no es posible ahora: el estado es { $status }.
answer-reason = Escriba el motivo después de la orden: { $command } …
answer-no-page = Esta tienda no tiene página de factura.
answer-link-sent = Le he enviado su enlace en un mensaje directo.
answer-link-on-page = Ya está en la página de la factura.
answer-export-on-page = Ya está en la página de la factura. Allí puede descargar la conversación.
answer-link-refused = No puedo escribirle directamente: su servidor ha rechazado mi invitación. Permita mis invitaciones y vuelva a pedirlo.
direct-link = { $kind } { $number } de { $seller }: este es su propio enlace a la página. Quien lo tenga puede leer y escribir allí en su nombre; no lo comparta. Es válido hasta el { $date }.
direct-export = { $kind } { $number } de { $seller }: con este enlace descarga la conversación y sus archivos. También abre la página en su nombre, así que no lo comparta. Es válido hasta el { $date }.
direct-room-name = Facturas
who-here = en la sala
who-invited = invitación enviada
who-left = no está en la sala
who-page = solo en la página de la factura
