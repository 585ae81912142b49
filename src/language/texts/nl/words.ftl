# Words that come with a number: $number as the language writes it, $count to choose the plural
# form by.

## Units of UN/ECE Recommendation 20, by their codes

unit-C62 =
    { $count ->
        [one] { $number } stuk
       *[other] { $number } stuks
    }
unit-SEC =
    { $count ->
        [one] { $number } seconde
       *[other] { $number } seconden
    }
unit-MIN =
    { $count ->
        [one] { $number } minuut
       *[other] { $number } minuten
    }
unit-HUR = { $number } uur
unit-DAY =
    { $count ->
        [one] { $number } dag
       *[other] { $number } dagen
    }
unit-E49 =
    { $count ->
        [one] { $number } werkdag
       *[other] { $number } werkdagen
    }
unit-WEE =
    { $count ->
        [one] { $number } week
       *[other] { $number } weken
    }
unit-MON =
    { $count ->
        [one] { $number } maand
       *[other] { $number } maanden
    }
unit-QAN =
    { $count ->
        [one] { $number } kwartaal
       *[other] { $number } kwartalen
    }
unit-ANN = { $number } jaar
unit-IE =
    { $count ->
        [one] { $number } persoon
       *[other] { $number } personen
    }
unit-LS =
    { $count ->
        [one] { $number } vast bedrag
       *[other] { $number } vaste bedragen
    }
unit-E48 =
    { $count ->
        [one] { $number } dienst
       *[other] { $number } diensten
    }
unit-PR = { $number } paar
unit-SET =
    { $count ->
        [one] { $number } set
       *[other] { $number } sets
    }
unit-DZN = { $number } dozijn
unit-MIL = { $number } duizend
unit-XBX =
    { $count ->
        [one] { $number } doos
       *[other] { $number } dozen
    }
unit-XCT =
    { $count ->
        [one] { $number } karton
       *[other] { $number } kartons
    }
unit-XPK =
    { $count ->
        [one] { $number } pak
       *[other] { $number } pakken
    }
unit-XPX =
    { $count ->
        [one] { $number } pallet
       *[other] { $number } pallets
    }
unit-XBG =
    { $count ->
        [one] { $number } zak
       *[other] { $number } zakken
    }
unit-XBO =
    { $count ->
        [one] { $number } fles
       *[other] { $number } flessen
    }
unit-XRO =
    { $count ->
        [one] { $number } rol
       *[other] { $number } rollen
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
unit-P1 = { $number }%

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

duration-minute = ongeveer een minuut
duration-few-minutes = een paar minuten
duration-minutes = ongeveer { $count } minuten
duration-hour = ongeveer een uur
duration-hours = ongeveer { $count } uur
duration-day = ongeveer een dag
duration-days = ongeveer { $count } dagen

## Lists

list-comma = ,
