# Words that come with a number: $number as the language writes it, $count to choose the plural
# form by.

## Units of UN/ECE Recommendation 20, by their codes

unit-C62 =
    { $count ->
        [one] { $number } unidad
       *[other] { $number } unidades
    }
unit-SEC =
    { $count ->
        [one] { $number } segundo
       *[other] { $number } segundos
    }
unit-MIN =
    { $count ->
        [one] { $number } minuto
       *[other] { $number } minutos
    }
unit-HUR =
    { $count ->
        [one] { $number } hora
       *[other] { $number } horas
    }
unit-DAY =
    { $count ->
        [one] { $number } día
       *[other] { $number } días
    }
unit-E49 =
    { $count ->
        [one] { $number } día laborable
       *[other] { $number } días laborables
    }
unit-WEE =
    { $count ->
        [one] { $number } semana
       *[other] { $number } semanas
    }
unit-MON =
    { $count ->
        [one] { $number } mes
       *[other] { $number } meses
    }
unit-QAN =
    { $count ->
        [one] { $number } trimestre
       *[other] { $number } trimestres
    }
unit-ANN =
    { $count ->
        [one] { $number } año
       *[other] { $number } años
    }
unit-IE =
    { $count ->
        [one] { $number } persona
       *[other] { $number } personas
    }
unit-LS = { $number } tanto alzado
unit-E48 =
    { $count ->
        [one] { $number } servicio
       *[other] { $number } servicios
    }
unit-PR =
    { $count ->
        [one] { $number } par
       *[other] { $number } pares
    }
unit-SET =
    { $count ->
        [one] { $number } juego
       *[other] { $number } juegos
    }
unit-DZN =
    { $count ->
        [one] { $number } docena
       *[other] { $number } docenas
    }
unit-MIL =
    { $count ->
        [one] { $number } millar
       *[other] { $number } millares
    }
unit-XBX =
    { $count ->
        [one] { $number } caja
       *[other] { $number } cajas
    }
unit-XCT =
    { $count ->
        [one] { $number } cartón
       *[other] { $number } cartones
    }
unit-XPK =
    { $count ->
        [one] { $number } paquete
       *[other] { $number } paquetes
    }
unit-XPX =
    { $count ->
        [one] { $number } palé
       *[other] { $number } palés
    }
unit-XBG =
    { $count ->
        [one] { $number } bolsa
       *[other] { $number } bolsas
    }
unit-XBO =
    { $count ->
        [one] { $number } botella
       *[other] { $number } botellas
    }
unit-XRO =
    { $count ->
        [one] { $number } rollo
       *[other] { $number } rollos
    }
unit-MGM = { $number } mg
unit-GRM = { $number } g
unit-KGM = { $number } kg
unit-TNE = { $number } t
unit-MLT = { $number } ml
unit-CLT = { $number } cl
unit-LTR = { $number } l
unit-HLT = { $number } hl
unit-MMT = { $number } mm
unit-CMT = { $number } cm
unit-MTR = { $number } m
unit-KMT = { $number } km
unit-CMK = { $number } cm²
unit-MTK = { $number } m²
unit-HAR = { $number } ha
unit-MTQ = { $number } m³
unit-KWT = { $number } kW
unit-KWH = { $number } kWh
unit-MWH = { $number } MWh
unit-P1 = { $number } %

# Other codes for the same.
unit-H87 = { unit-C62 }
unit-EA = { unit-C62 }
unit-PCE = { unit-C62 }
unit-NAR = { unit-C62 }
unit-XPP = { unit-C62 }
unit-BX = { unit-XBX }
unit-PK = { unit-XPK }
# Whatever buyer and seller agreed on.
unit-ZZ = { $number }
# $unit: the code of a unit that has no name here.
unknown-unit = { $number } { $unit }

## Sizes of files

size-bytes =
    { $count ->
        [one] { $number } byte
       *[other] { $number } bytes
    }
size-kilobytes = { $number } kB
size-megabytes = { $number } MB
size-gigabytes = { $number } GB

## Rough lengths of time

duration-minute = aproximadamente un minuto
duration-few-minutes = unos minutos
duration-minutes = unos { $count } minutos
duration-hour = aproximadamente una hora
duration-hours = unas { $count } horas
duration-day = aproximadamente un día
duration-days = unos { $count } días

## Lists

list-comma = ,

## What the record says about something unusual in a message

remark-encrypted = Este mensaje está cifrado y no se puede leer aquí.
remark-unknown-type = Aquí no se conoce este tipo de evento.
remark-unknown-message-type = Aquí no se conoce este tipo de mensaje.
remark-text-differs-from-html = Algunas personas leen aquí otras palabras: el texto simple y el texto con formato difieren.
remark-html-too-complex = El formato es demasiado complejo para mostrarlo.
remark-changes-direction = Contiene caracteres que cambian el sentido de la escritura.
remark-held-unshowable = Contenía caracteres que no se pueden mostrar.
remark-duplicate-key = Es ambiguo: uno de sus campos aparece dos veces. Aquí vale el último.
remark-removed-before = El contenido se eliminó antes de llegar aquí.
remark-empty = Está vacío, y nada indica que se haya eliminado.
remark-refers-to-itself = Se refiere a sí mismo.
remark-no-sender-or-type = No indica quién lo envió o qué es.
remark-reaction-to-nothing = La reacción no indica ningún mensaje o ningún signo.
remark-edit-without-content = El cambio no contiene texto nuevo.
remark-redaction-of-nothing = La eliminación no indica qué elimina.
remark-poll-without-question = La encuesta no tiene pregunta.
remark-not-readable = No se puede leer.
remark-no-content = El contenido falta o no se puede leer.
remark-no-membership = No indica si alguien llegó o se fue.
remark-no-message-type = No indica qué tipo de mensaje es.
remark-no-body = El mensaje no tiene texto.
remark-file-without-address = La dirección del archivo falta o no es válida.
remark-file-without-key = El archivo está cifrado, y su clave falta o no es válida.
remark-other-words-without-edits = Las aplicaciones que no muestran los cambios muestran en su lugar: { $words }
