"""Numbers of orders, parcels and tickets, and the dates of one customer's appointments.

In chat they stay, since the conversation needs them; `is_called_a_code` only keeps them from being taken for telephone or card
numbers. In answers mined from old dialogues they belong to somebody else and become slots.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from retrieval.masking_spans import Span

_REACH_OF_LABEL = 32
_CODE_LABEL = re.compile(
    r"(?:\b(?:orders?|tracking|invoice|tickets?|case|ref(?:erence)?|serial|model|sku|item|product|parcel|package|shipment"
    r"|waybill|awb|imei|transaction|booking|s/?n)|订单|訂單|单号|單號|运单|運單|快递|快遞|物流|流水|交易|发票|發票|编号|編號"
    r"|序列|型号|型號|商品|货号|貨號|工单|工單)"
    r"(?: ?(?:numbers?|no\.?|id|code|num|is|was|号码|號碼|号|號|单|單|编号|是|为|為|[:：,，#=(（])){0,4} ?$",
    re.IGNORECASE,
)

_LINK_WORD = r"(?:[ ]?(?:numbers?|no\.?|id|code|num|is|was|with|号码|號碼|编号|編號|号|號|单号|單號|是|为|為|[:：,，=(（]))"
_STRONG_CODE = r"(?:[A-Za-z]{1,4}-?\d{5,}[A-Za-z0-9-]*|\d{3}-\d{7}-\d{7}|\d{6,}(?:-\d+)*|(?=[A-Z0-9-]*\d)[A-Z0-9]{8,})(?![A-Za-z0-9])"
_WEAK_CODE = r"(?=[A-Za-z-]*\d)[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?<=[A-Za-z0-9-]{4})(?![A-Za-z0-9])"
_KINDS = {
    "tracking_number": r"(?:\b(?:tracking|waybill|awb|parcel|shipment)|运单|運單|快递单|快遞單|物流单|物流單|快递|快遞|物流|面单)",
    "ticket_number": r"(?:\b(?:tickets?|cases?|rma|reference|ref\.?|complaint|request|incident)|工单|工單|受理|案件|服务单|服務單|投诉单|申请单|退款编号)",
    "order_number": r"(?:\b(?:orders?|purchase|invoice|booking|reservation|confirmation|transaction)|订单|訂單|发票|發票|交易|流水|预约|預約|单号|單號)",
}
_LABELLED_CODES = tuple(
    (
        kind,
        re.compile(
            rf"{label}(?:{_LINK_WORD}{{0,3}} ?(?P<strong>#?{_STRONG_CODE})|(?:{_LINK_WORD}{{1,3}} ?|{_LINK_WORD}{{0,3}} ?(?=#))(?P<weak>#?{_WEAK_CODE}))",
            re.IGNORECASE,
        ),
    )
    for kind, label in _KINDS.items()
)
# Forms that say by themselves what they are: SF Express, UPS, JD, YTO, the Universal Postal Union's S10, US Postal Service.
_PLAIN_CODES = (
    (
        "tracking_number",
        re.compile(
            r"(?<![A-Za-z0-9])(?:SF\d{12,15}|1Z[0-9A-Z]{16}|JD[A-Z]{0,2}\d{10,15}|YT\d{13,15}|[A-Z]{2}\d{9}[A-Z]{2}|9[2-5]\d{18,20})"
            r"(?![A-Za-z0-9])"
        ),
    ),
    (
        "order_number",
        re.compile(
            r"(?<![A-Za-z0-9])(?:#[A-Z]{0,3}-?\d{5,}|[A-Z]{1,4}-\d{6,}|\d{3}-\d{7}-\d{7}|\d{12,30})(?![A-Za-z0-9-])"
        ),
    ),
)

_MONTH = r"(?:Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)\.?"
_WEEKDAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day)"
_CLOCK = r"(?:\d{1,2}(?::\d\d)? ?(?:[ap]\.?m\.?)?|noon)"
_DATE = (
    rf"(?:{_WEEKDAY},? )?(?:the )?(?:\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?\b|\d{{1,2}}[./-]\d{{1,2}}[./-]\d{{2,4}}"
    rf"|\d{{4}}-\d\d-\d\d)(?:,? \d{{4}})?(?:,? (?:at|between|from|@) {_CLOCK}(?: ?(?:-|–|and|to) ?{_CLOCK})?)?"
)
_EVENT = (
    "(?:appointment|delivery|delivered|parcel|package|order|ordered|booking|booked|visit|reservation|installation|pick-?up|refund|refunded|shipment"
    "|shipped|scheduled|rescheduled|arrive|arrives|arrived|arriving|dispatched|placed|returned|bought|purchase|purchased|dropped off|received|sent|due)"
)
_PERSONAL_DATES = (
    # your appointment on 3 March at 5pm
    re.compile(
        rf"\b(?:your|you|you've|you're|I|I've|we|we've|it)\b[^.!?]{{0,60}}?\b{_EVENT}\b[^.!?]{{0,30}}?\b(?:on|for|by|at|to|is|was|until|between|from)"
        rf" (?P<date>{_DATE})",
        re.IGNORECASE,
    ),
    # 您的快递预计5月12日送达, 已为您预约3月3日下午5点
    re.compile(
        r"(?:您的|为您|為您|给您|給您|帮您|幫您|您)[^。！？!?.]{0,20}?(?P<date>(?:\d{4}年)?\d{1,2}月\d{1,2}[日号號](?:[(（]?[周星][期]?[一二三四五六日天][)）]?)?"
        r"(?:上午|下午|晚上|中午|早上)?(?:\d{1,2}(?:[点點时時](?:\d{1,2}分|半)?|:\d\d))?(?:[-~～至到]\d{1,2}(?:[点點时時]|:\d\d))?)"
    ),
)


def is_called_a_code(view: str, start: int) -> bool:
    """Whether the words before `start` say that the number there is of an order, a parcel or a product."""
    return _CODE_LABEL.search(view[max(start - _REACH_OF_LABEL, 0) : start]) is not None


def find_codes(text: str) -> Iterator[Span]:
    """Order, tracking and ticket numbers: what is called one, and forms that are nothing else."""
    for kind, labelled in _LABELLED_CODES:
        for match in labelled.finditer(text):
            group = "strong" if match["strong"] else "weak"
            yield Span(match.start(group), match.end(group), kind, f"{{{kind}}}")
    for kind, plain in _PLAIN_CODES:
        for match in plain.finditer(text):
            yield Span(match.start(), match.end(), kind, f"{{{kind}}}")


def find_personal_dates(text: str) -> Iterator[Span]:
    """Dates of what happened or will happen to one customer; "closed on 25 December" is everybody's and stays."""
    for pattern in _PERSONAL_DATES:
        for match in pattern.finditer(text):
            yield Span(match.start("date"), match.end("date"), "date", "{date}")
