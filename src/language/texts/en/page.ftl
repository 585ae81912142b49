# Texts of the invoice page, grouped by where they stand. For translators: keep the ids and what
# stands in braces after a dollar sign; write plain words, as one would say them across a desk.
# Dates, amounts and names come in written as the reader's language writes them.

## The document as such

# Title of the browser's tab. $number: of the invoice; $seller: name.
page-title = { $kind } { $number } · { $seller }
skip-to-invoice = Skip to the invoice
skip-to-messages = Skip to the messages
skip-to-compose = Skip to writing a message
tabs = Parts of this page
tab-invoice = Invoice
tab-messages = Messages
language = Language
# Who looks at the page. $name: a person or firm; $role: role-buyer or role-seller.
seen-as = You are viewing this page as { $name } ({ $role }).
# Who writes, beside the field. $name: a person; $party: the firm or person for whom they write.
writing-as = You are writing as { $name } for { $party }.
writing-for = You are writing for { $party }.
leave = Sign out on this device
role-buyer = buyer
role-seller = seller
role-bot = service
role-other = guest

## What is to pay, in the page's head

summary = At a glance
amount-due = Amount due
amount-credited = Amount credited
# Somebody with the side that they speak for. $side: role-buyer, role-seller or role-other.
named-with-side = { $name } ({ $side })
# The reader, in place of their name.
you = You
# Hides words of a message until somebody asks for them. $reason: why, by the author.
spoiler = Spoiler
spoiler-about = Spoiler: { $reason }
# On a message whose two times are minutes or more apart. $sent, $received: day and time.
times-differ = Sent { $sent } according to the sender’s server, received { $received }.
times-differ-history = Sent { $sent } according to the sender’s server, read from the room’s history { $received }.
unknown-time = at an unknown time
nothing-due = Nothing to pay
# $date: the day on which it must be paid.
due-on = Due { $date }
due-today = due today
days-left =
    { $days ->
        [one] { $days } day left
       *[other] { $days } days left
    }
days-late =
    { $days ->
        [one] { $days } day late
       *[other] { $days } days late
    }

## Status: where the transaction stands

status = Status
status-draft = Draft
status-open = Open
status-awaiting-payment = Awaiting payment
status-partially-paid = Partly paid
status-paid = Paid
status-overdue = Overdue
status-disputed = Disputed
status-cancelled = Cancelled
status-refunded = Refunded
status-partially-refunded = Partly refunded
status-written-off = Written off
status-issued = Issued
status-partly-paid = Partly paid
status-accepted = Accepted
status-shipped = Shipped
status-completed = Completed
status-credited = Credited
steps = What you can do
step-accepted = Accept the invoice
step-disputed = Dispute the invoice
step-shipped = Mark as shipped
step-paid = Mark as paid
step-other = Set to “{ $status }”
step-reason = Reason

## Notes of one side, which the other side never sees

side-notes = Internal notes, not visible to the other party
notes-older = Older notes
note-new = New note
note-add = Add note
note-removed = This note was removed.

## The invoice

from = From
to = To
vat-id = VAT ID
issued = Issue date
due = Due date
buyer-reference = Your reference
order-reference = Order number
# Heading of whatever else the invoice says.
further = More details
attached-files = Attached files
also-in-the-file = Further values in the file
also-in-the-file-more = { $count ->
    [one] and one more value
   *[other] and { $count } more values
}
lines = Items
no-lines = This invoice shows only totals.
line-description = Description
line-quantity = Quantity
line-price = Unit price
# $amount for $quantity, such as "12.00 per 100 pieces".
price-per = { $amount } per { $quantity }
line-vat = VAT
line-net = Net
# Of a reduction or a surcharge on the whole invoice, if no reason is given.
allowance = Allowance
charge = Charge
notes = Notes

## VAT

vat-breakdown = VAT
vat-category = Rate
vat-taxable = Taxable amount
vat-tax = VAT
# Categories of UNTDID 5305, where there is no rate or more to be said than the rate.
vat-z = Zero rated
vat-e = Exempt
vat-ae = Reverse charge
vat-k = Intra-Community supply
vat-g = Export outside the EU
vat-o = Not subject to VAT
vat-l = Canary Islands IGIC
vat-m = Ceuta and Melilla IPSI
vat-b = Split payment

## Totals

totals = Totals
total-lines = Sum of lines
total-allowances = Allowances
total-charges = Charges
total-without-vat = Total without VAT
total-vat = VAT
total-with-vat = Total
total-paid = Already paid
total-rounding = Rounding
total-payments = Payments received
total-paid-out = Paid out
total-due = Amount due

## How to pay

payment = How to pay
payment-means = Payment method
payment-account-name = Account holder
payment-iban = IBAN
payment-account = Account number
payment-amount = Amount
payment-bic = BIC
payment-reference = Payment reference
payment-discount = Early payment discount
payment-discount-until = { $percent } discount if paid by { $date }: { $amount }
payment-terms = Payment terms
payment-further-account = Another account
# Button that opens the account, the amount and the reference, and the heading above them, with the amount.
pay = Pay
close = Close
# Link to the payment provider. The host of its address follows.
pay-online = Pay online
pay-by-transfer = By bank transfer
pay-app = Open in a banking app
pay-said = I have paid
pay-said-label = Your message
# What the buyer says to the seller; the buyer can change it. $amount: with its currency; $number: of the invoice.
pay-said-words = We have paid { $amount } for { $number }.
pay-said-file = Proof of payment (optional)
pay-said-send = Tell the seller
copy = Copy
# Shown in place of "Copy" for a moment.
copied = Copied
qr-caption = Scan with your banking app: payee, account, amount and reference are filled in.
qr-label = QR code for a SEPA credit transfer
# Means of payment, codes of UNTDID 4461.
means-1 = By agreement
means-10 = Cash
means-20 = Cheque
means-30 = Bank transfer
means-31 = Bank transfer
means-42 = To a bank account
means-48 = Bank card
means-49 = Direct debit
means-54 = Credit card
means-55 = Debit card
means-57 = Standing agreement
means-58 = SEPA credit transfer
means-59 = SEPA direct debit
means-68 = Online payment
means-97 = Offset between the parties

## Downloads

downloads = Downloads
download-pdf = Download PDF
# Opens the other downloads.
download-more = More downloads
download-conversation = Conversation with its files
download-original = Original file
# $kind is the kind of document, such as "Invoice" or "Credit note".
download-xml = { $kind } as XML
download-ubl = { $kind } as UBL
download-cii = { $kind } as CII

## History

history = History
# $number: counts up from 1 with each change by the seller.
revision = Version { $number }
revision-first = Original
revision-no-changes = Nothing shown here has changed.
# For screen readers, before an old and a new value.
before = before:
after = now:
# What a revision changed. $which: which line, contact and so on; empty if there is only one.
change-status = Status
change-number = Invoice number
change-type = Type of document
change-issue_date = Issue date
change-due_date = Due date
change-currency = Currency
change-line = Line { $which }
change-allowance = Allowance { $which }
change-charge = Charge { $which }
change-vat = VAT { $which }
change-total = Total
change-paid = Already paid
change-due = Amount due
change-payment = Payment details
change-iban = IBAN
change-bic = BIC
change-reference = Payment reference
change-terms = Payment terms
change-note = Note
change-notes = Notes
change-buyer_reference = Buyer’s reference
change-order_reference = Order number
change-buyer = Buyer
change-seller = Seller
change-contact = Contact { $which }
change-buyer_contact = Contact of the buyer { $which }
change-seller_contact = Contact of the seller { $which }
change-address = Address { $which }
change-vat_id = VAT ID { $which }
change-redactions = Removed messages

## The conversation

# Heading. $name: the other party.
messages-with = Messages with { $name }
messages = Messages
# $name: the other party.
no-messages-buyer = No messages yet. Write to { $name } here: ask about the invoice, the delivery or anything else.
no-messages-seller = No messages yet. Write to { $name } here about the invoice or the delivery, and answer their questions.
# Of a list of questions that a buyer can take over, and the questions, as the buyer asks the seller.
questions = What you can ask
question-1 = Could the due date be extended?
question-2 = Could you explain one of the items?
question-3 = Something on the invoice is not right. Could you correct it?
older-messages = Older messages
search = Search
search-words = Search the messages
# $words: what was searched for.
search-nothing = No message contains “{ $words }”.
jump-to-latest = Latest messages
# On the same button: how many came since one scrolled up.
new-messages =
    { $count ->
        [one] { $count } new message
       *[other] { $count } new messages
    }
# Above the first line that the reader has not seen yet.
new-since = New since your last visit
today = Today
yesterday = Yesterday
edited = edited
removed = This message was removed.
encrypted = This message is encrypted and cannot be shown here.
# A message without words and files.
without-words = A message that cannot be shown here.
# For screen readers, before the quoted line. $name: who wrote that.
in-reply-to = In reply to { $name }:
in-reply-to-you = In reply to your own message:
# On the button by which a browser tells of answers: while it does not, and while it does.
bell-off = Notify me of replies
bell-on = You are notified of replies
bell-refused = This browser does not allow notifications for this page. You can allow them in its settings.
# $name: who has read up to here.
seen-by = Seen by { $name }
typing-one = { $name } is typing…
typing-two = { $first } and { $second } are typing…
typing-many = Several people are typing…

## What can be done to a message

# $name: who wrote the message.
actions = Actions for the message by { $name }
reply = Reply
edit = Edit
remove = Remove
remove-question = Remove it for everyone?
remove-confirm = Yes, remove
react = React
# Button with an emoji. $key: the emoji.
react-with = React with { $key }
# For screen readers and as a hint. $names: who reacted; $key: the emoji.
reacted-by = { $key }: { $names }

## Files

file-download = Download
file-wanted = is being downloaded
file-refused = was not accepted
file-missing = is no longer there
file-expired = is no longer there
file-erased = was erased
# Alternative text of an image without a description. $name: of the file.
image-without-description = Image { $name }
# Alternative text of the picture of a PDF's first page. $name: of the file.
first-page-of-file = First page of { $name }
picture-close = Close the picture

## Polls

poll = Poll
poll-vote = Vote
# Behind the answer that the reader chose.
poll-chosen = your choice
# $count: how many answers one can choose at most.
poll-most =
    { $count ->
        [one] Choose one answer.
       *[other] Choose up to { $count } answers.
    }
poll-ended = This poll has ended.
poll-votes =
    { $count ->
        [one] { $count } vote
       *[other] { $count } votes
    }

## What is not sent yet

sending = Sending…
# $percent: of the file, from 0 to 100.
uploading = Uploading, { $percent }%
# $problem: why, as a sentence.
not-sent = Not sent: { $problem }
# $problem: why it is not in the conversation yet, as a sentence. It is tried again by itself.
saved = Saved: { $problem }
# There is no connection.
not-sent-offline = Waiting for a connection. It will then be sent automatically.
try-again = Try again
discard = Discard
# Button: a message that was not sent is put into the text field again.
put-back = Edit again
unsent = Not sent yet

## Writing

compose = Write a message
compose-label = Message
compose-placeholder = Write a message…
# Before the choice of those to whom a message is addressed: everyone, a person or a duty.
to-label = To
to-everyone = everyone
compose-closed = This transaction is closed, so no more messages can be written here. The conversation is kept.
# Opens compose-hint or compose-hint-plain.
compose-format = Formatting
compose-hint = **bold**, _italic_, `code`. Enter sends, Shift+Enter starts a new line.
compose-hint-plain = **bold**, _italic_, `code`, lists and links work.
send = Send
save = Save
cancel = Cancel
attach = Attach files
attach-files = Files
attach-description = Describe the picture for people who cannot see it
attach-remove = Remove { $name }
drop-here = Drop files here to send them
replying-to = Replying to { $name }
replying-to-you = Replying to your own message
editing = Editing your message

## Connection to the server

connection-busy = This page is open too many times. New messages appear here once you close another one.
connection-live = Connected again
connection-lost = Connection lost. Trying again…
connection-offline = You are offline. Messages will arrive when you are online again.
action-failed = That did not work. Try again.

## Who to talk to

# Heading. $name: the other party.
people = Who to ask at { $name }
people-more =
    { $count ->
        [one] { $count } more contact
       *[other] { $count } more contacts
    }
presence-here = viewing this page
presence-online = online
presence-away = away
presence-offline = offline
# $time: when, such as "14:02" or "3 July 2026".
presence-offline-since = last active { $time }
# Where somebody can be reached who does not look at the page: invited to the conversation and not in it yet,
# neither in it nor invited, or without a Matrix account. That somebody asked for no e-mails, or that none arrive, is for
# the seller alone.
reach-invited = invited
reach-not-in-room = not in the conversation
reach-email = by e-mail
reach-no-mails = asked for no e-mails
reach-undeliverable = e-mail does not arrive
reach-page = on this page only
replies-minutes =
    { $count ->
        [one] Usually replies within a minute
       *[other] Usually replies within about { $count } minutes
    }
replies-hours =
    { $count ->
        [one] Usually replies within about an hour
       *[other] Usually replies within about { $count } hours
    }
replies-days =
    { $count ->
        [one] Usually replies within a day
       *[other] Usually replies within about { $count } days
    }

## Pages for those who may not see an invoice

closed-wrong-title = This link does not work
closed-wrong-text = It may be incomplete, or it has already been used. Open the link from your message again or copy all of it. If that does not help, ask whoever sent it for a new one.
closed-expired-title = This link has expired
closed-expired-text = Links work for a limited time only. Ask whoever sent it for a new one.
closed-revoked-title = This link is no longer valid
closed-revoked-text = It was withdrawn by whoever sent it. Ask them for a new one.
closed-signed-out-title = You are signed out
closed-signed-out-text = To see the invoice again, open the link that you were sent.
closed-not-found-title = There is nothing here
closed-not-found-text = Check the address, or open the link that you were sent again.
closed-other-speaker-title = Someone else is now signed in in this browser
closed-other-speaker-text = This page was opened for another person, so nothing was done: it would have been done in the wrong name. Open your own link again to continue.
closed-nameless-title = This page is out of date
closed-nameless-text = The invoice page was updated after you opened it, so nothing was done. Open your link again to continue.
closed-sign-in = If you usually open the invoice from a shop or from Matrix, sign in there and open it again.
# Form: the bot sends a link of their own to whoever asks and is a contact.
ask-label = Your Matrix ID
ask-send = Send me my link
ask-about = If you are a contact for this invoice, you will get your own link in a direct message.
asked-title = Check your messages
# $user: the Matrix ID that was typed; $bot: the Matrix ID of the bot.
asked-text = If { $user } belongs to a contact for this invoice, { $bot } sends a link there in a direct message. It takes a minute at most.
asked-again = Nothing arrived? Check the Matrix ID, and ask again after ten minutes.
# What the preview of a link says, under “Invoice”.
preview-text = Open it to see what is due and to write to the other party.

## Inside a Matrix client

widget-title = Invoice
widget-waiting = Asking your Matrix client who you are…
widget-refused = Your Matrix client did not say who you are, so the invoice cannot be shown.
widget-not-a-party = This Matrix account is not a contact of the invoice’s buyer or seller.
widget-open = Open the page

## What an invoice may say beyond the usual (business terms of EN 16931)

bt-6 = VAT accounting currency
bt-7 = Tax point date
bt-8 = Tax point date code
bt-11 = Project
bt-12 = Contract
bt-14 = Sales order
bt-15 = Receiving advice
bt-16 = Despatch advice
bt-17 = Tender or lot
bt-18 = Invoiced object
bt-19 = Buyer accounting reference
bt-21 = Subject of note
bt-23 = Business process
bt-24 = Specification
bt-25 = Preceding invoice
bt-26 = Date of preceding invoice
bt-28 = Seller trading as
bt-29 = Seller identifier
bt-30 = Seller registration
bt-32 = Seller tax registration
bt-33 = Seller legal information
bt-34 = Seller electronic address
bt-41 = Seller contact
bt-42 = Seller telephone
bt-43 = Seller e-mail
bt-45 = Buyer trading as
bt-46 = Buyer identifier
bt-47 = Buyer registration
bt-49 = Buyer electronic address
bt-56 = Buyer contact
bt-57 = Buyer telephone
bt-58 = Buyer e-mail
bt-59 = Payee
bt-60 = Payee identifier
bt-61 = Payee registration
bt-62 = Seller tax representative
bt-63 = Tax representative VAT ID
bt-64 = Tax representative address
bt-65 = Tax representative address
bt-66 = Tax representative city
bt-67 = Tax representative post code
bt-68 = Tax representative region
bt-69 = Tax representative country
bt-70 = Delivered to
bt-71 = Delivery location
bt-72 = Delivery date
bt-73 = Invoicing period from
bt-74 = Invoicing period to
bt-75 = Delivery address
bt-76 = Delivery address
bt-77 = Delivery city
bt-78 = Delivery post code
bt-79 = Delivery region
bt-80 = Delivery country
bt-82 = Payment method
bt-87 = Card number
bt-88 = Card holder
bt-89 = Mandate reference
bt-90 = Creditor identifier
bt-91 = Debited account
bt-93 = Base of allowance
bt-94 = Allowance percentage
bt-98 = Allowance reason code
bt-100 = Base of charge
bt-101 = Charge percentage
bt-105 = Charge reason code
bt-111 = VAT in accounting currency
bt-120 = VAT exemption reason
bt-121 = VAT exemption code
bt-122 = Supporting document
bt-123 = Supporting document description
bt-124 = Supporting document location
bt-125 = Attached document
bt-127 = Note
bt-128 = Object
bt-132 = Order line
bt-133 = Accounting reference
bt-134 = Period from
bt-135 = Period to
bt-136 = Allowance
bt-137 = Base of allowance
bt-138 = Allowance percentage
bt-139 = Allowance reason
bt-140 = Allowance reason code
bt-141 = Charge
bt-142 = Base of charge
bt-143 = Charge percentage
bt-144 = Charge reason
bt-145 = Charge reason code
bt-147 = Price discount
bt-148 = Gross price
bt-154 = Description
bt-155 = Seller’s item number
bt-156 = Buyer’s item number
bt-157 = Standard item number
bt-158 = Classification
bt-159 = Country of origin
bt-160 = Attribute
bt-161 = Attribute value
bt-162 = Seller address
bt-163 = Buyer address
bt-164 = Tax representative address
bt-165 = Delivery address

## The page between a link and the invoice

entrance-open = Open the invoice
entrance-open-text = The invoice opens in a moment. If nothing happens, press the button.
entrance-download = Download the conversation
entrance-download-text = The download begins in a moment. If nothing happens, press the button.
