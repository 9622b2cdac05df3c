#!/usr/bin/python3
"""Draws the pictures of docs/payments.md: docs/flows.py DIRECTORY writes flow-*.svg there.

A flow is a list of steps, from top to bottom: an arrow "who > whom: what", "~>" for what comes later,
"wait: what" for time that goes by, and "begin", "end", "hold" and "free" for where a transaction and a hold begin and end.
"""

import sys
from html import escape

LANES = {"person": "Person", "shop": "Your server", "database": "PostgreSQL", "bank": "Bank"}
FLOWS = {
    "inside": ("Charge inside the transaction", """
        person > shop: signup token
        begin
        shop > database: INSERT INTO payments
        shop > database: redeem_signup_token
        shop > bank: charge
        bank > shop: charged
        shop > database: COMMIT
        end
        shop > person: welcome
    """),
    "authorise": ("Authorise, commit, capture", """
        person > shop: signup token
        shop > database: hold_signup_token
        hold
        person > bank: card, 3-D Secure
        bank > shop: authorised, not charged
        begin
        shop > database: redeem_signup_token
        shop > database: your own rows
        shop > database: COMMIT
        end
        free
        shop > bank: capture
        shop > person: welcome
    """),
    "webhook": ("Payment page and webhook", """
        person > shop: signup token
        shop > database: hold_signup_token
        hold
        shop > bank: payment with signup id
        person > bank: pays on the payment page
        wait: seconds, or hours
        bank ~> shop: webhook with signup id
        begin
        shop > database: the event’s id, once
        shop > database: redeem_signup_token
        shop > database: your own rows
        shop > database: COMMIT
        end
        free
        shop > bank: 200, or it is told again
        person > shop: returns, before or after
        shop > database: get_signup_token
        shop > person: welcome
    """),
    "trial": ("Free trial", """
        person > shop: signup token
        begin
        shop > database: redeem_signup_token
        shop > database: subscription, free for now
        shop > database: COMMIT
        end
        shop > person: welcome
        wait: fourteen days
        shop ~> bank: charge
        bank > shop: charged
        shop > database: paid, or it ends
    """),
    "invoice": ("Invoice and bank transfer", """
        person > shop: signup token
        shop > database: hold for 14 days
        hold
        shop > person: invoice
        wait: days
        person ~> bank: transfer
        bank > shop: statement
        begin
        shop > database: redeem by signup id
        shop > database: your own rows
        shop > database: COMMIT
        end
        free
        shop > person: welcome
    """),
}

WIDTH, LEFT, GAP, TOP, STEP = 760, 90, 190, 56, 34
STYLE = """
svg { color-scheme: light dark; font: 13px system-ui, sans-serif; --ink: #1b1f24; --paper: #fff; --faint: #8a939e; --act: #dbe9ff;
  --held: #ffe9b8; }
@media (prefers-color-scheme: dark) { svg { --ink: #e8ebef; --paper: #14181d; --faint: #7f8a96; --act: #1d3a66; --held: #57430f; } }
rect.paper { fill: var(--paper); } rect.lane { fill: var(--paper); stroke: var(--faint); } rect.act { fill: var(--act); }
rect.held { fill: var(--held); } line.lane { stroke: var(--faint); stroke-dasharray: 2 4; }
line.step { stroke: var(--ink); stroke-width: 1.5; } line.late { stroke-dasharray: 6 4; } path { fill: var(--ink); }
text { fill: var(--ink); } text.name { font-weight: 600; text-anchor: middle; } text.step { text-anchor: middle; }
text.aside { font-size: 11px; }
text.halo { stroke: var(--paper); stroke-width: 4; stroke-linejoin: round; } text.act { stroke: var(--act); }
"""


def place(lane):
    """Return where a lane is."""
    return LEFT + list(LANES).index(lane) * GAP


def words(x, y, kind, text, background=""):
    """Draw text, over what is behind it if a background is named."""
    halo = f'<text class="{kind} halo {background}" x="{x}" y="{y}" aria-hidden="true">{escape(text)}</text>' if background else ""
    return halo + f'<text class="{kind}" x="{x}" y="{y}">{escape(text)}</text>'


def arrow(step, y, within):
    """Draw a step from one lane to another."""
    ends, what = step.split(": ", 1)
    late = "~>" in ends
    source, target = (place(end.strip()) for end in ends.split("~>" if late else ">"))
    way = 1 if target > source else -1
    tip = target - 3 * way
    middle = max(source, target) - GAP / 2 if abs(source - target) == 2 * GAP else (source + target) / 2
    return (
        f'<line class="step{" late" if late else ""}" x1="{source}" y1="{y}" x2="{tip - 6 * way}" y2="{y}"/>'
        f'<path d="M{tip} {y} l{-9 * way} -4.5 v9 z"/>' + words(middle, y - 6, "step", what, "act" if within else "paper")
    )


def picture(title, steps):
    """Draw a flow."""
    y, shapes, bands, opened = TOP, [], [], {}
    for step in steps:
        if step in ("begin", "hold"):
            opened[step] = y + 8
            y += 12 if step == "begin" else 4
        elif step in ("end", "free"):
            kind = {"end": "begin", "free": "hold"}[step]
            top = opened.pop(kind)
            if kind == "begin":
                x, width = place("shop") - 12, place("bank") - place("shop") + 24
                bands.append((1, f'<rect class="act" x="{x}" y="{top}" width="{width}" height="{y + 12 - top}" rx="6"/>'
                                 + words(x + width - 76, top + 14, "aside", "transaction")))
                y += 14
            else:
                bands.append((0, f'<rect class="held" x="{place("database") - 7}" y="{top}" width="14" height="{y - top}" rx="4"/>'
                                 + words(place("database") + 13, top - 4, "aside", "names held")))
        elif step.startswith("wait: "):
            y += STEP
            shapes.append(words(WIDTH / 2 - 5, y - 4, "step", f"… {step[6:]} …", "paper"))
        else:
            y += STEP
            shapes.append(arrow(step, y, "begin" in opened))
    bottom = y + 22
    lanes = "".join(
        f'<line class="lane" x1="{place(lane)}" y1="40" x2="{place(lane)}" y2="{bottom}"/>'
        f'<rect class="lane" x="{place(lane) - 58}" y="12" width="116" height="28" rx="6"/>' + words(place(lane), 31, "name", name)
        for lane, name in LANES.items()
    )
    told = escape("; ".join(step for step in steps if ":" in step))
    back = "".join(shape for _, shape in sorted(bands, key=lambda band: band[0]))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + 10}" width="{WIDTH}" height="{bottom + 10}" role="img">\n'
        f"<title>{escape(title)}</title>\n<desc>{told}</desc>\n<style>{STYLE}</style>\n"
        f'<rect class="paper" width="100%" height="100%" rx="8"/>\n{back}\n{lanes}\n' + "\n".join(shapes) + "\n</svg>\n"
    )


for name, (title, text) in FLOWS.items():
    with open(f"{sys.argv[1]}/flow-{name}.svg", "w", encoding="utf-8") as file:
        file.write(picture(title, [line.strip() for line in text.strip().splitlines()]))
