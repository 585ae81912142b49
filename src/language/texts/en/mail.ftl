# What stands in mails to contacts who have no Matrix account, and on the page that ends them. Whoever reads it may never
# have heard of this service: a mail says from whom, about which invoice, what was said, and what can be done.

# $kind: invoice or credit note; $number: of the invoice; $seller: who issued it. The same for all mails about an invoice.
mail-subject = { $kind } { $number } · { $seller }
# The first line. $count: the number of messages.
mail-words =
    { $count ->
        [one] A new message
       *[other] { $count } new messages
    }
# Messages that are not in the mail.
mail-earlier =
    { $count ->
        [one] One earlier message is on the page.
       *[other] { $count } earlier messages are on the page.
    }
# In the place of a message without words.
mail-on-page = This message can only be shown on the page.
# In the place of the rest of a long message.
mail-more = … The rest is on the page.
# $name: of a file.
mail-file = File: { $name }
# A button that opens the page.
mail-open = Read and reply
mail-answer = You can also reply to this e-mail: your reply appears in the conversation.
mail-private = This link is for you only: anyone who has it can read and write in your name. Please do not forward it.
# $seller: who issued the invoice; $address: of the reader.
mail-why = You receive this e-mail because { $seller } named { $address } as a contact for this invoice.
mail-unsubscribe = Unsubscribe from this sender’s e-mails

## The page to which that leads

unsubscribe-title = Unsubscribe
unsubscribe-text = This address will then get no more e-mails about invoices from this sender. You can still read all messages on the invoice page.
unsubscribe-send = Stop these e-mails
unsubscribed-title = You are unsubscribed
unsubscribed-text = This address gets no more e-mails about invoices from this sender. If you want them again, ask the sender of the invoice.

## A link that somebody asked for on the page

mail-link = Your link to the invoice page
mail-link-about = Someone, probably you, asked for it on the invoice page. If it was not you, you do not need to do anything.
# Form: a link of their own is sent to whoever asks and is a contact.
ask-label-or-mail = Your e-mail address or Matrix ID
ask-about-or-mail = If you are a contact for this invoice, you will get your own link by e-mail or in a direct message.
# $user: the e-mail address that was given.
asked-by-mail-text = If { $user } belongs to a contact for this invoice, an e-mail with a link is on its way there. It takes a few minutes at most.
asked-by-mail-again = Nothing arrived? Look in the spam folder, check the address, and ask again after ten minutes.

## To a contact whom the shop has just named

# $seller: who issued the invoice.
mail-invitation = A document for you from { $seller }
mail-invitation-about = On its page you can read it, see how to pay and ask questions.
# $amount: with its currency; $date: by when it is to be paid.
mail-owed = Amount due: { $amount }.
mail-owed-by = Amount due: { $amount }, payable by { $date }.

## A reminder, before the due date or after it

# $date: the due date.
mail-reminder = Reminder: payment is due on { $date }
mail-reminder-late = Reminder: payment was due on { $date }
mail-reminder-about = If you have already paid, please disregard this reminder. On the page you can see how to pay and ask questions.
