# المحادثة في ملف للقراءة والطباعة. الشروح في texts/en/transcript.ftl.

transcript-title = سجل المحادثة
transcript-transaction = المعاملة
transcript-entries = القيود
transcript-exported = وقت التصدير
transcript-head = بصمة القيد الأخير
transcript-key = المفتاح العام
transcript-about = جميع الأوقات بالتوقيت العالمي (UTC). الأرقام في الهامش هي أرقام القيود في السجل، الذي يمكن للمتجر تصديره مع إثباته. يعرض هذا الملف ما تعرضه صفحة الفاتورة، دون ما حُذف.
transcript-unknown-sender = مرسِل غير معروف
transcript-file-missing = غير مرفق
transcript-file-encrypted = أُرسل مشفرًا وفُك تشفيره هنا
transcript-edited = عدّلها كاتبها، آخر مرة: { $time }.
transcript-remark = ملاحظة
