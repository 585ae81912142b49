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
