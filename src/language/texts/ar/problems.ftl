## Why something that was asked for was not done

problem-title = لم ينجح ذلك
problem-empty = لا يوجد شيء لإرساله. اكتبوا شيئًا أو اختاروا ملفًا.
problem-form = البيانات التي وصلت غير مكتملة. أعيدوا تحميل الصفحة وحاولوا مرة أخرى.
problem-go-back = ارجعوا إلى الصفحة السابقة؛ قد يكون ما كتبتموه فيها لا يزال في الحقل.
problem-large-file = أحد الملفات أكبر من أن يُرسل هنا.
problem-long = النص طويل جدًا. أرسلوه على أجزاء أو في ملف.
problem-many-files = عدد الملفات كبير جدًا. أرسلوها في عدة رسائل.
problem-matrix-id = هذا ليس معرّف Matrix. يكون على شكل @name:example.org.
problem-matrix-or-mail = هذا ليس بريدًا إلكترونيًا ولا معرّف Matrix. يكون معرّف Matrix على شكل @name:example.org.
problem-method = لا يمكن فتح هذه الصفحة بهذه الطريقة.
problem-many-notes = بلغ عدد الملاحظات الحد الأقصى.
problem-no-contact = هذا الحساب ليس من جهات اتصال المشتري أو البائع في هذه الفاتورة.
problem-no-file = هذا الملف غير موجود أو لم يعد متاحًا.
problem-not-yours = لا يمكنكم تعديل رسائل غير رسائلكم أو حذفها.
problem-openid = لم يؤكد خادم Matrix لديكم هويتكم.
problem-openid-form = لم يرسل تطبيق Matrix لديكم إثباتًا صالحًا لهويتكم.
problem-other-site = أُرسل هذا من موقع آخر، لذلك لم يُنفَّذ شيء.
problem-too-fast = ما زال كثير من رسائلكم ينتظر الإرسال. حاولوا مرة أخرى بعد قليل.
problem-too-many = كان ذلك كثيرًا في وقت قصير. انتظروا لحظة ثم حاولوا مرة أخرى.
problem-try-again = هذا غير ممكن الآن. لم يُفقد شيء؛ حاولوا مرة أخرى بعد لحظة.
problem-encrypted = هذه الغرفة مشفرة. لا يمكن تسجيل ما تكتبونه هنا، ولذلك لا يُرسل.
problem-closed = أُغلقت هذه المعاملة، ولذلك لا يُرسل شيء.
problem-addressee = لم يعد بالإمكان مخاطبة جهة الاتصال هذه. أعيدوا تحميل الصفحة واختاروا جهة أخرى.
problem-poll = لا يتوافق هذا التصويت مع الاستطلاع، أو انتهى الاستطلاع. أعيدوا تحميل الصفحة وتحققوا منه.
problem-step = لا يمكن اختيار هذه الحالة الآن. أعيدوا تحميل الصفحة لمعرفة ما هو ممكن.
problem-reason = يرجى ذكر السبب.

## Why something that was written here did not get into the conversation

unsent-file = لم يعد الملف متاحًا
unsent-later = لا يمكن الوصول إلى المحادثة الآن؛ نواصل المحاولة
unsent-not-in-room = لا يمكنكم المشاركة في هذه المحادثة الآن
unsent-refused = لم تقبله المحادثة
unsent-too-large = الملف أكبر مما تقبله المحادثة
