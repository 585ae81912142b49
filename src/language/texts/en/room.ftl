# What stands in the Matrix room: its name, its topic, the summary that is pinned, and the message
# that announces a change. Dates, amounts and names are written as the language writes them.

# $kind: invoice or credit-note; $number: of the invoice; $parties: room-parties.
room-name = { $kind } { $number } · { $parties }
# From whom to whom the invoice goes.
room-parties = { $seller } → { $buyer }
# $currency: its code, such as EUR.
amount-with-code = { $currency } { $amount }
# A label and what it says.
labelled = { $label }: { $text }

## The summary

# $amount: with its currency. The document gives it back to the buyer.
summary-credited = { $amount } credited
# By when it is to be paid, in a few words: it stands at the end of a line.
summary-due = Due { $date }
summary-introduction = { $kind } of { $date }, { $parties }
# One line of the invoice; $price: of one unit.
summary-line = { $description }, { $quantity } × { $price }
# $rate: a percentage or the name of a category; $taxable: the amount on which the tax is.
summary-vat = VAT ({ $rate }) on { $taxable }
summary-more-lines =
    { $count ->
        [one] … and { $count } more line
       *[other] … and { $count } more lines
    }

## The announcement of a change

announcement = { $kind } { $number } has changed
# $label: what changed; $before, $after: its values.
announced-change = { $label }: { $before } → { $after }
# In the place of a value before or after the change.
no-value = none
announcement-more = … and { $count } more
account-warning = Warning: the account to pay to has changed.
account-advice = Before you pay, call { $seller } at a phone number that you already know, and have the new account confirmed. Never use a phone number, an e-mail address or a link from a message about this change: false accounts are a common fraud.

## Short notices of the bot

# A message in a room that somebody encrypted.
notice-encrypted = This room is encrypted. Tallyroom cannot read its messages, so nothing that is written here from now on is recorded.
# Shown in a room that was replaced, in the place where people would write.
notice-room-replaced = The conversation about this transaction continues in another room.
# The reason for which a former contact was removed from the room.
notice-removed-contact = No longer a contact for this transaction
# The shop handed in a payment. $amount: with its currency; $date: the day on which it was paid.
notice-payment = Payment received: { $amount } on { $date }.
# The same of a credit note: the seller paid it to the buyer.
notice-paid-out = Paid out: { $amount } on { $date }.
notice-payment-taken-back = The payment of { $amount } on { $date } was reported by mistake and no longer counts.
# It follows one of the sentences before. $amount: with its currency.
notice-payment-left = Still to pay: { $amount }.
notice-payment-all = Nothing is left to pay.
# How a contact who has a Matrix account is called when they write on the invoice page. $name: theirs.
guest-name = { $name } (invoice page)

## Commands in the room, such as !tally status

# The words that people write after !tally, with commas between them. Those of all languages are
# understood everywhere; the help shows the first one. A word means the same in all languages.
command-help = help
command-status = status
command-invoice = invoice
command-who = who
command-link = link
command-export = export
command-accept = accept
command-dispute = dispute
command-paid = paid
command-shipped = shipped
# What the help says of each.
command-help-about = shows this list
command-status-about = shows what is due, and when
command-invoice-about = shows a summary of the invoice
command-who-about = shows who is here, and for which side
command-link-about = sends you your own link to the invoice page, in a direct message
command-export-about = sends you your own link to download the conversation, in a direct message
command-accept-about = accepts the invoice
command-dispute-about = disputes the invoice; write the reason after it
command-paid-about = marks the invoice as paid
command-shipped-about = marks the goods as shipped
answer-help = This is what I understand:
# $help: the command that lists all.
answer-unknown = I do not know this command. { $help } lists what I understand.
# $nearest: the command that was probably meant.
answer-nearest = I do not know this command. Did you mean { $nearest }?
answer-not-a-party = Only the contacts of buyer and seller can use this command.
# $status: the present one; $commands: those that are possible, with commas.
answer-status = The status is now: { $status }.
answer-not-now = That is not possible now: the status is { $status }. What you can do: { $commands }.
answer-nothing-now = That is not possible now: the status is { $status }.
answer-reason = Write the reason after the command: { $command } …
answer-no-page = This shop has no invoice page.
answer-link-sent = I have sent you your link in a direct message.
answer-link-on-page = You are on the invoice page already.
answer-export-on-page = You are on the invoice page already. You can download the conversation there.
answer-link-refused = I cannot write to you directly: your homeserver refused my invitation. Allow invitations from me, and ask again.
# $kind, $number: of the invoice; $seller: who issued it; $date: until when the link works.
direct-link = { $kind } { $number } from { $seller }: this is your own link to its page. Anyone who has it can read and write there in your name, so keep it to yourself. It works until { $date }.
direct-export = { $kind } { $number } from { $seller }: with this link you download the conversation and its files. It also opens the page in your name, so keep it to yourself. It works until { $date }.
# The name of the room in which the bot writes to one person.
direct-room-name = Invoices
who-here = in the room
who-invited = invited
who-left = not in the room
who-page = on the invoice page only
