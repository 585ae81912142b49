# ما يظهر في غرفة Matrix: اسمها وموضوعها والملخص المثبت والرسالة التي تعلن عن تغيير.
# الشروح في texts/en/room.ftl.

room-name = { $kind } { $number } · { $parties }
room-parties = { $seller } ← { $buyer }
amount-with-code = { $amount } { $currency }
labelled = { $label }: { $text }

summary-credited = { $amount } لصالح المشتري
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
notice-removed-contact = لم تعد جهة الاتصال هذه مرتبطة بهذه المعاملة
notice-payment = تم استلام دفعة: { $amount } بتاريخ { $date }.
notice-paid-out = تم رد المبلغ: { $amount } بتاريخ { $date }.
notice-payment-taken-back = سُجلت الدفعة { $amount } بتاريخ { $date } عن طريق الخطأ ولم تعد محتسبة.
notice-payment-left = المبلغ المتبقي للدفع: { $amount }.
notice-payment-all = لم يبقَ أي مبلغ للدفع.
guest-name = { $name } (صفحة الفاتورة)

## الأوامر في الغرفة، مثل ‎!tally الحالة‎

command-help = مساعدة
command-status = الحالة, حالة
command-invoice = الفاتورة, فاتورة
command-who = من
command-link = رابط, الرابط
command-export = تصدير, التصدير
command-accept = قبول
command-dispute = اعتراض
command-paid = مدفوعة, مدفوع
command-shipped = شحن
command-help-about = يعرض هذه القائمة
command-status-about = يعرض المبلغ المستحق وتاريخ استحقاقه
command-invoice-about = يعرض ملخص الفاتورة
command-who-about = يعرض الحاضرين هنا والطرف الذي يتبعه كل منهم
command-link-about = يرسل إليكم رابطكم الخاص بصفحة الفاتورة في رسالة مباشرة
command-export-about = يرسل إليكم رابطكم الخاص لتنزيل المحادثة في رسالة مباشرة
command-accept-about = يقبل الفاتورة
command-dispute-about = يعترض على الفاتورة؛ اكتبوا السبب بعده
command-paid-about = يسجل الفاتورة مدفوعة
command-shipped-about = يسجل أن البضاعة شُحنت
answer-help = هذا ما أفهمه:
answer-unknown = لا أعرف هذا الأمر. ‏{ $help } يعرض ما أفهمه.
answer-nearest = لا أعرف هذا الأمر. هل تقصدون { $nearest }؟
answer-not-a-party = هذا الأمر متاح لجهات اتصال المشتري والبائع فقط.
answer-status = الحالة الآن: { $status }.
answer-not-now = لا يمكن ذلك الآن: الحالة هي { $status }. ما يمكنكم فعله: { $commands }.
answer-nothing-now = لا يمكن ذلك الآن: الحالة هي { $status }.
answer-reason = اكتبوا السبب بعد الأمر: { $command } …
answer-no-page = ليس لهذا المتجر صفحة فاتورة.
answer-link-sent = أرسلت إليكم رابطكم في رسالة مباشرة.
answer-link-on-page = أنتم على صفحة الفاتورة بالفعل.
answer-export-on-page = أنتم على صفحة الفاتورة بالفعل، ويمكنكم تنزيل المحادثة منها.
answer-link-refused = لا أستطيع مراسلتكم مباشرة: رفض خادمكم دعوتي. اسمحوا بدعواتي ثم اطلبوا مرة أخرى.
direct-link = { $kind } { $number } من { $seller }: هذا رابطكم الخاص بصفحة المستند. كل من يحصل عليه يمكنه القراءة والكتابة هناك باسمكم، فاحتفظوا به لأنفسكم. الرابط صالح حتى { $date }.
direct-export = { $kind } { $number } من { $seller }: بهذا الرابط تنزّلون المحادثة وملفاتها. وهو يفتح الصفحة باسمكم أيضًا، فاحتفظوا به لأنفسكم. الرابط صالح حتى { $date }.
direct-room-name = الفواتير
who-here = في الغرفة
who-invited = أُرسلت الدعوة
who-left = خارج الغرفة
who-page = على صفحة الفاتورة فقط
