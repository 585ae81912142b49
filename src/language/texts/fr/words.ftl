# Words that come with a number: $number as the language writes it, $count to choose the plural
# form by.

## Units of UN/ECE Recommendation 20, by their codes

unit-C62 =
    { $count ->
        [one] { $number } pièce
       *[other] { $number } pièces
    }
unit-SEC =
    { $count ->
        [one] { $number } seconde
       *[other] { $number } secondes
    }
unit-MIN =
    { $count ->
        [one] { $number } minute
       *[other] { $number } minutes
    }
unit-HUR =
    { $count ->
        [one] { $number } heure
       *[other] { $number } heures
    }
unit-DAY =
    { $count ->
        [one] { $number } jour
       *[other] { $number } jours
    }
unit-E49 =
    { $count ->
        [one] { $number } jour ouvré
       *[other] { $number } jours ouvrés
    }
unit-WEE =
    { $count ->
        [one] { $number } semaine
       *[other] { $number } semaines
    }
unit-MON = { $number } mois
unit-QAN =
    { $count ->
        [one] { $number } trimestre
       *[other] { $number } trimestres
    }
unit-ANN =
    { $count ->
        [one] { $number } an
       *[other] { $number } ans
    }
unit-IE =
    { $count ->
        [one] { $number } personne
       *[other] { $number } personnes
    }
unit-LS =
    { $count ->
        [one] { $number } forfait
       *[other] { $number } forfaits
    }
unit-E48 =
    { $count ->
        [one] { $number } prestation
       *[other] { $number } prestations
    }
unit-PR =
    { $count ->
        [one] { $number } paire
       *[other] { $number } paires
    }
unit-SET =
    { $count ->
        [one] { $number } jeu
       *[other] { $number } jeux
    }
unit-DZN =
    { $count ->
        [one] { $number } douzaine
       *[other] { $number } douzaines
    }
unit-MIL =
    { $count ->
        [one] { $number } millier
       *[other] { $number } milliers
    }
unit-XBX =
    { $count ->
        [one] { $number } boîte
       *[other] { $number } boîtes
    }
unit-XCT =
    { $count ->
        [one] { $number } carton
       *[other] { $number } cartons
    }
unit-XPK =
    { $count ->
        [one] { $number } paquet
       *[other] { $number } paquets
    }
unit-XPX =
    { $count ->
        [one] { $number } palette
       *[other] { $number } palettes
    }
unit-XBG =
    { $count ->
        [one] { $number } sac
       *[other] { $number } sacs
    }
unit-XBO =
    { $count ->
        [one] { $number } bouteille
       *[other] { $number } bouteilles
    }
unit-XRO =
    { $count ->
        [one] { $number } rouleau
       *[other] { $number } rouleaux
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
        [one] { $number } octet
       *[other] { $number } octets
    }
size-kilobytes = { $number } ko
size-megabytes = { $number } Mo
size-gigabytes = { $number } Go

## Rough lengths of time

duration-minute = environ une minute
duration-few-minutes = quelques minutes
duration-minutes = environ { $count } minutes
duration-hour = environ une heure
duration-hours = environ { $count } heures
duration-day = environ un jour
duration-days = environ { $count } jours

## Lists

list-comma = ,

## What the record says about something unusual in a message

remark-encrypted = Ce message est chiffré et ne peut pas être lu ici.
remark-unknown-type = Ce type d’événement n’est pas connu ici.
remark-unknown-message-type = Ce type de message n’est pas connu ici.
remark-text-differs-from-html = Certaines personnes lisent ici d’autres mots : le texte simple et le texte mis en forme diffèrent.
remark-html-too-complex = La mise en forme est trop complexe pour être affichée.
remark-changes-direction = Il contient des caractères qui changent le sens d’écriture.
remark-held-unshowable = Il contenait des caractères qui ne peuvent pas être affichés.
remark-duplicate-key = Il est ambigu : l’un de ses champs figure deux fois. Ici, le dernier compte.
remark-removed-before = Le contenu a été supprimé avant d’arriver ici.
remark-empty = Il est vide, et rien n’indique qu’il a été supprimé.
remark-refers-to-itself = Il renvoie à lui-même.
remark-no-sender-or-type = Il n’indique pas qui l’a envoyé, ou ce que c’est.
remark-reaction-to-nothing = La réaction n’indique pas de message ou pas de signe.
remark-edit-without-content = La modification ne contient pas de nouveau texte.
remark-redaction-of-nothing = La suppression n’indique pas ce qu’elle supprime.
remark-poll-without-question = Le sondage n’a pas de question.
remark-not-readable = Il est illisible.
remark-no-content = Le contenu manque ou est illisible.
remark-no-membership = Il n’indique pas si quelqu’un est arrivé ou parti.
remark-no-message-type = Il n’indique pas de quel type de message il s’agit.
remark-no-body = Le message n’a pas de texte.
remark-file-without-address = L’adresse du fichier manque ou n’est pas valable.
remark-file-without-key = Le fichier est chiffré, et sa clé manque ou n’est pas valable.
remark-other-words-without-edits = Les applications qui n’affichent pas les modifications affichent à la place : { $words }
