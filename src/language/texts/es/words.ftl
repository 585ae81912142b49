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
