# ما يظهر في غرفة Matrix: اسمها وموضوعها والملخص المثبت والرسالة التي تعلن عن تغيير.
# الشروح في texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } ← { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label }: { $text }

summary-credited = قُيّد لصالحكم { $amount }
summary-due = الاستحقاق: { $date }
summary-introduction = { $kind } بتاريخ { $date }، { $parties }
summary-line = { $description }، { $quantity } × { $price }
summary-vat = ضريبة القيمة المضافة ({ $rate }) على { $taxable }
summary-more-lines =
    { $count ->
        [zero] … ولا بنود أخرى
        [one] … وبند واحد آخر
        [two] … وبندان آخران
        [few] … و{ $count } بنود أخرى
        [many] … و{ $count } بندًا آخر
       *[other] … و{ $count } بند آخر
    }

announcement = { $kind } { $number }: حدث تغيير
announced-change = { $label }: { $before } ← { $after }
no-value = لا يوجد
announcement-more = … و{ $count } غيرها
account-warning = تحذير: تغيّر الحساب الذي يُدفع إليه.
account-advice = قبل الدفع اتصلوا بـ{ $seller } على رقم هاتف تعرفونه من قبل، واطلبوا تأكيد الحساب الجديد. لا تستخدموا أبدًا رقم هاتف أو عنوان بريد إلكتروني أو رابطًا من رسالة تخص هذا التغيير، فالحسابات المزورة وسيلة احتيال شائعة.

notice-encrypted = هذه الغرفة مشفرة. لا يستطيع Tallyroom قراءة رسائلها، لذلك لن يُسجَّل أي شيء يُكتب هنا من الآن فصاعدًا.
notice-room-replaced = تستمر المحادثة حول هذه المعاملة في غرفة أخرى.
notice-removed-contact = لم يعد جهة اتصال لهذه المعاملة
guest-name = { $name } (صفحة الفاتورة)
