# Lo que figura en los correos a contactos sin cuenta de Matrix y en la página para darse de baja. Las explicaciones están en texts/en/mail.ftl.

mail-subject = { $kind } { $number } · { $seller }
mail-words =
    { $count ->
        [one] Un mensaje nuevo
       *[other] { $count } mensajes nuevos
    }
mail-earlier =
    { $count ->
        [one] Hay un mensaje anterior en la página.
       *[other] Hay { $count } mensajes anteriores en la página.
    }
mail-on-page = Este mensaje solo se puede mostrar en la página.
mail-more = … El resto está en la página.
mail-file = Archivo: { $name }
mail-open = Leer y responder
mail-answer = También puede responder a este correo: lo que escriba aparecerá en la conversación.
mail-private = El enlace es solo para usted: quien lo tenga puede leer y escribir en su nombre. No lo reenvíe, por favor.
mail-why = Recibe este correo porque { $seller } indicó { $address } como contacto para esta factura.
mail-unsubscribe = Darse de baja de los correos de este remitente

unsubscribe-title = Darse de baja
unsubscribe-text = Esta dirección dejará de recibir correos sobre facturas de este remitente. Podrá seguir leyendo todos los mensajes en la página de la factura.
unsubscribe-send = Darme de baja
unsubscribed-title = Se ha dado de baja
unsubscribed-text = Esta dirección ya no recibe correos sobre facturas de este remitente. Si desea volver a recibirlos, diríjase al remitente de la factura.

mail-link = Su enlace a la página de la factura
mail-link-about = Alguien, probablemente usted, lo pidió en la página de la factura. Si no fue usted, no tiene que hacer nada.
ask-label-or-mail = Su correo electrónico o ID de Matrix
ask-about-or-mail = Si usted es un contacto para esta factura, recibirá su propio enlace por correo electrónico o en un mensaje directo.
asked-by-mail-text = Si { $user } pertenece a un contacto para esta factura, ya va de camino un correo con un enlace. Tarda unos minutos como máximo.
asked-by-mail-again = ¿No ha llegado nada? Mire en el correo no deseado, compruebe la dirección y vuelva a pedirlo dentro de diez minutos.

mail-invitation = Un documento para usted, de { $seller }
mail-invitation-about = En la página puede leerlo todo, ver cómo pagar y hacer preguntas.
mail-owed = Importe pendiente: { $amount }.
mail-owed-by = Importe pendiente: { $amount }, con vencimiento el { $date }.

mail-reminder = Recordatorio: el pago vence el { $date }
mail-reminder-late = Recordatorio: el pago venció el { $date }
mail-reminder-about = Si ya ha pagado, no tenga en cuenta este recordatorio. En la página puede ver cómo pagar y hacer preguntas.
