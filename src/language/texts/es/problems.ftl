## Why something that was asked for was not done

problem-title = No ha funcionado
problem-empty = No hay nada que enviar. Escriba algo o elija un archivo.
problem-form = Los datos han llegado incompletos. Vuelva a cargar la página e inténtelo de nuevo.
problem-go-back = Vuelva a la página anterior; lo que escribió allí puede seguir en el campo.
problem-large-file = Un archivo es demasiado grande para enviarlo aquí.
problem-long = El texto es demasiado largo. Envíelo por partes o como archivo.
problem-many-files = Son demasiados archivos a la vez. Envíelos en varios mensajes.
problem-matrix-id = Esto no es un ID de Matrix. Tiene esta forma: @nombre:example.org.
problem-matrix-or-mail = Esto no es ni una dirección de correo ni un ID de Matrix. Un ID de Matrix tiene esta forma: @nombre:example.org.
problem-method = Esta página no se puede abrir de esta manera.
problem-many-notes = Se ha alcanzado el número máximo de notas.
problem-no-contact = Esta cuenta no es un contacto del comprador ni del vendedor de la factura.
problem-no-file = Este archivo no existe o ya no está disponible.
problem-not-yours = Solo puede editar o eliminar sus propios mensajes.
problem-openid = Su servidor de Matrix no ha confirmado quién es usted.
problem-openid-form = Su cliente de Matrix no ha enviado una prueba válida de quién es usted.
problem-other-site = Esto se envió desde otro sitio web. Por eso no se ha hecho nada.
problem-too-fast = Muchos de sus mensajes todavía esperan a ser enviados. Inténtelo de nuevo más tarde.
problem-too-many = Ha sido demasiado en poco tiempo. Espere un momento e inténtelo de nuevo.
problem-try-again = Ahora mismo no es posible. No se ha perdido nada; inténtelo de nuevo en un momento.
problem-encrypted = Esta sala está cifrada. Lo que escriba aquí no podría registrarse, por eso no se envía.
problem-closed = Esta operación está cerrada, por eso no se envía nada.
problem-addressee = Ya no es posible dirigirse a este contacto. Vuelva a cargar la página y elija a otra persona.
problem-poll = Este voto no corresponde a la encuesta, o la encuesta ha terminado. Vuelva a cargar la página y compruébelo.
problem-step = Este estado no se puede elegir ahora. Vuelva a cargar la página para ver qué es posible.
problem-reason = Indique un motivo.

## Why something that was written here did not get into the conversation

unsent-file = el archivo ya no está disponible
unsent-later = no se puede acceder ahora a la conversación; seguimos intentándolo
unsent-not-in-room = usted no puede participar ahora en esta conversación
unsent-refused = la conversación no lo aceptó
unsent-too-large = el archivo es demasiado grande para la conversación
