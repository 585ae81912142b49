# نصوص صفحة الفاتورة. معانيها وما يرد بين الأقواس المعقوفة مشروح في الملف الإنجليزي.

## The document as such

page-title = { $kind } { $number } · { $seller }
skip-to-invoice = الانتقال إلى الفاتورة
skip-to-messages = الانتقال إلى الرسائل
skip-to-compose = الانتقال إلى حقل الكتابة
tabs = أقسام هذه الصفحة
tab-invoice = الفاتورة
tab-messages = الرسائل
language = اللغة
seen-as = تُعرض لكم هذه الصفحة بصفتكم { $name } ({ $role }).
writing-as = تكتبون بصفتكم { $name } نيابةً عن { $party }.
writing-for = تكتبون نيابةً عن { $party }.
leave = تسجيل الخروج من هذا الجهاز
role-buyer = المشتري
role-seller = البائع
role-bot = خدمة
role-other = ضيف

## What is to pay, in the page's head

summary = نظرة سريعة
amount-due = المبلغ المستحق
amount-credited = المبلغ المقيّد لصالح المشتري
named-with-side = { $name } ({ $side })
you = أنتم
spoiler = محتوى مخفي
spoiler-about = محتوى مخفي: { $reason }
times-differ = وقت الإرسال حسب خادم المرسل: { $sent }، ووقت الاستلام: { $received }.
times-differ-history = وقت الإرسال حسب خادم المرسل: { $sent }، ووقت القراءة من سجل الغرفة: { $received }.
unknown-time = وقت غير معروف
nothing-due = لا يوجد مبلغ مستحق
due-on = تاريخ الاستحقاق: { $date }
due-today = مستحقة اليوم
days-left =
    { $days ->
        [zero] لم يتبق أي يوم
        [one] تبقى يوم واحد
        [two] تبقى يومان
        [few] تبقت { $days } أيام
        [many] تبقى { $days } يومًا
       *[other] تبقى { $days } يوم
    }
days-late =
    { $days ->
        [zero] بلا تأخير
        [one] متأخرة يومًا واحدًا
        [two] متأخرة يومين
        [few] متأخرة { $days } أيام
        [many] متأخرة { $days } يومًا
       *[other] متأخرة { $days } يوم
    }

## Status

status = الحالة
status-draft = مسودة
status-open = مفتوحة
status-awaiting-payment = في انتظار الدفع
status-partially-paid = مدفوعة جزئيًا
status-paid = مدفوعة
status-overdue = متأخرة السداد
status-disputed = محل اعتراض
status-cancelled = ملغاة
status-refunded = تم رد المبلغ
status-partially-refunded = تم رد جزء من المبلغ
status-written-off = مشطوبة كدين معدوم
status-issued = صادرة
status-partly-paid = مدفوعة جزئيًا
status-accepted = مقبولة
status-shipped = تم الشحن
status-completed = مكتملة
status-credited = صدر إشعار دائن
steps = ما يمكنكم فعله
step-accepted = قبول الفاتورة
step-disputed = الاعتراض على الفاتورة
step-shipped = وضع علامة «تم الشحن»
step-paid = وضع علامة «مدفوعة»
step-other = تغيير الحالة إلى «{ $status }»
step-reason = السبب

side-notes = ملاحظات داخلية لا يراها الطرف الآخر
notes-older = ملاحظات أقدم
note-new = ملاحظة جديدة
note-add = إضافة الملاحظة
note-removed = حُذفت هذه الملاحظة.

## The invoice

from = من
to = إلى
vat-id = رقم التسجيل الضريبي
issued = تاريخ الإصدار
due = تاريخ الاستحقاق
buyer-reference = مرجعكم
order-reference = رقم أمر الشراء
further = تفاصيل أخرى
attached-files = الملفات المرفقة
also-in-the-file = قيم أخرى في الملف
also-in-the-file-more = { $count ->
    [zero] ولا قيم أخرى
    [one] وقيمة أخرى واحدة
    [two] وقيمتان أخريان
    [few] و{ $count } قيم أخرى
    [many] و{ $count } قيمة أخرى
   *[other] و{ $count } قيمة أخرى
}
lines = بنود الفاتورة
no-lines = لا تعرض هذه الفاتورة سوى المجاميع.
line-description = الوصف
line-quantity = الكمية
line-price = سعر الوحدة
price-per = { $amount } لكل { $quantity }
line-vat = ضريبة القيمة المضافة
line-net = الصافي
allowance = خصم
charge = رسم إضافي
notes = ملاحظات

## VAT

vat-breakdown = ضريبة القيمة المضافة
vat-category = النسبة
vat-taxable = المبلغ الخاضع للضريبة
vat-tax = الضريبة
vat-z = نسبة صفرية
vat-e = معفاة
vat-ae = احتساب عكسي
vat-k = توريد داخل الاتحاد الأوروبي
vat-g = تصدير إلى خارج الاتحاد الأوروبي
vat-o = غير خاضعة للضريبة
vat-l = ضريبة IGIC لجزر الكناري
vat-m = ضريبة IPSI لسبتة ومليلية
vat-b = دفع مجزأ

## Totals

totals = المجاميع
total-lines = مجموع البنود
total-allowances = الخصومات
total-charges = الرسوم الإضافية
total-without-vat = الإجمالي دون الضريبة
total-vat = ضريبة القيمة المضافة
total-with-vat = الإجمالي
total-paid = المدفوع سابقًا
total-rounding = التقريب
total-payments = الدفعات المستلمة
total-paid-out = المبلغ المردود
total-due = المبلغ المستحق

## How to pay

payment = طريقة الدفع
payment-means = وسيلة الدفع
payment-account-name = صاحب الحساب
payment-iban = رقم الحساب الدولي (IBAN)
payment-account = رقم الحساب
payment-amount = المبلغ
payment-bic = رمز المصرف (BIC)
payment-reference = مرجع الدفع
payment-discount = خصم السداد المبكر
payment-discount-until = خصم { $percent } عند الدفع في موعد أقصاه { $date }: { $amount }
payment-terms = شروط الدفع
payment-further-account = حساب آخر
pay = الدفع الآن
close = إغلاق
pay-online = الدفع عبر الإنترنت
pay-by-transfer = بتحويل مصرفي
pay-app = فتح في تطبيق مصرفي
pay-said = تم الدفع
pay-said-label = رسالتكم
pay-said-words = دفعنا { $amount } عن الفاتورة { $number }.
pay-said-file = إثبات الدفع (اختياري)
pay-said-send = إبلاغ البائع
copy = نسخ
copied = تم النسخ
qr-caption = امسحوا الرمز بتطبيق مصرفكم: المستفيد والحساب والمبلغ والمرجع معبأة مسبقًا.
qr-label = رمز QR لتحويل SEPA
means-1 = حسب الاتفاق
means-10 = نقدًا
means-20 = شيك
means-30 = تحويل مصرفي
means-31 = تحويل مصرفي
means-42 = دفع إلى حساب مصرفي
means-48 = بطاقة مصرفية
means-49 = خصم مباشر
means-54 = بطاقة ائتمان
means-55 = بطاقة خصم
means-57 = حسب الاتفاق القائم
means-58 = تحويل SEPA
means-59 = خصم مباشر SEPA
means-68 = دفع عبر الإنترنت
means-97 = مقاصة بين الطرفين

## Downloads

downloads = التنزيلات
download-pdf = تنزيل PDF
download-more = تنزيلات أخرى
download-conversation = المحادثة مع ملفاتها
download-original = الملف الأصلي
download-xml = { $kind } بصيغة XML
download-ubl = { $kind } بصيغة UBL
download-cii = { $kind } بصيغة CII

## History

history = السجل
revision = النسخة { $number }
revision-first = النسخة الأصلية
revision-no-changes = لم يتغير شيء مما يظهر هنا.
before = سابقًا:
after = الآن:
change-status = الحالة
change-number = رقم الفاتورة
change-type = نوع المستند
change-issue_date = تاريخ الإصدار
change-due_date = تاريخ الاستحقاق
change-currency = العملة
change-line = البند { $which }
change-allowance = الخصم { $which }
change-charge = الرسم الإضافي { $which }
change-vat = ضريبة القيمة المضافة { $which }
change-total = الإجمالي
change-paid = المدفوع سابقًا
change-due = المبلغ المستحق
change-payment = بيانات الدفع
change-iban = رقم الحساب الدولي (IBAN)
change-bic = رمز المصرف (BIC)
change-reference = مرجع الدفع
change-terms = شروط الدفع
change-note = ملاحظة
change-notes = ملاحظات
change-buyer_reference = مرجع المشتري
change-order_reference = رقم أمر الشراء
change-buyer = المشتري
change-seller = البائع
change-contact = جهة الاتصال { $which }
change-buyer_contact = جهة الاتصال لدى المشتري { $which }
change-seller_contact = جهة الاتصال لدى البائع { $which }
change-address = العنوان { $which }
change-vat_id = رقم التسجيل الضريبي { $which }
change-redactions = الرسائل المحذوفة

## The conversation

messages-with = الرسائل مع { $name }
messages = الرسائل
no-messages-buyer = لا رسائل بعد. راسلوا { $name } هنا بشأن الفاتورة أو التسليم أو أي أمر آخر.
no-messages-seller = لا رسائل بعد. راسلوا { $name } هنا بشأن الفاتورة أو التسليم، وأجيبوا عن الأسئلة.
questions = ما يمكنكم السؤال عنه
question-1 = هل يمكن تمديد مهلة السداد؟
question-2 = هل يمكنكم توضيح أحد بنود الفاتورة؟
question-3 = في الفاتورة خطأ. هل يمكنكم تصحيحه؟
older-messages = رسائل أقدم
search = بحث
search-words = البحث في الرسائل
search-nothing = لا توجد رسالة تحتوي على «{ $words }».
jump-to-latest = أحدث الرسائل
new-messages =
    { $count ->
        [zero] لا رسائل جديدة
        [one] رسالة جديدة واحدة
        [two] رسالتان جديدتان
        [few] { $count } رسائل جديدة
        [many] { $count } رسالة جديدة
       *[other] { $count } رسالة جديدة
    }
new-since = جديد منذ زيارتكم الأخيرة
today = اليوم
yesterday = أمس
edited = معدّلة
removed = حُذفت هذه الرسالة.
encrypted = هذه الرسالة مشفرة ولا يمكن عرضها هنا.
without-words = رسالة لا يمكن عرضها هنا.
in-reply-to = ردًا على { $name }:
in-reply-to-you = ردًا على رسالتكم:
bell-off = الإشعار بالردود
bell-on = إشعارات الردود مفعّلة
bell-refused = هذا المتصفح لا يسمح بالإشعارات لهذه الصفحة. يمكنكم السماح بها في إعداداته.
seen-by = اطّلع عليها: { $name }
typing-one = { $name }: جارٍ الكتابة…
typing-two = { $first } و{ $second }: جارٍ الكتابة…
typing-many = جارٍ الكتابة من عدة أشخاص…

## What can be done to a message

actions = إجراءات لرسالة { $name }
reply = رد
edit = تعديل
remove = حذف
remove-question = هل تريدون حذفها لدى الجميع؟
remove-confirm = نعم، حذف
react = تفاعل
react-with = التفاعل بـ { $key }
reacted-by = { $key }: { $names }

## Files

file-download = تنزيل
file-wanted = قيد التنزيل
file-refused = لم يُقبل
file-missing = لم يعد متاحًا
file-expired = لم يعد متاحًا
file-erased = تم محوه
image-without-description = صورة { $name }
first-page-of-file = الصفحة الأولى من { $name }
picture-close = إغلاق الصورة

## Polls

poll = استطلاع
poll-vote = تصويت
poll-chosen = اختياركم
poll-most =
    { $count ->
        [zero] لا تختاروا أي إجابة.
        [one] اختاروا إجابة واحدة.
        [two] اختاروا إجابتين على الأكثر.
        [few] اختاروا { $count } إجابات على الأكثر.
        [many] اختاروا { $count } إجابة على الأكثر.
       *[other] اختاروا { $count } إجابة على الأكثر.
    }
poll-ended = انتهى هذا الاستطلاع.
poll-votes =
    { $count ->
        [zero] لا أصوات
        [one] صوت واحد
        [two] صوتان
        [few] { $count } أصوات
        [many] { $count } صوتًا
       *[other] { $count } صوت
    }

## What is not sent yet

sending = جارٍ الإرسال…
uploading = جارٍ الرفع، { $percent }%
not-sent = لم تُرسل: { $problem }
saved = محفوظة: { $problem }
not-sent-offline = بانتظار الاتصال، ثم تُرسل تلقائيًا.
try-again = إعادة المحاولة
discard = تجاهل
put-back = تعديل مجددًا
unsent = لم تُرسل بعد

## Writing

compose = كتابة رسالة
compose-label = الرسالة
compose-placeholder = اكتبوا رسالة…
to-label = إلى
to-everyone = الجميع
compose-closed = أُغلقت هذه المعاملة، لذلك لم تعد الكتابة هنا ممكنة. تبقى المحادثة محفوظة.
compose-format = التنسيق
compose-hint = **عريض**، _مائل_، `رمز`. مفتاح Enter يرسل، وShift+Enter يبدأ سطرًا جديدًا.
compose-hint-plain = **عريض**، _مائل_، `رمز`، والقوائم والروابط متاحة أيضًا.
send = إرسال
save = حفظ
cancel = إلغاء
attach = إرفاق ملفات
attach-files = الملفات
attach-description = صفوا الصورة لمن لا يمكنهم رؤيتها
attach-remove = إزالة { $name }
drop-here = أفلتوا الملفات هنا لإرسالها
replying-to = الرد على { $name }
replying-to-you = الرد على رسالتكم
editing = تعديل رسالتكم

## Connection to the server

connection-busy = هذه الصفحة مفتوحة مرات كثيرة. ستظهر الرسائل الجديدة هنا بعد إغلاق صفحة أخرى منها.
connection-live = عاد الاتصال
connection-lost = انقطع الاتصال. جارٍ إعادة المحاولة…
connection-offline = أنتم غير متصلين. ستصل الرسائل عند عودة الاتصال.
action-failed = لم ينجح ذلك. يُرجى المحاولة مرة أخرى.

## Who to talk to

people = جهات الاتصال لدى { $name }
people-more =
    { $count ->
        [zero] لا جهات اتصال أخرى
        [one] جهة اتصال أخرى
        [two] جهتا اتصال أخريان
        [few] { $count } جهات اتصال أخرى
        [many] { $count } جهة اتصال أخرى
       *[other] { $count } جهة اتصال أخرى
    }
presence-here = على هذه الصفحة الآن
presence-online = على اتصال
presence-away = بعيدًا عن الجهاز
presence-offline = دون اتصال
presence-offline-since = آخر نشاط: { $time }
reach-invited = أُرسلت الدعوة
reach-not-in-room = خارج المحادثة
reach-email = عبر البريد الإلكتروني
reach-no-mails = بلا رسائل بريد بناءً على الطلب
reach-undeliverable = البريد الإلكتروني لا يصل
reach-page = على هذه الصفحة فقط
replies-minutes =
    { $count ->
        [zero] الرد عادةً خلال دقيقة
        [one] الرد عادةً خلال دقيقة
        [two] الرد عادةً خلال دقيقتين تقريبًا
        [few] الرد عادةً خلال { $count } دقائق تقريبًا
        [many] الرد عادةً خلال { $count } دقيقة تقريبًا
       *[other] الرد عادةً خلال { $count } دقيقة تقريبًا
    }
replies-hours =
    { $count ->
        [zero] الرد عادةً خلال ساعة تقريبًا
        [one] الرد عادةً خلال ساعة تقريبًا
        [two] الرد عادةً خلال ساعتين تقريبًا
        [few] الرد عادةً خلال { $count } ساعات تقريبًا
        [many] الرد عادةً خلال { $count } ساعة تقريبًا
       *[other] الرد عادةً خلال { $count } ساعة تقريبًا
    }
replies-days =
    { $count ->
        [zero] الرد عادةً خلال يوم
        [one] الرد عادةً خلال يوم
        [two] الرد عادةً خلال يومين تقريبًا
        [few] الرد عادةً خلال { $count } أيام تقريبًا
        [many] الرد عادةً خلال { $count } يومًا تقريبًا
       *[other] الرد عادةً خلال { $count } يوم تقريبًا
    }

## Pages for those who may not see an invoice

closed-wrong-title = هذا الرابط لا يعمل
closed-wrong-text = إما أنه غير مكتمل أو أنه استُخدم من قبل. افتحوا الرابط من رسالتكم مرة أخرى أو انسخوه كاملًا. إذا لم ينجح ذلك، فاطلبوا رابطًا جديدًا من المرسِل.
closed-expired-title = انتهت صلاحية هذا الرابط
closed-expired-text = الروابط صالحة لمدة محدودة. اطلبوا رابطًا جديدًا من المرسِل.
closed-revoked-title = لم يعد هذا الرابط صالحًا
closed-revoked-text = سحب المرسِل هذا الرابط. اطلبوا منه رابطًا جديدًا.
closed-signed-out-title = تم تسجيل خروجكم
closed-signed-out-text = لعرض الفاتورة مجددًا، افتحوا الرابط الذي وصلكم.
closed-not-found-title = لا يوجد شيء هنا
closed-not-found-text = تحققوا من العنوان أو افتحوا الرابط الذي وصلكم مرة أخرى.
closed-other-speaker-title = شخص آخر مسجّل الدخول الآن في هذا المتصفح
closed-other-speaker-text = فُتحت هذه الصفحة لشخص آخر، لذلك لم يُنفَّذ شيء: كان سيُنفَّذ بالاسم الخطأ. افتحوا رابطكم مجددًا للمتابعة.
closed-nameless-title = هذه الصفحة قديمة
closed-nameless-text = جرى تحديث صفحة الفاتورة بعد أن فتحتموها، لذلك لم يُنفَّذ شيء. افتحوا رابطكم مجددًا للمتابعة.
closed-sign-in = إذا كنتم تفتحون الفاتورة عادةً من متجر أو من Matrix، فسجّلوا الدخول هناك وافتحوها من جديد.
ask-label = معرّف Matrix الخاص بكم
ask-send = أرسلوا إليّ رابطي
ask-about = إذا كنتم من جهات الاتصال في هذه الفاتورة، فسيصلكم رابط خاص بكم في رسالة مباشرة.
asked-title = راجعوا رسائلكم
asked-text = إذا كان { $user } لإحدى جهات الاتصال في هذه الفاتورة، يرسل إليه { $bot } رابطًا في رسالة مباشرة خلال دقيقة على الأكثر.
asked-again = لم يصل شيء؟ تحققوا من معرّف Matrix ثم اطلبوا الرابط مجددًا بعد عشر دقائق.
preview-text = افتحوها للاطلاع على المبلغ المستحق ومراسلة الطرف الآخر.

## Inside a Matrix client

widget-title = الفاتورة
widget-waiting = جارٍ سؤال تطبيق Matrix لديكم عن هويتكم…
widget-refused = لم يُفصح تطبيق Matrix لديكم عن هويتكم، لذا لا يمكن عرض الفاتورة.
widget-not-a-party = حساب Matrix هذا ليس من جهات اتصال المشتري أو البائع في هذه الفاتورة.
widget-open = فتح الصفحة

## Business terms of EN 16931

bt-6 = عملة محاسبة الضريبة
bt-7 = تاريخ استحقاق الضريبة
bt-8 = رمز تاريخ استحقاق الضريبة
bt-11 = المشروع
bt-12 = العقد
bt-14 = أمر البيع
bt-15 = إشعار الاستلام
bt-16 = إشعار الشحن
bt-17 = المناقصة أو الحصة
bt-18 = موضوع الفوترة
bt-19 = المرجع المحاسبي للمشتري
bt-21 = موضوع الملاحظة
bt-23 = إجراء العمل
bt-24 = المواصفة
bt-25 = الفاتورة السابقة
bt-26 = تاريخ الفاتورة السابقة
bt-28 = الاسم التجاري للبائع
bt-29 = معرّف البائع
bt-30 = رقم سجل البائع
bt-32 = الرقم الضريبي للبائع
bt-33 = البيانات القانونية للبائع
bt-34 = العنوان الإلكتروني للبائع
bt-41 = جهة الاتصال لدى البائع
bt-42 = هاتف البائع
bt-43 = البريد الإلكتروني للبائع
bt-45 = الاسم التجاري للمشتري
bt-46 = معرّف المشتري
bt-47 = رقم سجل المشتري
bt-49 = العنوان الإلكتروني للمشتري
bt-56 = جهة الاتصال لدى المشتري
bt-57 = هاتف المشتري
bt-58 = البريد الإلكتروني للمشتري
bt-59 = المستفيد
bt-60 = معرّف المستفيد
bt-61 = رقم سجل المستفيد
bt-62 = الممثل الضريبي للبائع
bt-63 = رقم التسجيل الضريبي للممثل الضريبي
bt-64 = عنوان الممثل الضريبي
bt-65 = عنوان الممثل الضريبي
bt-66 = مدينة الممثل الضريبي
bt-67 = الرمز البريدي للممثل الضريبي
bt-68 = منطقة الممثل الضريبي
bt-69 = بلد الممثل الضريبي
bt-70 = سُلّمت إلى
bt-71 = مكان التسليم
bt-72 = تاريخ التسليم
bt-73 = بداية فترة الفوترة
bt-74 = نهاية فترة الفوترة
bt-75 = عنوان التسليم
bt-76 = عنوان التسليم
bt-77 = مدينة التسليم
bt-78 = الرمز البريدي للتسليم
bt-79 = منطقة التسليم
bt-80 = بلد التسليم
bt-82 = وسيلة الدفع
bt-87 = رقم البطاقة
bt-88 = حامل البطاقة
bt-89 = مرجع التفويض
bt-90 = معرّف الدائن
bt-91 = الحساب المخصوم منه
bt-93 = أساس الخصم
bt-94 = نسبة الخصم
bt-98 = رمز سبب الخصم
bt-100 = أساس الرسم الإضافي
bt-101 = نسبة الرسم الإضافي
bt-105 = رمز سبب الرسم الإضافي
bt-111 = الضريبة بعملة المحاسبة
bt-120 = سبب الإعفاء من الضريبة
bt-121 = رمز الإعفاء من الضريبة
bt-122 = مستند مؤيد
bt-123 = وصف المستند المؤيد
bt-124 = موقع المستند المؤيد
bt-125 = مستند مرفق
bt-127 = ملاحظة
bt-128 = الموضوع
bt-132 = بند أمر الشراء
bt-133 = المرجع المحاسبي
bt-134 = بداية الفترة
bt-135 = نهاية الفترة
bt-136 = خصم
bt-137 = أساس الخصم
bt-138 = نسبة الخصم
bt-139 = سبب الخصم
bt-140 = رمز سبب الخصم
bt-141 = رسم إضافي
bt-142 = أساس الرسم الإضافي
bt-143 = نسبة الرسم الإضافي
bt-144 = سبب الرسم الإضافي
bt-145 = رمز سبب الرسم الإضافي
bt-147 = خصم على السعر
bt-148 = السعر قبل الخصم
bt-154 = الوصف
bt-155 = رقم الصنف لدى البائع
bt-156 = رقم الصنف لدى المشتري
bt-157 = رقم الصنف القياسي
bt-158 = التصنيف
bt-159 = بلد المنشأ
bt-160 = خاصية
bt-161 = قيمة الخاصية
bt-162 = عنوان البائع
bt-163 = عنوان المشتري
bt-164 = عنوان الممثل الضريبي
bt-165 = عنوان التسليم

## The page between a link and the invoice

entrance-open = فتح الفاتورة
entrance-open-text = ستُفتح الفاتورة بعد لحظة. إذا لم يحدث شيء، فاضغطوا على الزر.
entrance-download = تنزيل المحادثة
entrance-download-text = يبدأ التنزيل بعد لحظة. إذا لم يحدث شيء، فاضغطوا على الزر.
