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
mail-open = Read and answer
mail-answer = You can also answer this mail: what you write is said in the conversation.
mail-private = The link is yours alone: whoever has it reads and writes there in your name. Please do not forward it.
# $seller: who issued the invoice; $address: of the reader.
mail-why = You get this mail because { $seller } named { $address } as a contact for this invoice.
mail-unsubscribe = No more mails from this sender

## The page to which that leads

unsubscribe-title = No more mails
unsubscribe-text = This address then gets no more mails about invoices of this sender. What is said can still be read on the invoice page.
unsubscribe-send = Send me no more mails
unsubscribed-title = Mails are switched off
unsubscribed-text = No more mails go to this address. If you want them again, ask the sender of the invoice.

## A link that somebody asked for on the page

mail-link = Your link to the page
mail-link-about = Somebody, probably you, asked for it on the invoice page. If it was not you, there is nothing to do.
# Form: a link of their own is sent to whoever asks and is a contact.
ask-label-or-mail = Your e-mail address or Matrix ID
ask-about-or-mail = If you are a contact of this invoice, you get a link of your own, by e-mail or in a direct message.
# $user: the e-mail address that was given.
asked-by-mail-text = If { $user } belongs to a contact of this invoice, a mail with a link is on its way there. It takes some minutes at most.
asked-by-mail-again = Nothing came? Look among the unwanted mails, check the address, and ask again after ten minutes.

## To a contact whom the shop has just named

# $seller: who issued the invoice.
mail-invitation = For you, from { $seller }
mail-invitation-about = On its page you read it, see how to pay, and ask questions.
# $amount: with its currency; $date: by when it is to be paid.
mail-owed = To be paid: { $amount }.
mail-owed-by = To be paid: { $amount }, by { $date }.

## A reminder, before the due date or after it

# $date: the due date.
mail-reminder = A reminder: payment is due on { $date }
mail-reminder-late = A reminder: payment was due on { $date }
mail-reminder-about = If you have already paid, there is nothing to do. On the page you see how to pay, and can ask questions.
