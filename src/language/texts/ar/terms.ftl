## Groups of business terms of EN 16931, and terms that page.ftl lacks

bt-85 = صاحب حساب آخر
bt-106 = مجموع البنود
bt-107 = مجموع الخصومات
bt-108 = مجموع الرسوم الإضافية
bt-116 = المبلغ الخاضع للضريبة
bt-117 = مبلغ ضريبة القيمة المضافة
bg-12 = عنوان الممثل الضريبي
bg-15 = عنوان التسليم
bg-32 = خاصية

## What a revision changed. $which: which line, by its number

change-account_name = صاحب الحساب
change-account = حساب آخر
change-payment_means = وسيلة الدفع
change-payment_reference = مرجع الدفع
change-payment_terms = شروط الدفع
change-with_vat = الإجمالي مع الضريبة
change-without_vat = الإجمالي دون الضريبة
change-rounding = التقريب
change-line_description = البند { $which }، الوصف
change-line_quantity = البند { $which }، الكمية
change-line_unit = البند { $which }، الوحدة
change-line_price = البند { $which }، السعر
change-line_base_quantity = البند { $which }، الكمية التي يسري عليها السعر
change-line_net = البند { $which }، المبلغ الصافي
change-line_vat = البند { $which }، الضريبة
change-allowance_vat = الخصم { $which }، الضريبة
change-charge_vat = الرسم الإضافي { $which }، الضريبة
change-buyer_name = اسم المشتري
change-buyer_address = عنوان المشتري
change-buyer_vat_id = رقم التسجيل الضريبي للمشتري
change-seller_name = اسم البائع
change-seller_address = عنوان البائع
change-seller_vat_id = رقم التسجيل الضريبي للبائع
change-more = تغييرات أخرى

## The invoice as PDF

# Heading of the column with the lines' numbers.
pdf-line = م
pdf-page = الصفحة { $page } من { $pages }
bt-x-304 = جزء من البند
bt-x-8 = نوع البند
bg-dex-09 = مُحصَّل لصالح طرف آخر
line-role-group = عنوان مجموعة، لا يُجمع
line-role-information = للعلم فقط، لا يُجمع
