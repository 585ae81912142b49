# Textos de la página de la factura. Lo que significan y lo que llega entre llaves se explica en el
# archivo inglés.

## The document as such

page-title = { $kind } { $number } · { $seller }
skip-to-invoice = Ir a la factura
skip-to-messages = Ir a los mensajes
skip-to-compose = Ir al campo de mensaje
tabs = Partes de esta página
tab-invoice = Factura
tab-messages = Mensajes
language = Idioma
seen-as = Está viendo esta página como { $name } ({ $role }).
writing-as = Escribe como { $name } en nombre de { $party }.
writing-for = Escribe en nombre de { $party }.
leave = Cerrar sesión en este dispositivo
role-buyer = comprador
role-seller = vendedor
role-bot = servicio
role-other = invitado/a

## What is to pay, in the page's head

summary = De un vistazo
amount-due = Importe pendiente
amount-credited = Importe del abono
named-with-side = { $name } ({ $side })
you = Usted
spoiler = Spoiler
spoiler-about = Spoiler: { $reason }
times-differ = Enviado según el servidor del remitente: { $sent }; recibido: { $received }.
times-differ-history = Enviado según el servidor del remitente: { $sent }; leído del historial de la sala: { $received }.
unknown-time = hora desconocida
nothing-due = Nada que pagar
due-on = Vence el { $date }
due-today = vence hoy
days-left =
    { $days ->
        [one] queda { $days } día
       *[other] quedan { $days } días
    }
days-late =
    { $days ->
        [one] { $days } día de retraso
       *[other] { $days } días de retraso
    }

## Status

status = Estado
status-draft = Borrador
status-open = Abierta
status-awaiting-payment = Pendiente de pago
status-partially-paid = Pagada en parte
status-paid = Pagada
status-overdue = Vencida
status-disputed = En disputa
status-cancelled = Anulada
status-refunded = Reembolsada
status-partially-refunded = Reembolsada en parte
status-written-off = Dada por incobrable
status-issued = Emitida
status-partly-paid = Pagada en parte
status-accepted = Aceptada
status-shipped = Enviada
status-completed = Completada
status-credited = Con abono emitido
steps = Lo que puede hacer
step-accepted = Aceptar la factura
step-disputed = Disputar la factura
step-shipped = Marcar como enviada
step-paid = Marcar como pagada
step-other = Cambiar a «{ $status }»
step-reason = Motivo

side-notes = Notas internas, que la otra parte no ve
notes-older = Notas anteriores
note-new = Nota nueva
note-add = Añadir nota
note-removed = Esta nota se ha eliminado.

## The invoice

from = De
to = Para
vat-id = NIF-IVA
issued = Fecha de emisión
due = Vencimiento
buyer-reference = Su referencia
order-reference = N.º de pedido
further = Más datos
attached-files = Archivos adjuntos
also-in-the-file = Otros valores del archivo
also-in-the-file-more = { $count ->
    [one] y un valor más
   *[other] y { $count } valores más
}
lines = Conceptos
no-lines = Esta factura solo indica totales.
line-description = Descripción
line-quantity = Cantidad
line-price = Precio unitario
price-per = { $amount } por { $quantity }
line-vat = IVA
line-net = Neto
allowance = Descuento
charge = Recargo
notes = Notas

## VAT

vat-breakdown = IVA
vat-category = Tipo
vat-taxable = Base imponible
vat-tax = IVA
vat-z = Tipo cero
vat-e = Exento
vat-ae = Inversión del sujeto pasivo
vat-k = Entrega intracomunitaria
vat-g = Exportación fuera de la UE
vat-o = No sujeto a IVA
vat-l = IGIC de Canarias
vat-m = IPSI de Ceuta y Melilla
vat-b = Pago dividido

## Totals

totals = Totales
total-lines = Suma de los conceptos
total-allowances = Descuentos
total-charges = Recargos
total-without-vat = Total sin IVA
total-vat = IVA
total-with-vat = Total
total-paid = Ya pagado
total-rounding = Redondeo
total-payments = Pagos recibidos
total-paid-out = Ya reembolsado
total-due = Importe pendiente

## How to pay

payment = Cómo pagar
payment-means = Forma de pago
payment-account-name = Titular de la cuenta
payment-iban = IBAN
payment-account = Número de cuenta
payment-amount = Importe
payment-bic = BIC
payment-reference = Referencia del pago
payment-discount = Descuento por pronto pago
payment-discount-until = { $percent } de descuento si se paga a más tardar el { $date }: { $amount }
payment-terms = Condiciones de pago
payment-further-account = Otra cuenta
pay = Pagar
close = Cerrar
pay-online = Pagar en línea
pay-by-transfer = Por transferencia
pay-app = Abrir en una aplicación bancaria
pay-said = Ya he pagado
pay-said-label = Su mensaje
pay-said-words = Hemos pagado { $amount } por { $number }.
pay-said-file = Justificante de pago (opcional)
pay-said-send = Avisar al vendedor
copy = Copiar
copied = Copiado
qr-caption = Escanéelo con la aplicación de su banco: beneficiario, cuenta, importe y referencia ya vienen cumplimentados.
qr-label = Código QR para una transferencia SEPA
means-1 = Según acuerdo
means-10 = Efectivo
means-20 = Cheque
means-30 = Transferencia
means-31 = Transferencia
means-42 = Ingreso en cuenta bancaria
means-48 = Tarjeta bancaria
means-49 = Domiciliación bancaria
means-54 = Tarjeta de crédito
means-55 = Tarjeta de débito
means-57 = Según el acuerdo vigente
means-58 = Transferencia SEPA
means-59 = Adeudo directo SEPA
means-68 = Pago en línea
means-97 = Compensación entre las partes

## Downloads

downloads = Descargas
download-pdf = Descargar PDF
download-more = Más descargas
download-conversation = Conversación con sus archivos
download-original = Archivo original
download-xml = { $kind } en XML
download-ubl = { $kind } en UBL
download-cii = { $kind } en CII

## History

history = Historial
revision = Versión { $number }
revision-first = Versión original
revision-no-changes = No ha cambiado nada de lo que aquí se muestra.
before = antes:
after = ahora:
change-status = Estado
change-number = Número de factura
change-type = Tipo de documento
change-issue_date = Fecha de emisión
change-due_date = Fecha de vencimiento
change-currency = Moneda
change-line = Concepto { $which }
change-allowance = Descuento { $which }
change-charge = Recargo { $which }
change-vat = IVA { $which }
change-total = Total
change-paid = Ya pagado
change-due = Importe pendiente
change-payment = Datos de pago
change-iban = IBAN
change-bic = BIC
change-reference = Referencia del pago
change-terms = Condiciones de pago
change-note = Nota
change-notes = Notas
change-buyer_reference = Referencia del comprador
change-order_reference = N.º de pedido
change-buyer = Comprador
change-seller = Vendedor
change-contact = Contacto { $which }
change-buyer_contact = Contacto del comprador { $which }
change-seller_contact = Contacto del vendedor { $which }
change-address = Dirección { $which }
change-vat_id = NIF-IVA { $which }
change-redactions = Mensajes eliminados

## The conversation

messages-with = Mensajes con { $name }
messages = Mensajes
no-messages-buyer = Todavía no hay mensajes. Escriba aquí a { $name } si tiene preguntas sobre la factura, la entrega o cualquier otra cosa.
no-messages-seller = Todavía no hay mensajes. Escriba aquí a { $name } sobre la factura o la entrega y responda a sus preguntas.
questions = Lo que puede preguntar
question-1 = ¿Podrían ampliar el plazo de pago?
question-2 = ¿Podrían explicarme un concepto de la factura?
question-3 = Hay un error en la factura. ¿Podrían corregirla?
older-messages = Mensajes anteriores
search = Buscar
search-words = Buscar en los mensajes
search-nothing = Ningún mensaje contiene «{ $words }».
jump-to-latest = Últimos mensajes
new-messages =
    { $count ->
        [one] { $count } mensaje nuevo
       *[other] { $count } mensajes nuevos
    }
new-since = Nuevo desde su última visita
today = Hoy
yesterday = Ayer
edited = editado
removed = Este mensaje se ha eliminado.
encrypted = Este mensaje está cifrado y no se puede mostrar aquí.
without-words = Un mensaje que no se puede mostrar aquí.
in-reply-to = En respuesta a { $name }:
in-reply-to-you = En respuesta a su propio mensaje:
bell-off = Avisarme de las respuestas
bell-on = Recibirá avisos de las respuestas
bell-refused = Este navegador no permite notificaciones de esta página. Puede permitirlas en sus ajustes.
seen-by = Leído por { $name }
typing-one = { $name } está escribiendo…
typing-two = { $first } y { $second } están escribiendo…
typing-many = Varias personas están escribiendo…

## What can be done to a message

actions = Acciones para el mensaje de { $name }
reply = Responder
edit = Editar
remove = Eliminar
remove-question = ¿Eliminarlo para todo el mundo?
remove-confirm = Sí, eliminar
react = Reaccionar
react-with = Reaccionar con { $key }
reacted-by = { $key }: { $names }

## Files

file-download = Descargar
file-wanted = se está descargando
file-refused = no se ha aceptado
file-missing = ya no está disponible
file-expired = ya no está disponible
file-erased = se ha borrado
image-without-description = Imagen { $name }
first-page-of-file = Primera página de { $name }
picture-close = Cerrar la imagen

## Polls

poll = Encuesta
poll-vote = Votar
poll-chosen = su elección
poll-most =
    { $count ->
        [one] Elija una respuesta.
       *[other] Elija hasta { $count } respuestas.
    }
poll-ended = Esta encuesta ha terminado.
poll-votes =
    { $count ->
        [one] { $count } voto
       *[other] { $count } votos
    }

## What is not sent yet

sending = Enviando…
uploading = Subiendo, { $percent } %
not-sent = No enviado: { $problem }
saved = Guardado: { $problem }
not-sent-offline = A la espera de conexión; después se enviará automáticamente.
try-again = Reintentar
discard = Descartar
put-back = Volver a editar
unsent = Sin enviar todavía

## Writing

compose = Escribir un mensaje
compose-label = Mensaje
compose-placeholder = Escriba un mensaje…
to-label = Para
to-everyone = todo el mundo
compose-closed = Esta operación está cerrada, por lo que ya no se puede escribir aquí. La conversación se conserva.
compose-format = Formato
compose-hint = **negrita**, _cursiva_, `código`. Intro envía, Mayús+Intro empieza una línea nueva.
compose-hint-plain = **negrita**, _cursiva_, `código`, listas y enlaces funcionan.
send = Enviar
save = Guardar
cancel = Cancelar
attach = Adjuntar archivos
attach-files = Archivos
attach-description = Describa la imagen para quienes no puedan verla
attach-remove = Quitar { $name }
drop-here = Suelte aquí los archivos que quiera enviar
replying-to = Respuesta a { $name }
replying-to-you = Respuesta a su propio mensaje
editing = Está editando su mensaje

## Connection to the server

connection-busy = Esta página está abierta demasiadas veces. Los mensajes nuevos aparecerán aquí en cuanto cierre otra.
connection-live = Conexión restablecida
connection-lost = Se ha perdido la conexión. Reintentando…
connection-offline = No tiene conexión. Los mensajes llegarán cuando vuelva a tenerla.
action-failed = No ha funcionado. Inténtelo de nuevo.

## Who to talk to

people = Sus contactos en { $name }
people-more =
    { $count ->
        [one] { $count } contacto más
       *[other] { $count } contactos más
    }
presence-here = está viendo esta página
presence-online = en línea
presence-away = ausente
presence-offline = sin conexión
presence-offline-since = última actividad: { $time }
reach-invited = invitación enviada
reach-not-in-room = fuera de la conversación
reach-email = por correo electrónico
reach-no-mails = no desea correos electrónicos
reach-undeliverable = el correo electrónico no llega
reach-page = solo en esta página
replies-minutes =
    { $count ->
        [one] Suele responder en menos de un minuto
       *[other] Suele responder en unos { $count } minutos
    }
replies-hours =
    { $count ->
        [one] Suele responder en una hora aproximadamente
       *[other] Suele responder en unas { $count } horas
    }
replies-days =
    { $count ->
        [one] Suele responder en menos de un día
       *[other] Suele responder en unos { $count } días
    }

## Pages for those who may not see an invoice

closed-wrong-title = Este enlace no funciona
closed-wrong-text = Está incompleto o ya se ha utilizado. Abra de nuevo el enlace de su mensaje o cópielo entero. Si no sirve, pida uno nuevo a quien se lo envió.
closed-expired-title = Este enlace ha caducado
closed-expired-text = Los enlaces son válidos por tiempo limitado. Pida uno nuevo a quien se lo envió.
closed-revoked-title = Este enlace ya no es válido
closed-revoked-text = Quien lo envió lo ha retirado. Pídale uno nuevo.
closed-signed-out-title = Su sesión está cerrada
closed-signed-out-text = Para volver a ver la factura, abra el enlace que recibió.
closed-not-found-title = Aquí no hay nada
closed-not-found-text = Compruebe la dirección o abra de nuevo el enlace que recibió.
closed-other-speaker-title = En este navegador ha iniciado sesión otra persona
closed-other-speaker-text = Esta página se abrió para otra persona. Por eso no se ha hecho nada: se habría hecho en nombre de quien no corresponde. Abra de nuevo su propio enlace para continuar.
closed-nameless-title = Esta página no está actualizada
closed-nameless-text = La página de la factura se actualizó después de abrirla. Por eso no se ha hecho nada. Abra de nuevo su enlace para continuar.
closed-sign-in = Si normalmente abre la factura desde una tienda o desde Matrix, inicie sesión allí y ábrala de nuevo.
ask-label = Su ID de Matrix
ask-send = Enviarme mi enlace
ask-about = Si usted es un contacto para esta factura, recibirá su propio enlace en un mensaje directo.
asked-title = Consulte sus mensajes
asked-text = Si { $user } pertenece a un contacto para esta factura, { $bot } le envía un enlace en un mensaje directo. Tarda un minuto como máximo.
asked-again = ¿No ha llegado nada? Compruebe el ID de Matrix y vuelva a pedirlo dentro de diez minutos.
preview-text = Ábrala para ver lo que está pendiente y escribir a la otra parte.

## Inside a Matrix client

widget-title = Factura
widget-waiting = Preguntando a su cliente de Matrix quién es usted…
widget-refused = Su cliente de Matrix no ha indicado quién es usted, por lo que no se puede mostrar la factura.
widget-not-a-party = Esta cuenta de Matrix no es un contacto del comprador ni del vendedor de la factura.
widget-open = Abrir la página

## Business terms of EN 16931

bt-6 = Moneda de contabilización del IVA
bt-7 = Fecha de devengo del IVA
bt-8 = Código de la fecha de devengo del IVA
bt-11 = Proyecto
bt-12 = Contrato
bt-14 = Orden de venta
bt-15 = Aviso de recepción
bt-16 = Aviso de expedición
bt-17 = Licitación o lote
bt-18 = Objeto facturado
bt-19 = Referencia contable del comprador
bt-21 = Asunto de la nota
bt-23 = Proceso de negocio
bt-24 = Especificación
bt-25 = Factura anterior
bt-26 = Fecha de la factura anterior
bt-28 = Nombre comercial del vendedor
bt-29 = Identificador del vendedor
bt-30 = Número de registro del vendedor
bt-32 = Número fiscal del vendedor
bt-33 = Información legal del vendedor
bt-34 = Dirección electrónica del vendedor
bt-41 = Contacto del vendedor
bt-42 = Teléfono del vendedor
bt-43 = Correo electrónico del vendedor
bt-45 = Nombre comercial del comprador
bt-46 = Identificador del comprador
bt-47 = Número de registro del comprador
bt-49 = Dirección electrónica del comprador
bt-56 = Contacto del comprador
bt-57 = Teléfono del comprador
bt-58 = Correo electrónico del comprador
bt-59 = Beneficiario
bt-60 = Identificador del beneficiario
bt-61 = Número de registro del beneficiario
bt-62 = Representante fiscal del vendedor
bt-63 = NIF-IVA del representante fiscal
bt-64 = Dirección del representante fiscal
bt-65 = Dirección del representante fiscal
bt-66 = Ciudad del representante fiscal
bt-67 = Código postal del representante fiscal
bt-68 = Región del representante fiscal
bt-69 = País del representante fiscal
bt-70 = Entregado a
bt-71 = Lugar de entrega
bt-72 = Fecha de entrega
bt-73 = Inicio del período de facturación
bt-74 = Fin del período de facturación
bt-75 = Dirección de entrega
bt-76 = Dirección de entrega
bt-77 = Ciudad de entrega
bt-78 = Código postal de entrega
bt-79 = Región de entrega
bt-80 = País de entrega
bt-82 = Forma de pago
bt-87 = Número de tarjeta
bt-88 = Titular de la tarjeta
bt-89 = Referencia del mandato
bt-90 = Identificador del acreedor
bt-91 = Cuenta de cargo
bt-93 = Base del descuento
bt-94 = Porcentaje de descuento
bt-98 = Código del motivo del descuento
bt-100 = Base del recargo
bt-101 = Porcentaje de recargo
bt-105 = Código del motivo del recargo
bt-111 = IVA en la moneda de contabilización
bt-120 = Motivo de la exención del IVA
bt-121 = Código de la exención del IVA
bt-122 = Documento justificativo
bt-123 = Descripción del documento justificativo
bt-124 = Ubicación del documento justificativo
bt-125 = Documento adjunto
bt-127 = Nota
bt-128 = Objeto
bt-132 = Línea del pedido
bt-133 = Referencia contable
bt-134 = Inicio del período
bt-135 = Fin del período
bt-136 = Descuento
bt-137 = Base del descuento
bt-138 = Porcentaje de descuento
bt-139 = Motivo del descuento
bt-140 = Código del motivo del descuento
bt-141 = Recargo
bt-142 = Base del recargo
bt-143 = Porcentaje de recargo
bt-144 = Motivo del recargo
bt-145 = Código del motivo del recargo
bt-147 = Descuento sobre el precio
bt-148 = Precio bruto
bt-154 = Descripción
bt-155 = Código de artículo del vendedor
bt-156 = Código de artículo del comprador
bt-157 = Código de artículo estándar
bt-158 = Clasificación
bt-159 = País de origen
bt-160 = Atributo
bt-161 = Valor del atributo
bt-162 = Dirección del vendedor
bt-163 = Dirección del comprador
bt-164 = Dirección del representante fiscal
bt-165 = Dirección de entrega

## The page between a link and the invoice

entrance-open = Abrir la factura
entrance-open-text = La factura se abrirá en un momento. Si no ocurre nada, pulse el botón.
entrance-download = Descargar la conversación
entrance-download-text = La descarga empezará en un momento. Si no ocurre nada, pulse el botón.
