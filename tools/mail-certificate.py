#!/usr/bin/python3
"""mail-certificate.py - get the private stack's own mails signed: order an S/MIME certificate for the address they come
from, as any partner's program does, confirm the mailbox by the mail that the sink caught, and leave key and chain as
files for Mail.Sign.*.

  mail-certificate.py --url URL --email ADDRESS --product ID --maildir DIR --view DIR --out STEM  <PARTNER-KEY

STEM.pem (certificate and chain) and STEM.key appear whole or not at all. The mails of this order are taken away again:
nobody reads a no-reply mailbox, and the demo's begins empty.
"""
import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request


def fail(why):
    sys.exit(f"mail-certificate: {why}")


class Service:
    """The service as a partner's program sees it."""

    def __init__(self, url, key):
        self.url = url
        self.key = key

    def call(self, path, fields=None, accept="application/json", key=True):
        """One request; fields make it a post. Gives status and body."""
        body = None if fields is None else urllib.parse.urlencode(fields).encode()
        request = urllib.request.Request(self.url + path, data=body, headers={"Accept": accept})
        if key:
            request.add_header("Authorization", f"Bearer {self.key}")
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def must(self, path, fields=None):
        status, body = self.call(path, fields)
        if status not in (200, 201):
            fail(f"{path} answered {status}: {body[:300]}")
        return json.loads(body)


def wait_for(what, look, seconds=60):
    """What look() gives as soon as it gives something."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.1)
    return fail(f"{what} did not come within {seconds} s")


def mails_of(folder, order):
    """The caught mails (and what was made of them for the demo's page) that name an order."""
    for path in folder.rglob("*"):
        # What is begun has a name, or lies in a folder, that begins with a dot.
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts):
            text = path.read_text(encoding="utf-8", errors="replace")
            if order in text:
                yield path, text


def link_of(maildir, order):
    """The path of the holder's link in the order's verification mail. In quoted-printable a line can be broken by =."""
    for _, text in mails_of(maildir, order):
        found = re.search(r"https?://[^/\s]+(/verify/[A-Za-z0-9_-]{43})", text.replace("=\n", "").replace("=\r\n", ""))
        if found:
            return found.group(1)
    return None


def request_make(stem):
    """A fresh key in STEM.key.new; gives its request."""
    made = subprocess.run(
        ["openssl", "req", "-new", "-newkey", "rsa:3072", "-nodes", "-sha256", "-subj", "/CN=mail",
         "-keyout", f"{stem}.key.new"], check=True, capture_output=True, text=True)
    return made.stdout


def certificate_get(service, options):
    """Order, confirm, activate. Gives the order's number, the certificate and its chain in PEM."""
    order = service.must("/partner/orders", {
        "product": options.product, "partner_ref": f"mails-{int(time.time())}", "email": options.email,
        "csr": request_make(options.out)})["order"].removeprefix("ORDER/")
    at = f"/partner/orders/{order}"
    link = wait_for("the verification mail", lambda: link_of(options.maildir, order))
    status, _ = service.call(link, {"control": "yes"}, accept="text/html", key=False)
    if status != 200:
        fail(f"the holder's page answered {status}")
    service.must(f"{at}/activate", {"accept_terms": "yes", "accept_data": "yes"})

    def issued():
        status, body = service.call(f"{at}/certificate.pem")
        return body if status == 200 else None

    pem = wait_for("the certificate", issued)
    return order, pem + service.call(f"{at}/chain.pem")[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("url", "email", "product", "out"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("maildir", "view"):
        parser.add_argument(f"--{name}", required=True, type=pathlib.Path)
    options = parser.parse_args()
    os.umask(0o077)
    order, chain = certificate_get(Service(options.url, sys.stdin.readline().strip()), options)
    pathlib.Path(f"{options.out}.pem.new").write_text(chain, encoding="ascii")
    os.rename(f"{options.out}.key.new", f"{options.out}.key")
    os.rename(f"{options.out}.pem.new", f"{options.out}.pem")
    # The last of them, with the certificate, may still be on its way, or not yet be made ready for the demo's page.
    def caught():
        mails, shown = list(mails_of(options.maildir, order)), {path.parent for path, _ in mails_of(options.view, order)}
        return 2 <= len(mails) <= len(shown)

    wait_for("the mail with the certificate", caught)
    for path, _ in list(mails_of(options.maildir, order)):
        path.unlink()
    for path, _ in list(mails_of(options.view, order)):
        shutil.rmtree(path.parent, ignore_errors=True)


if __name__ == "__main__":
    main()
