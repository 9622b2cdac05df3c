#!/usr/bin/env python3
"""Runs what docs/clients.md says to run, and compares the answers with those that stand there.

usage: recorded.py [--write], with the address of a site in BASE_URL

Each block of sh is run as it stands, but at the site's app `tokens`, and the block of http after it is what it printed:
status, some headers, body; tokens are cut. A block of json, which shows another language's request or answer, must be a
line of these. With --write the blocks of http are made anew, not compared. Prints TAP.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

DOCUMENT = Path("docs/clients.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```\n(?:\n```http\n(.*?)^```\n)?", re.DOTALL | re.MULTILINE)
SHOWN = re.compile(r"^```json\n(.*?)^```\n", re.DOTALL | re.MULTILINE)
KEPT = ("http/", "content-type:", "retry-after:")
TOKENS = ((r"utk_[\w-]{64}", "utk_…"), (r"eyJ[\w-]+\.[\w-]+\.[\w-]+", "eyJ…"))
ADDRESS = "https://auth.example.com/shop"
SITE = os.environ["BASE_URL"] + "/tokens"


def run(commands):
    """Run commands at the site, and return what they print as if it had been the document's."""
    done = subprocess.run(["bash", "-e"], input=commands.replace(ADDRESS, SITE), capture_output=True, text=True, timeout=60, check=False)
    head, _, body = (done.stdout + done.stderr).replace("\r", "").partition("\n\n")
    lines = [line for line in head.split("\n") if line.lower().startswith(KEPT)]
    answer = "\n".join([*lines, "", body.rstrip("\n"), ""]).replace(SITE, ADDRESS)
    for token, cut in TOKENS:
        answer = re.sub(token, cut, answer)
    return answer


def write(text):
    """Put the answers into the document."""
    DOCUMENT.write_text(BLOCK.sub(lambda block: f"```sh\n{block[1]}```\n\n```http\n{run(block[1])}```\n", text))


def compare(text):
    """Compare them with what stands there; return whether all are the same."""
    blocks = BLOCK.findall(text)
    shown = SHOWN.findall(text)
    lines = {line for block in blocks for part in block for line in part.split("\n")}
    print(f"1..{len(blocks) + len(shown)}")
    same = True
    for number, (commands, recorded) in enumerate(blocks, 1):
        answer = run(commands)
        print("ok" if answer == recorded else "not ok", number, "-", commands.split("\n", 1)[0])
        if answer != recorded:
            same = False
            print(re.sub("^", "# ", f"got:\n{answer}expected:\n{recorded}", flags=re.MULTILINE))
    for number, line in enumerate(shown, len(blocks) + 1):
        print("ok" if line.rstrip("\n") in lines else "not ok", number, "-", "recorded:", line.rstrip("\n"))
        same = same and line.rstrip("\n") in lines
    return same


def main():
    """Do the one or the other."""
    text = DOCUMENT.read_text()
    if sys.argv[1:] == ["--write"]:
        write(text)
    elif not compare(text):
        sys.exit(1)


main()
