"""Stars: invoices, the answer to a pre-checkout query, refunds, the list of transactions."""

from __future__ import annotations

from datetime import timedelta

from imgvid.sandbox.telegram.errors import bad
from imgvid.sandbox.telegram.jsons import JsonObject, as_int, as_object
from imgvid.sandbox.telegram.keyboard import parse_markup
from imgvid.sandbox.telegram.ledger import Checkout, Payment
from imgvid.sandbox.telegram.methods.call import Call, Method
from imgvid.sandbox.telegram.methods.sending import reply_target
from imgvid.sandbox.telegram.model import Content, Kind, Markup
from imgvid.sandbox.telegram.render import message_json, unix, user_json
from imgvid.sandbox.telegram.world import World

CHECKOUT_LIFE = timedelta(seconds=10)  # https://core.telegram.org/bots/api#answerprecheckoutquery
_LIMITS = {"title": 32, "description": 255}


def _invoice(call: Call) -> tuple[JsonObject, str]:
    """The invoice as a message shows it, and its payload. Raises ApiError."""
    params = call.params
    for name, most in _LIMITS.items():
        if not 1 <= len(params.text(name)) <= most:
            raise bad(f"INVOICE_{name.upper()}_INVALID")
    payload = params.text("payload")
    if not 1 <= len(payload.encode()) <= 128:
        raise bad("INVOICE_PAYLOAD_INVALID")
    if params.text("currency") != "XTR":
        raise bad("CURRENCY_INVALID")
    prices = params.array("prices")
    amount = as_int((as_object(prices[0]) or {}).get("amount")) if prices is not None and len(prices) == 1 else None
    if amount is None or amount < 1:
        raise bad("STARS_INVOICE_INVALID")
    shown: JsonObject = {name: params.text(name) for name in _LIMITS}
    return shown | {"start_parameter": "", "currency": "XTR", "total_amount": amount}, payload


async def send_invoice(call: Call) -> object:
    world = call.world
    chat = world.chat_for_bot(call.params.fields.get("chat_id"))
    invoice, payload = _invoice(call)
    markup = parse_markup(call.params.fields.get("reply_markup"))
    if markup is not None and (not markup.inline or not markup.rows[0][0].get("pay")):
        raise bad("BUTTON_TYPE_INVALID")
    pay: JsonObject = {"text": f"Pay ⭐️{invoice['total_amount']}", "pay": True}
    content = Content(kind=Kind.INVOICE, fields={"invoice": invoice})
    keyboard = markup or Markup(rows=((pay,),))
    target = reply_target(call, chat)
    message = world.post(chat, world.bot, content, method="sendInvoice", markup=keyboard, reply_to=target)
    world.ledger.payloads[(chat.id, message.id)] = payload
    call.message_id = message.id
    return message_json(message, world)


async def create_invoice_link(call: Call) -> object:
    _invoice(call)
    return f"https://t.me/${call.world.dice.getrandbits(64):016x}"


async def answer_pre_checkout_query(call: Call) -> object:
    """Within ten seconds; ok means the person pays, and a successful_payment message follows."""
    world = call.world
    checkout = world.ledger.checkouts.get(call.params.text("pre_checkout_query_id"))
    if checkout is None or checkout.answered or world.now() - checkout.at > CHECKOUT_LIFE:
        raise bad("query is too old and response timeout expired or query ID is invalid")
    checkout.answered = True
    if call.params.flag("ok"):
        _pay(world, checkout)
    elif not call.params.text("error_message"):
        checkout.answered = False
        raise bad("ERROR_TEXT_EMPTY")
    return True


def _pay(world: World, checkout: Checkout) -> None:
    payment = Payment(
        charge_id=f"stx{world.dice.getrandbits(128):032x}",
        user_id=checkout.user_id,
        amount=checkout.amount,
        payload=checkout.payload,
        at=world.now(),
    )
    world.ledger.payments[payment.charge_id] = payment
    fields: JsonObject = {
        "currency": "XTR",
        "total_amount": payment.amount,
        "invoice_payload": payment.payload,
        "telegram_payment_charge_id": payment.charge_id,
        "provider_payment_charge_id": "",
    }
    chat = world.chat(checkout.chat_id)
    message = world.service(chat, world.people[checkout.user_id], {"successful_payment": fields})
    world.updates.add("message", message_json(message, world), chat.id)


async def refund_star_payment(call: Call) -> object:
    payment = call.world.ledger.payments.get(call.params.text("telegram_payment_charge_id"))
    if payment is None or payment.user_id != call.params.integer("user_id"):
        raise bad("CHARGE_NOT_FOUND")
    if payment.refunded_at is not None:
        raise bad("CHARGE_ALREADY_REFUNDED")
    payment.refunded_at = call.world.now()
    return True


async def get_star_transactions(call: Call) -> object:
    """In the order of time; a refund is a transaction of its own with the same id and a receiver."""
    world, listed = call.world, list[tuple[float, JsonObject]]()
    for payment in world.ledger.payments.values():
        partner: JsonObject = {
            "type": "user",
            "transaction_type": "invoice_payment",
            "user": user_json(world.people[payment.user_id]),
            "invoice_payload": payment.payload,
        }
        common: JsonObject = {"id": payment.charge_id, "amount": payment.amount}
        listed.append((payment.at.timestamp(), common | {"date": unix(payment.at), "source": partner}))
        if payment.refunded_at is not None:
            refund = common | {"date": unix(payment.refunded_at), "receiver": partner}
            listed.append((payment.refunded_at.timestamp(), refund))
    listed.sort(key=lambda item: item[0])
    offset, limit = call.params.integer("offset", 0, 0), call.params.integer("limit", 100, 1, 100)
    return {"transactions": [transaction for _, transaction in listed[offset : offset + limit]]}


async def get_my_star_balance(call: Call) -> object:
    return {"amount": call.world.ledger.balance}


METHODS = [
    Method(name="sendInvoice", run=send_invoice),
    Method(name="createInvoiceLink", run=create_invoice_link),
    Method(name="answerPreCheckoutQuery", run=answer_pre_checkout_query),
    Method(name="refundStarPayment", run=refund_star_payment),
    Method(name="getStarTransactions", run=get_star_transactions),
    Method(name="getMyStarBalance", run=get_my_star_balance),
]
