# Lo que figura en la sala de Matrix: su nombre, su tema, el resumen fijado y el mensaje que anuncia un
# cambio. Las explicaciones están en texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } → { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label }: { $text }

summary-credited = { $amount } abonados
summary-due = Vence el { $date }
summary-introduction = { $kind } del { $date }, { $parties }
summary-line = { $description }, { $quantity } × { $price }
summary-vat = IVA ({ $rate }) sobre { $taxable }
summary-more-lines =
    { $count ->
        [one] … y { $count } línea más
       *[other] … y { $count } líneas más
    }

announcement = { $kind } { $number }: hay cambios
announced-change = { $label }: { $before } → { $after }
no-value = ninguno
announcement-more = … y { $count } más
account-warning = Atención: la cuenta a la que hay que pagar ha cambiado.
account-advice = Antes de pagar, llame a { $seller } a un número de teléfono que ya conozca y pida que le confirmen la cuenta nueva. No utilice nunca un número de teléfono, una dirección de correo o un enlace de un mensaje sobre este cambio: las cuentas falsas son un fraude frecuente.

notice-encrypted = Esta sala está cifrada. Tallyroom no puede leer sus mensajes, así que nada de lo que se escriba aquí a partir de ahora quedará registrado.
notice-room-replaced = La conversación sobre esta transacción continúa en otra sala.
notice-removed-contact = Ya no es un contacto para esta transacción
guest-name = { $name } (página de la factura)
