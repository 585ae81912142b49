# La conversación como archivo para leer e imprimir. Las explicaciones están en texts/en/transcript.ftl.

transcript-title = Registro de la conversación
transcript-transaction = Operación
transcript-entries = Entradas
transcript-exported = Exportado
transcript-head = Huella de la última entrada
transcript-key = Clave pública
transcript-about = Todas las horas son UTC. Los números al margen son los de las entradas del registro, que la tienda puede exportar con su prueba. Este archivo muestra lo mismo que la página de la factura, sin lo que se ha eliminado.
transcript-unknown-sender = Remitente desconocido
transcript-file-missing = no incluido
transcript-file-encrypted = enviado cifrado, descifrado aquí
transcript-edited = Editado por su autor, última vez: { $time }.
transcript-remark = Observación
