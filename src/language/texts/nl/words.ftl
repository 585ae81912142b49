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

## What the record says about something unusual in a message

remark-encrypted = Dit bericht is versleuteld en kan hier niet worden gelezen.
remark-unknown-type = Dit soort gebeurtenis is hier niet bekend.
remark-unknown-message-type = Dit soort bericht is hier niet bekend.
remark-text-differs-from-html = Sommigen lezen hier andere woorden: de gewone en de opgemaakte tekst verschillen.
remark-html-too-complex = De opmaak is te ingewikkeld om te tonen.
remark-changes-direction = Het bevat tekens die de schrijfrichting veranderen.
remark-held-unshowable = Het bevatte tekens die niet kunnen worden getoond.
remark-duplicate-key = Het is dubbelzinnig: een van de velden komt twee keer voor. Hier telt het laatste.
remark-removed-before = De inhoud is verwijderd voordat die hier aankwam.
remark-empty = Het is leeg, en nergens staat dat het is verwijderd.
remark-refers-to-itself = Het verwijst naar zichzelf.
remark-no-sender-or-type = Er staat niet van wie het is, of wat het is.
remark-reaction-to-nothing = De reactie noemt geen bericht of geen teken.
remark-edit-without-content = De wijziging bevat geen nieuwe tekst.
remark-redaction-of-nothing = Er staat niet wat er wordt verwijderd.
remark-poll-without-question = De peiling heeft geen vraag.
remark-not-readable = Het is niet leesbaar.
remark-no-content = De inhoud ontbreekt of is niet leesbaar.
remark-no-membership = Er staat niet of iemand is gekomen of gegaan.
remark-no-message-type = Er staat niet om wat voor bericht het gaat.
remark-no-body = Het bericht heeft geen tekst.
remark-file-without-address = Het adres van het bestand ontbreekt of is ongeldig.
remark-file-without-key = Het bestand is versleuteld, en de sleutel ontbreekt of is ongeldig.
remark-other-words-without-edits = Apps die geen wijzigingen tonen, laten in plaats daarvan zien: { $words }
