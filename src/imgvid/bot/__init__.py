"""The bot: reads updates, inserts jobs, answers people. It touches no file's bytes and knows no GPU provider.

updates.py    our own getUpdates loop: at least once, in order within a chat, side by side across chats
window.py     which updates are in hand, and which offset may be confirmed (pure)
lanes.py      one line per chat
attempts.py   three tries for an update, then it is noted, said and confirmed
reading.py    what a message is to us: a picture, something we cannot use, or nothing (pure)
addressing.py whether a message in a group is meant for us (pure)
orders.py     from a picture, a card or an old job to a new job (pure)
reception.py  enqueue first, then the placeholder, then its id
gate.py       the middleware: meant for us? allowed? who is it, in which language?
talk.py       one update's conversation; voice.py sends and knows what Telegram's refusals mean
photos.py words.py commands.py jobs.py forget.py buttons.py language.py other.py members.py   one router a topic
setup.py      command menus, names and descriptions; app.py builds it all

A photo that can become one thing only is queued at once; everything else gets a card:

offers.py     what can be made at the moment; guide.py says so (both pure but for the reading)
menu.py       /image, /video, … and the buttons under /start; opening.py opens a card, easel.py shows it
drafts.py     what a press, a text or a picture makes of a card; crop.py, memory.py beside it (pure)
card.py       the card's words, card_rows.py its buttons, card_keys.py their data, sheet.py and labels.py below (pure)
answers.py    texts and pictures for a card that waits; card_presses.py presses on it
making.py     Make: the card becomes the job's message; results.py what may be made of a result
"""

from imgvid.bot import lean  # before anything of aiogram

__all__ = ["lean"]
