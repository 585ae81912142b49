# Words that come with a number: $number as the language writes it, $count to choose the plural
# form by.

## Units of UN/ECE Recommendation 20, by their codes

unit-C62 =
    { $count ->
        [few] { $number } قطع
        [many] { $number } قطعة
       *[other] { $number } قطعة
    }
unit-SEC =
    { $count ->
        [few] { $number } ثوانٍ
        [many] { $number } ثانية
       *[other] { $number } ثانية
    }
unit-MIN =
    { $count ->
        [few] { $number } دقائق
        [many] { $number } دقيقة
       *[other] { $number } دقيقة
    }
unit-HUR =
    { $count ->
        [few] { $number } ساعات
        [many] { $number } ساعة
       *[other] { $number } ساعة
    }
unit-DAY =
    { $count ->
        [few] { $number } أيام
        [many] { $number } يومًا
       *[other] { $number } يوم
    }
unit-E49 =
    { $count ->
        [few] { $number } أيام عمل
        [many] { $number } يوم عمل
       *[other] { $number } يوم عمل
    }
unit-WEE =
    { $count ->
        [few] { $number } أسابيع
        [many] { $number } أسبوعًا
       *[other] { $number } أسبوع
    }
unit-MON =
    { $count ->
        [few] { $number } أشهر
        [many] { $number } شهرًا
       *[other] { $number } شهر
    }
unit-QAN =
    { $count ->
        [few] { $number } أرباع سنة
        [many] { $number } ربع سنة
       *[other] { $number } ربع سنة
    }
unit-ANN =
    { $count ->
        [few] { $number } سنوات
        [many] { $number } سنة
       *[other] { $number } سنة
    }
unit-IE =
    { $count ->
        [few] { $number } أشخاص
        [many] { $number } شخصًا
       *[other] { $number } شخص
    }
unit-LS =
    { $count ->
        [few] { $number } مبالغ مقطوعة
        [many] { $number } مبلغًا مقطوعًا
       *[other] { $number } مبلغ مقطوع
    }
unit-E48 =
    { $count ->
        [few] { $number } خدمات
        [many] { $number } خدمة
       *[other] { $number } خدمة
    }
unit-PR =
    { $count ->
        [few] { $number } أزواج
        [many] { $number } زوجًا
       *[other] { $number } زوج
    }
unit-SET =
    { $count ->
        [few] { $number } أطقم
        [many] { $number } طقمًا
       *[other] { $number } طقم
    }
unit-DZN =
    { $count ->
        [few] { $number } دزينات
        [many] { $number } دزينة
       *[other] { $number } دزينة
    }
unit-MIL =
    { $count ->
        [few] { $number } آلاف
        [many] { $number } ألفًا
       *[other] { $number } ألف
    }
unit-XBX =
    { $count ->
        [few] { $number } صناديق
        [many] { $number } صندوقًا
       *[other] { $number } صندوق
    }
unit-XCT =
    { $count ->
        [few] { $number } كراتين
        [many] { $number } كرتونة
       *[other] { $number } كرتونة
    }
unit-XPK =
    { $count ->
        [few] { $number } عبوات
        [many] { $number } عبوة
       *[other] { $number } عبوة
    }
unit-XPX =
    { $count ->
        [few] { $number } منصات نقل
        [many] { $number } منصة نقل
       *[other] { $number } منصة نقل
    }
unit-XBG =
    { $count ->
        [few] { $number } أكياس
        [many] { $number } كيسًا
       *[other] { $number } كيس
    }
unit-XBO =
    { $count ->
        [few] { $number } زجاجات
        [many] { $number } زجاجة
       *[other] { $number } زجاجة
    }
unit-XRO =
    { $count ->
        [few] { $number } لفات
        [many] { $number } لفة
       *[other] { $number } لفة
    }
unit-MGM = { $number } ملغ
unit-GRM = { $number } غ
unit-KGM = { $number } كغ
unit-TNE = { $number } طن
unit-MLT = { $number } مل
unit-CLT = { $number } سل
unit-LTR = { $number } ل
unit-HLT = { $number } هل
unit-MMT = { $number } ملم
unit-CMT = { $number } سم
unit-MTR = { $number } م
unit-KMT = { $number } كم
unit-CMK = { $number } سم²
unit-MTK = { $number } م²
unit-HAR = { $number } هكتار
unit-MTQ = { $number } م³
unit-KWT = { $number } ك.و
unit-KWH = { $number } ك.و.س
unit-MWH = { $number } م.و.س
unit-P1 = { $number }٪

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
        [few] { $number } بايتات
       *[other] { $number } بايت
    }
size-kilobytes = { $number } ك.ب
size-megabytes = { $number } م.ب
size-gigabytes = { $number } غ.ب

## Rough lengths of time

duration-minute = نحو دقيقة
duration-few-minutes = بضع دقائق
duration-minutes = نحو { $count } دقيقة
duration-hour = نحو ساعة
duration-hours =
    { $count ->
        [two] نحو ساعتين
        [few] نحو { $count } ساعات
       *[other] نحو { $count } ساعة
    }
duration-day = نحو يوم
duration-days =
    { $count ->
        [two] نحو يومين
        [few] نحو { $count } أيام
        [many] نحو { $count } يومًا
       *[other] نحو { $count } يوم
    }

## Lists

list-comma = ،

## What the record says about something unusual in a message

remark-encrypted = هذه الرسالة مشفّرة ولا يمكن قراءتها هنا.
remark-unknown-type = هذا النوع من الأحداث غير معروف هنا.
remark-unknown-message-type = هذا النوع من الرسائل غير معروف هنا.
remark-text-differs-from-html = قد يقرأ بعض الأشخاص كلمات أخرى هنا: النص البسيط يختلف عن النص المنسّق.
remark-html-too-complex = التنسيق أعقد من أن يُعرض.
remark-changes-direction = تحتوي على أحرف تغيّر اتجاه النص.
remark-held-unshowable = كانت تحتوي على أحرف لا يمكن عرضها.
remark-duplicate-key = فيها التباس: أحد الحقول مكرر، ويُعتد هنا بالأخير.
remark-removed-before = أُزيل المحتوى قبل وصوله إلى هنا.
remark-empty = الرسالة فارغة، ولا شيء يدل على أنها أُزيلت.
remark-refers-to-itself = تشير إلى نفسها.
remark-no-sender-or-type = لا يُعرف مَن أرسلها أو ما هي.
remark-reaction-to-nothing = لا يذكر التفاعل رسالة أو رمزًا.
remark-edit-without-content = لا يحتوي التعديل على نص جديد.
remark-redaction-of-nothing = لا يُعرف ما الذي أُزيل.
remark-poll-without-question = لا يوجد سؤال في الاستطلاع.
remark-not-readable = لا يمكن قراءتها.
remark-no-content = المحتوى مفقود أو لا يمكن قراءته.
remark-no-membership = لا يُعرف إن كان أحد قد انضم أو غادر.
remark-no-message-type = لا يُعرف نوع الرسالة.
remark-no-body = لا يوجد نص في الرسالة.
remark-file-without-address = عنوان الملف مفقود أو غير صالح.
remark-file-without-key = الملف مشفّر، ومفتاحه مفقود أو غير صالح.
remark-other-words-without-edits = التطبيقات التي لا تعرض التعديلات تعرض بدلًا من ذلك: { $words }
