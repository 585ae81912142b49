# Words that come with a number: $number as the language writes it, $count to choose the plural
# form by.

## Units of UN/ECE Recommendation 20, by their codes

unit-C62 = { $number } Stück
unit-SEC =
    { $count ->
        [one] { $number } Sekunde
       *[other] { $number } Sekunden
    }
unit-MIN =
    { $count ->
        [one] { $number } Minute
       *[other] { $number } Minuten
    }
unit-HUR =
    { $count ->
        [one] { $number } Stunde
       *[other] { $number } Stunden
    }
unit-DAY =
    { $count ->
        [one] { $number } Tag
       *[other] { $number } Tage
    }
unit-E49 =
    { $count ->
        [one] { $number } Arbeitstag
       *[other] { $number } Arbeitstage
    }
unit-WEE =
    { $count ->
        [one] { $number } Woche
       *[other] { $number } Wochen
    }
unit-MON =
    { $count ->
        [one] { $number } Monat
       *[other] { $number } Monate
    }
unit-QAN =
    { $count ->
        [one] { $number } Quartal
       *[other] { $number } Quartale
    }
unit-ANN =
    { $count ->
        [one] { $number } Jahr
       *[other] { $number } Jahre
    }
unit-IE =
    { $count ->
        [one] { $number } Person
       *[other] { $number } Personen
    }
unit-LS =
    { $count ->
        [one] { $number } Pauschale
       *[other] { $number } Pauschalen
    }
unit-E48 =
    { $count ->
        [one] { $number } Leistung
       *[other] { $number } Leistungen
    }
unit-PR = { $number } Paar
unit-SET =
    { $count ->
        [one] { $number } Satz
       *[other] { $number } Sätze
    }
unit-DZN = { $number } Dutzend
unit-MIL = { $number } Tausend
unit-XBX =
    { $count ->
        [one] { $number } Kiste
       *[other] { $number } Kisten
    }
unit-XCT =
    { $count ->
        [one] { $number } Karton
       *[other] { $number } Kartons
    }
unit-XPK =
    { $count ->
        [one] { $number } Packung
       *[other] { $number } Packungen
    }
unit-XPX =
    { $count ->
        [one] { $number } Palette
       *[other] { $number } Paletten
    }
unit-XBG = { $number } Beutel
unit-XBO =
    { $count ->
        [one] { $number } Flasche
       *[other] { $number } Flaschen
    }
unit-XRO =
    { $count ->
        [one] { $number } Rolle
       *[other] { $number } Rollen
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
        [one] { $number } Byte
       *[other] { $number } Bytes
    }
size-kilobytes = { $number } kB
size-megabytes = { $number } MB
size-gigabytes = { $number } GB

## Rough lengths of time

duration-minute = etwa eine Minute
duration-few-minutes = ein paar Minuten
duration-minutes = etwa { $count } Minuten
duration-hour = etwa eine Stunde
duration-hours = etwa { $count } Stunden
duration-day = etwa ein Tag
duration-days = etwa { $count } Tage

## Lists

list-comma = ,

## What the record says about something unusual in a message

remark-encrypted = Diese Nachricht ist verschlüsselt und kann hier nicht gelesen werden.
remark-unknown-type = Diese Art von Ereignis ist hier nicht bekannt.
remark-unknown-message-type = Diese Art von Nachricht ist hier nicht bekannt.
remark-text-differs-from-html = Manche lesen hier andere Worte: Der einfache und der formatierte Text unterscheiden sich.
remark-html-too-complex = Die Formatierung ist zu aufwendig, um sie anzuzeigen.
remark-changes-direction = Sie enthält Zeichen, die die Schreibrichtung ändern.
remark-held-unshowable = Sie enthielt Zeichen, die nicht angezeigt werden können.
remark-duplicate-key = Sie ist mehrdeutig: Eine Angabe kommt zweimal vor. Hier gilt die letzte.
remark-removed-before = Der Inhalt wurde entfernt, bevor er hier ankam.
remark-empty = Sie ist leer, und nichts sagt, dass etwas entfernt wurde.
remark-refers-to-itself = Sie bezieht sich auf sich selbst.
remark-no-sender-or-type = Es fehlt, von wem sie ist oder was sie ist.
remark-reaction-to-nothing = Die Reaktion nennt keine Nachricht oder kein Zeichen.
remark-edit-without-content = Die Änderung enthält keinen neuen Text.
remark-redaction-of-nothing = Es fehlt, was entfernt werden soll.
remark-poll-without-question = Die Umfrage hat keine Frage.
remark-not-readable = Sie ist nicht lesbar.
remark-no-content = Der Inhalt fehlt oder ist nicht lesbar.
remark-no-membership = Es fehlt, ob jemand gekommen oder gegangen ist.
remark-no-message-type = Es fehlt, um welche Art von Nachricht es sich handelt.
remark-no-body = Die Nachricht hat keinen Text.
remark-file-without-address = Die Adresse der Datei fehlt oder ist ungültig.
remark-file-without-key = Die Datei ist verschlüsselt, und ihr Schlüssel fehlt oder ist ungültig.
remark-other-words-without-edits = Apps, die keine Änderungen anzeigen, zeigen stattdessen: { $words }
