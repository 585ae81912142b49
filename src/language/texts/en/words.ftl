# Words that come with a number: $number as the language writes it, $count to choose the plural
# form by.

## Units of UN/ECE Recommendation 20, by their codes

unit-C62 =
    { $count ->
        [one] { $number } piece
       *[other] { $number } pieces
    }
unit-SEC =
    { $count ->
        [one] { $number } second
       *[other] { $number } seconds
    }
unit-MIN =
    { $count ->
        [one] { $number } minute
       *[other] { $number } minutes
    }
unit-HUR =
    { $count ->
        [one] { $number } hour
       *[other] { $number } hours
    }
unit-DAY =
    { $count ->
        [one] { $number } day
       *[other] { $number } days
    }
unit-E49 =
    { $count ->
        [one] { $number } working day
       *[other] { $number } working days
    }
unit-WEE =
    { $count ->
        [one] { $number } week
       *[other] { $number } weeks
    }
unit-MON =
    { $count ->
        [one] { $number } month
       *[other] { $number } months
    }
unit-QAN =
    { $count ->
        [one] { $number } quarter
       *[other] { $number } quarters
    }
unit-ANN =
    { $count ->
        [one] { $number } year
       *[other] { $number } years
    }
unit-IE =
    { $count ->
        [one] { $number } person
       *[other] { $number } people
    }
unit-LS =
    { $count ->
        [one] { $number } lump sum
       *[other] { $number } lump sums
    }
unit-E48 =
    { $count ->
        [one] { $number } service
       *[other] { $number } services
    }
unit-PR =
    { $count ->
        [one] { $number } pair
       *[other] { $number } pairs
    }
unit-SET =
    { $count ->
        [one] { $number } set
       *[other] { $number } sets
    }
unit-DZN = { $number } dozen
unit-MIL = { $number } thousand
unit-XBX =
    { $count ->
        [one] { $number } box
       *[other] { $number } boxes
    }
unit-XCT =
    { $count ->
        [one] { $number } carton
       *[other] { $number } cartons
    }
unit-XPK =
    { $count ->
        [one] { $number } package
       *[other] { $number } packages
    }
unit-XPX =
    { $count ->
        [one] { $number } pallet
       *[other] { $number } pallets
    }
unit-XBG =
    { $count ->
        [one] { $number } bag
       *[other] { $number } bags
    }
unit-XBO =
    { $count ->
        [one] { $number } bottle
       *[other] { $number } bottles
    }
unit-XRO =
    { $count ->
        [one] { $number } roll
       *[other] { $number } rolls
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

duration-minute = about a minute
duration-few-minutes = a few minutes
duration-minutes = about { $count } minutes
duration-hour = about an hour
duration-hours = about { $count } hours
duration-day = about a day
duration-days = about { $count } days

## Lists

# What stands between the parts of a list, before a space.
list-comma = ,

## What the record says about something unusual in a message

remark-encrypted = This message is encrypted and cannot be read here.
remark-unknown-type = This app does not know this kind of event.
remark-unknown-message-type = This app does not know this kind of message.
remark-text-differs-from-html = Some people read other words here: the plain text and the formatted text differ.
remark-html-too-complex = The formatting is too complex to be shown.
remark-changes-direction = It contains characters that change the direction of the text.
remark-held-unshowable = It contained characters that cannot be shown.
remark-duplicate-key = It is ambiguous: one of its fields occurs twice. The last one counts here.
remark-removed-before = It had been removed before it arrived here.
remark-empty = It is empty, and nothing says that it was removed.
remark-refers-to-itself = It refers to itself.
remark-no-sender-or-type = It does not say who sent it, or what it is.
remark-reaction-to-nothing = The reaction names no message or no sign.
remark-edit-without-content = The change contains no new text.
remark-redaction-of-nothing = The removal does not say what it removes.
remark-poll-without-question = The poll has no question.
remark-not-readable = It cannot be read.
remark-no-content = Its content is missing or cannot be read.
remark-no-membership = It does not say whether somebody came or left.
remark-no-message-type = It does not say what kind of message it is.
remark-no-body = The message has no text.
remark-file-without-address = The file’s address is missing or invalid.
remark-file-without-key = The file is encrypted, and its key is missing or invalid.
# $words: those words.
remark-other-words-without-edits = Apps that cannot show changes show these words instead: { $words }
