#!/usr/bin/python3
"""books.py - an auditor from outside: holds what the service told people against its books, and the books against
themselves. It shares no code with the service: SQL of its own through the mariadb client, certificates, revocation
lists and seals by the openssl command, the token by pkcs11-tool, the mails as files.

  books.py --var VAR [--journal FILE] [--my-cnf FILE]

VAR is the state folder of a stack that is at rest: everything runs, nothing waits. The journal is written by who
played the people (tests/fault/lib/people.mjs): one JSON object a line, what was asked and what was answered. Prints
figures as one line of JSON and every violation as a line "VIOLATION kind: words"; the exit status is 1 when there is
one.
"""
import argparse
import base64
import collections
import email.parser
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

PKCS11_MODULE = "/usr/lib/softhsm/libsofthsm2.so"
VERIFY_CHUNK = 400  # certificates a run of openssl


class Books:
    """All that is read, and what was found wrong with it."""

    def __init__(self, options):
        self.var = pathlib.Path(options.var)
        self.my_cnf = options.my_cnf or str(self.var / "my.cnf")
        self.env = dict(line.split("=", 1) for line in (self.var / "demo.env").read_text().splitlines())
        self.violations = []
        self.figures = collections.OrderedDict()
        self.temp = tempfile.TemporaryDirectory(prefix="books-")

    def wrong(self, kind, words):
        self.violations.append(f"VIOLATION {kind}: {words}")

    def held(self, good, kind, words):
        """Note a violation unless good."""
        if not good:
            self.wrong(kind, words)
        return good

    def file(self, name, content):
        path = os.path.join(self.temp.name, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def sql(self, query):
        """Rows as lists of strings; NULL is None. Free text must be asked for as HEX()."""
        out = subprocess.run(
            ["mariadb", f"--defaults-file={self.my_cnf}", "--user=" + os.environ.get("BOOKS_USER", user_name()), "-BN",
             "--default-character-set=utf8mb4", self.env["DB_NAME"], "-e", query],
            check=True, capture_output=True, text=True).stdout
        return [[None if cell == "NULL" else cell for cell in line.split("\t")] for line in out.splitlines()]


def user_name():
    return subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()


def openssl(*args, data=None, good=True):
    done = subprocess.run(["openssl", *args], input=data, capture_output=True, check=False)
    if good and done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr.decode(errors='replace')}")
    return done


def text_of(hexed):
    return None if hexed is None else bytes.fromhex(hexed).decode("utf-8", "replace")


# --- a little DER: enough to find a certificate's parts ---------------------------------------------------------

def der_read(der, at):
    """The element at an offset: tag, where its content begins, where it ends."""
    tag, length, begin = der[at], der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length = int.from_bytes(der[begin:begin + count], "big")
        begin += count
    return tag, begin, begin + length


def der_parts(der, at):
    """The elements inside the one at an offset, each whole."""
    _, begin, end = der_read(der, at)
    parts = []
    while begin < end:
        _, _, stop = der_read(der, begin)
        parts.append(der[begin:stop])
        begin = stop
    return parts


class Certificate:
    """What a certificate itself says."""

    def __init__(self, der):
        self.der = der
        tbs = der_parts(der, 0)[0]
        fields = der_parts(tbs, 0)
        fields = fields[1:] if fields[0][0] == 0xA0 else fields
        self.tbs_sha256 = hashlib.sha256(tbs).hexdigest()
        self.serial = fields[0][2:].hex().zfill(32)[-32:]
        self.spki_sha256 = hashlib.sha256(fields[5]).hexdigest()


# --- reading the books -------------------------------------------------------------------------------------------

class Orders(dict):
    """The orders by id. One that other rows speak of and that is not there is a violation, and a blank row."""

    def __init__(self, books, rows):
        super().__init__((row.id, row) for row in rows)
        self.books = books
        self.blank = collections.namedtuple("blank", ORDER_FIELDS)

    def __missing__(self, key):
        self.books.wrong("lost", f"order id {key} is not there, and rows of it are")
        self[key] = self.blank(*[None] * len(ORDER_FIELDS))._replace(id=key, number=f"id {key}", cancelled="0")
        return self[key]


ORDER_FIELDS = ("id", "number", "account_id", "partner_id", "ref", "email", "mailbox_id", "mailbox_status", "activation_status",
                "cancelled", "callback")


def read(books):
    """Each table as a list of named tuples, by name."""
    wanted = {
        "orders": ("id CONCAT(number,'/',item):number account_id partner_id HEX(partner_ref):ref email mailbox_id"
                   " mailbox_status activation_status cancelled_at IS NOT NULL:cancelled callback_address_id:callback", ""),
        "mailbox": ("id order_id email confirmed_at IS NOT NULL:confirmed rejected_at IS NOT NULL:rejected"
                    " UNIX_TIMESTAMP(confirmed_at):at", ""),
        "activation": ("order_id HEX(spki_sha256):spki submitted_at IS NOT NULL:submitted fields IS NOT NULL:fields"
                       " method IS NOT NULL:method", ""),
        "issuance": ("order_id state last_code", ""),
        "serial": ("issuer_id HEX(serial):serial order_id HEX(tbs_sha256):tbs state", ""),
        "certificate": ("order_id issuer_id HEX(serial):serial email HEX(der):der HEX(sha256):sha256"
                        " HEX(spki_sha256):spki UNIX_TIMESTAMP(issued_at):at revoked_at IS NOT NULL:revoked", ""),
        "revocation": ("issuer_id HEX(serial):serial reason HEX(requested_by):by listed_in", ""),
        "issuer": ("id name kind parent_id HEX(certificate):der", ""),
        "crl": ("issuer_id number published_at IS NOT NULL:published entries HEX(sha256):sha256", "ORDER BY issuer_id, number"),
        "outbox": ("id kind order_id mailbox_id recipient state UNIX_TIMESTAMP(created_at):created attempts", ""),
        "callback": ("id order_id status state", ""),
        "audit": ("id DATE_FORMAT(at,'%Y-%m-%dT%H:%i:%s.%fZ'):at HEX(actor):actor event order_id address HEX(detail):detail",
                  "ORDER BY id"),
        "audit_chain": ("seq event_id HEX(hash):hash", "ORDER BY seq"),
        "audit_seal": ("last_seq first_seq HEX(before_hash):before HEX(hash):hash HEX(signature):signature"
                       " UNIX_TIMESTAMP(sealed_at):at", "ORDER BY last_seq"),
    }
    tables = {}
    for table, (columns, tail) in wanted.items():
        columns = re.split(r" (?!IS|NOT|NULL)", columns)
        names = [column.rsplit(":", 1)[-1] for column in columns]
        exprs = [column.rsplit(":", 1)[0] if ":" in column else column for column in columns]
        if table == "audit":  # the format holds colons
            names = ["id", "at", "actor", "event", "order_id", "address", "detail"]
            exprs = ["id", "DATE_FORMAT(at,'%Y-%m-%dT%H:%i:%s.%fZ')", "HEX(actor)", "event", "order_id", "address", "HEX(detail)"]
        kind = collections.namedtuple(table, names)
        tables[table] = [kind(*row) for row in books.sql(f"SELECT {', '.join(exprs)} FROM {table} {tail}")]
    tables["by_id"] = Orders(books, tables["orders"])
    return tables


def grouped(rows, key):
    groups = collections.defaultdict(list)
    for row in rows:
        groups[getattr(row, key)].append(row)
    return groups


# --- the books against themselves --------------------------------------------------------------------------------

def check_certificates(books, t):
    """One certificate an order, and each is what its rows say."""
    orders = t["by_id"]
    mailboxes = {row.id: row for row in t["mailbox"]}
    activations = {row.order_id: row for row in t["activation"]}
    serials = {(row.issuer_id, row.serial): row for row in t["serial"]}
    for order, rows in grouped(t["certificate"], "order_id").items():
        books.held(len(rows) == 1, "two-certificates", f"order {orders[order].number} has {len(rows)}")
    for serial, rows in grouped(t["certificate"], "serial").items():
        books.held(len(rows) == 1, "serial-twice", f"serial {serial} is on {len(rows)} certificates")
    files = collections.defaultdict(list)
    for n, row in enumerate(t["certificate"]):
        order = orders[row.order_id]
        name = f"certificate of {order.number}"
        der = bytes.fromhex(row.der)
        cert = Certificate(der)
        serial = serials.get((row.issuer_id, row.serial))
        box = mailboxes.get(order.mailbox_id)
        books.held(cert.serial.upper() == row.serial, "certificate", f"{name}: serial {cert.serial} inside, {row.serial} outside")
        books.held(hashlib.sha256(der).hexdigest().upper() == row.sha256, "certificate", f"{name}: hash")
        books.held(cert.spki_sha256.upper() == row.spki, "certificate", f"{name}: another key inside")
        books.held(row.order_id in activations and activations[row.order_id].spki == row.spki, "certificate",
                   f"{name}: not the key that was handed in")
        books.held(serial is not None and serial.state == "issued" and serial.order_id == row.order_id, "serial",
                   f"{name}: its serial is {serial.state if serial else 'not in the books'}")
        books.held(serial is None or serial.tbs == cert.tbs_sha256.upper(), "serial", f"{name}: signed what was not written down")
        books.held(box is not None and box.confirmed == "1" and box.email == row.email == order.email
                   and int(box.at) <= int(row.at), "certificate", f"{name}: issued without a confirmed mailbox")
        books.held(order.activation_status == "verified", "order", f"{order.number} has a certificate, activation {order.activation_status}")
        path = books.file(f"c{n}.der", der)
        files[row.issuer_id].append((name, path, row))
    for issuer, list_ in files.items():
        verify(books, t, issuer, list_)
    issued = {row.order_id for row in t["certificate"]}
    for row in t["orders"]:
        books.held(row.activation_status != "verified" or row.id in issued, "certificate-missing", f"order {row.number} is done and has none")
    books.figures["certificates"] = len(t["certificate"])


def pem_of(der):
    body = base64.encodebytes(der).decode().replace("\n", "")
    lines = "\n".join(body[i:i + 64] for i in range(0, len(body), 64))
    return f"-----BEGIN CERTIFICATE-----\n{lines}\n-----END CERTIFICATE-----\n".encode()


def verify(books, t, issuer_id, list_):
    """The signatures by openssl verify; the address in each by openssl's own print."""
    issuers = {row.id: row for row in t["issuer"]}
    ca = issuers[issuer_id]
    root = issuers[ca.parent_id]
    ca_file = books.file("ca.pem", pem_of(bytes.fromhex(root.der)))
    issuing = books.file("issuing.pem", pem_of(bytes.fromhex(ca.der)))
    for begin in range(0, len(list_), VERIFY_CHUNK):
        chunk = list_[begin:begin + VERIFY_CHUNK]
        for _, path, row in chunk:
            pathlib.Path(path).write_bytes(pem_of(bytes.fromhex(row.der)))
        done = openssl("verify", "-no_check_time", "-CAfile", ca_file, "-untrusted", issuing, *[c[1] for c in chunk], good=False)
        fine = set(re.findall(r"^(\S+): OK$", done.stdout.decode(), re.M))
        for name, path, _ in chunk:
            books.held(path in fine, "certificate", f"{name}: openssl verify refuses it")
        bundle = books.file("bundle.pem", b"".join(pathlib.Path(c[1]).read_bytes() for c in chunk))
        prints = openssl("storeutl", "-noout", "-certs", "-text", bundle).stdout.decode("utf-8", "replace")
        prints = re.split(r"^\d+: Certificate$", prints, flags=re.M)[1:]
        for (name, _, row), text in zip(chunk, prints):
            found = re.search(r"Subject Alternative Name:[^\n]*\n\s*email:(\S+)", text)
            books.held(found is not None and found.group(1) == row.email, "certificate", f"{name}: not for {row.email}")
    check_token(books, ca, issuing)


def check_token(books, ca, issuing):
    """The issuing CA's public key is the token's."""
    conf = books.var / "softhsm2.conf"
    if not conf.exists():
        return
    listed = subprocess.run(
        ["pkcs11-tool", "--module", PKCS11_MODULE, "--token-label", "mailcert", "--login", "--pin", "env:BOOKS_PIN",
         "--list-objects", "--type", "pubkey"], capture_output=True, text=True, check=False,
        env={**os.environ, "SOFTHSM2_CONF": str(conf), "BOOKS_PIN": (books.var / "secrets/pin").read_text().strip()}).stdout
    spki = openssl("pkey", "-pubin", "-outform", "DER",
                   data=openssl("x509", "-in", issuing, "-noout", "-pubkey").stdout).stdout
    points = dict((label, point) for point, label in re.findall(r"EC_POINT:\s+([0-9a-f]+)\n.*?label:\s+(\S+)", listed, re.S))
    books.held(ca.name in points and spki.hex().endswith(points[ca.name][4:]), "token", f"{ca.name}: the token has another key")


def check_serials(books, t):
    """Each serial is issued, or abandoned and on the list, or came to no key; none is left in between."""
    orders = t["by_id"]
    certificates = {(row.issuer_id, row.serial): row for row in t["certificate"]}
    revocations = {(row.issuer_id, row.serial): row for row in t["revocation"]}
    events, unused = collections.defaultdict(set), set()
    for event in t["audit"]:
        if event.event == "serial_abandoned":
            events[event.order_id].add(text_of(event.detail))
        elif event.event == "serials_unused":
            unused.update(text_of(event.detail).split())
    counts = collections.Counter()
    for row in t["serial"]:
        key, name = (row.issuer_id, row.serial), f"serial {row.serial} of {orders[row.order_id].number}"
        counts[row.state] += 1
        if row.state == "issued":
            books.held(key in certificates, "serial", f"{name} is issued without a certificate")
        elif row.state == "abandoned":
            books.held(key not in certificates, "serial", f"{name} is abandoned and has a certificate")
            books.held(key in revocations and text_of(revocations[key].by) == "signer:abandoned", "serial",
                       f"{name} is abandoned and not revoked")
            books.held(row.serial in events[row.order_id], "audit-missing", f"{name} was abandoned without an event")
        elif row.state == "unused":
            books.held(key not in certificates and key not in revocations, "serial", f"{name} is unused and on a certificate or a list")
            books.held(row.serial in unused, "audit-missing", f"{name} was given back without an event")
        else:
            books.wrong("serial", f"{name} is still {row.state}")
    for key, row in certificates.items():
        if row.revoked == "1":
            books.held(key in revocations, "revocation", f"certificate {row.serial} is revoked and on no list")
    books.figures["serials"] = dict(counts)


def check_crl(books, t):
    """The published list is the newest in the books, is signed, and names all that is revoked."""
    issuers = {row.id: row for row in t["issuer"]}
    for issuer_id, rows in grouped(t["revocation"], "issuer_id").items():
        numbers = [int(row.number) for row in t["crl"] if row.issuer_id == issuer_id]
        books.held(len(numbers) == len(set(numbers)), "crl", "a number was used twice")
        file = books.var / "public" / "crl" / f"{issuers[issuer_id].name}.crl"
        if not books.held(file.exists(), "crl", f"{file} is not there"):
            continue
        ca = books.file("crl-ca.pem", pem_of(bytes.fromhex(issuers[issuer_id].der)))
        done = openssl("crl", "-inform", "DER", "-in", str(file), "-noout", "-text", "-CAfile", ca, good=False)
        text = done.stdout.decode()
        if not books.held(b"verify OK" in done.stderr, "crl", "its signature does not verify"):
            continue
        listed = {serial.zfill(32).upper() for serial in re.findall(r"Serial Number: ([0-9A-F]+)", text)}
        number = int(re.search(r"X509v3 CRL Number: ?\n\s*(0x[0-9A-Fa-f]+|\d+)", text).group(1), 0)
        published = [row for row in t["crl"] if row.issuer_id == issuer_id and row.published == "1"]
        newest = published[-1] if published else None
        books.held(newest is not None and int(newest.number) == number, "crl",
                   f"number {number} is published, {newest.number if newest else None} in the books")
        books.held(newest is None or newest.sha256 == hashlib.sha256(file.read_bytes()).hexdigest().upper(), "crl",
                   "the file is not what the books say was published")
        for row in rows:
            books.held(row.serial in listed, "crl", f"serial {row.serial} is revoked and not listed")
            books.held(row.listed_in is not None and int(row.listed_in) <= number, "crl", f"serial {row.serial}: listed in {row.listed_in}")
        books.held(listed <= {row.serial for row in rows}, "crl", "a serial is listed that nobody revoked")
        books.figures["crl_entries"] = len(listed)
        books.figures["crl_number"] = number


def read_mails(books):
    """The caught mails by Message-ID: what each says, and how it looks to whoever must find out why it says something else."""
    mails = collections.defaultdict(list)
    for path in (pathlib.Path(books.env["MAIL_DIR"]) / "new").iterdir():
        head = email.parser.BytesHeaderParser().parsebytes(path.read_bytes())
        mails[head["Message-ID"]].append(((head["Delivered-To"], head["X-Mailcert-Order"], head["Subject"]),
                                          f"{path.name}, {path.stat().st_size} octets, head {head.items()}"))
    return mails


def check_mails(books, t):
    """Each mail that counts as sent is in the sink, at least once, and again only under its own Message-ID."""
    orders = t["by_id"]
    mails = read_mails(books)
    ids = {}
    for message_id in mails:
        found = re.fullmatch(r"<outbox\.(\d+)\.([0-9a-f]+)@[^>]+>", message_id or "")
        if books.held(found is not None, "mail", f"a mail with the Message-ID {message_id}"):
            ids[(found.group(1), int(found.group(2), 16))] = message_id
    twice = 0
    states = collections.Counter()
    for row in t["outbox"]:
        states[row.state] += 1
        name = f"mail {row.id} ({row.kind} of {orders[row.order_id].number})"
        caught = mails.get(ids.pop((row.id, int(row.created)), None), [])
        if row.state == "sent":
            books.held(len(caught) > 0, "mail-lost", f"{name} counts as sent and never arrived")
        books.held(row.state != "waiting", "unfinished", f"{name} still waits")
        for (to, order, _), looks in caught:
            books.held(to == row.recipient and order == orders[row.order_id].number, "mail",
                       f"{name} went to {to} about {order}: {looks}")
        books.held(len({says for says, _ in caught}) <= 1, "mail", f"{name}: its repetition says something else")
        twice += max(0, len(caught) - 1)
    for message_id in ids.values():
        books.wrong("mail-unknown", f"{message_id} is in nobody's books")
    books.figures["mails"] = {**states, "repeated": twice}


def octets_of(event):
    """An event as its hash covers it: each field with its length in front."""
    out = b""
    for field in (event.id, event.at, text_of(event.actor), event.event, event.order_id, event.address, text_of(event.detail)):
        out += b"-," if field is None else str(len(field.encode())).encode() + b":" + field.encode() + b","
    return out


def check_seals(books, t):
    """Every event stands in the chain once, every hash follows from the one before, every seal verifies."""
    events = {row.id: row for row in t["audit"]}
    chained = collections.Counter(row.event_id for row in t["audit_chain"])
    for event in events:
        books.held(chained[event] == 1, "audit-unsealed", f"event {event} ({events[event].event}) is in the chain {chained[event]} times")
    hashes = {0: bytes(32)}
    for n, row in enumerate(t["audit_chain"], 1):
        if not books.held(int(row.seq) == n, "audit-chain", f"number {n} is missing"):
            return
        if not books.held(row.event_id in events, "audit-missing", f"event {row.event_id}, number {n}, is gone"):
            return
        hashes[n] = hashlib.sha256(hashes[n - 1] + octets_of(events[row.event_id])).digest()
        if not books.held(hashes[n].hex().upper() == row.hash, "audit-changed", f"event {row.event_id}, number {n}, or one before it"):
            return
    check_signatures(books, t, hashes)
    books.figures["events"] = len(events)
    books.figures["seals"] = len(t["audit_seal"])


def check_signatures(books, t, hashes):
    key = books.file("audit.pem", openssl("pkey", "-in", str(books.var / "secrets/audit"), "-pubout").stdout)
    last = 0
    for seal in t["audit_seal"]:
        name = f"seal of {seal.first_seq} to {seal.last_seq}"
        books.held(int(seal.first_seq) == last + 1, "audit-seal", f"{name}: the one before ends at {last}")
        books.held(bytes.fromhex(seal.before) == hashes.get(last) and bytes.fromhex(seal.hash) == hashes.get(int(seal.last_seq)),
                   "audit-seal", f"{name}: other hashes")
        signed = b"mailcert audit seal 1\0" + b"".join(int(n).to_bytes(8, "big") for n in (seal.first_seq, seal.last_seq, seal.at))
        signed += bytes.fromhex(seal.before) + bytes.fromhex(seal.hash)
        done = openssl("pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin", "-in", books.file("seal", signed),
                       "-sigfile", books.file("signature", bytes.fromhex(seal.signature)), good=False)
        books.held(done.returncode == 0, "audit-seal", f"{name}: its signature does not verify")
        last = int(seal.last_seq)
    books.held(last == max(hashes), "audit-unsealed", f"events {last + 1} to {max(hashes)} are under no seal")


def check_events(books, t):
    """What the tables hold happened, and left as many events as it must."""
    counts = collections.defaultdict(collections.Counter)
    for event in t["audit"]:
        counts[event.order_id][event.event] += 1
    boxes, certs = grouped(t["mailbox"], "order_id"), grouped(t["certificate"], "order_id")
    serials, mails = grouped(t["serial"], "order_id"), grouped(t["outbox"], "order_id")
    for order in t["orders"]:
        has = counts[order.id]
        want = {
            "order_added": 1,
            "email_confirmed + email_changed": len(boxes[order.id]),
            "mailbox_verified": sum(box.confirmed == "1" for box in boxes[order.id]),
            "value_rejected": sum(box.rejected == "1" for box in boxes[order.id]),
            "certificate_issued": len(certs[order.id]),
            "certificate_revoked": sum(cert.revoked == "1" for cert in certs[order.id]),
            "serial_abandoned": sum(serial.state == "abandoned" for serial in serials[order.id]),
            "order_cancelled": int(order.cancelled),
            "certificate_mailed + mail_accepted + notice_accepted": sum(mail.state == "sent" for mail in mails[order.id]),
        }
        for names, number in want.items():
            found = sum(has[name] for name in names.split(" + "))
            books.held(found == number, "audit-missing" if found < number else "audit-twice",
                       f"order {order.number}: {found} events {names}, {number} things done")
        submitted = has["activation_submitted"]
        books.held(submitted >= len(certs[order.id]), "audit-missing", f"order {order.number}: issued and never submitted")
        kinds = collections.Counter(mail.kind for mail in mails[order.id])
        books.held(kinds["certificate_issued"] == len(certs[order.id]), "mail-row",
                   f"order {order.number}: {kinds['certificate_issued']} mails for {len(certs[order.id])} certificates")
        books.held(kinds["verification"] >= len(boxes[order.id]), "mail-row",
                   f"order {order.number}: {kinds['verification']} mails for {len(boxes[order.id])} verifications")
        books.held(kinds["revoked"] == has["certificate_revoked"], "mail-row", f"order {order.number}: revoked and not told")
    for row in t["issuance"]:
        books.held(row.state != "waiting", "unfinished", f"issuance of order id {row.order_id} still waits ({row.last_code})")


STATUSES = ("mailbox_verified", "activation_submitted", "certificate_issued", "certificate_revoked", "order_cancelled")


def check_callbacks(books, t, journal):
    """Each change of an order whose partner wants to know made one callback, and each was taken at least once."""
    taken = collections.Counter(entry["id"] for entry in journal if entry["what"] == "told" and entry["step"] == "callback")
    rows = grouped(t["callback"], "order_id")
    counts = collections.defaultdict(collections.Counter)
    for event in t["audit"]:
        counts[event.order_id][event.event] += 1
    for order in t["orders"]:
        if order.callback is None:
            continue
        # A refused issuance takes the step back, which is a change as well.
        want = sum(counts[order.id][status] for status in STATUSES) + counts[order.id]["issuance_refused"]
        books.held(len(rows[order.id]) == want, "callback-row", f"order {order.number}: {len(rows[order.id])} callbacks for {want} changes")
    for row in t["callback"]:
        books.held(row.state == "done", "unfinished" if row.state == "waiting" else "callback-lost", f"callback {row.id} is {row.state}")
        books.held(row.state != "done" or taken[row.id] > 0, "callback-lost", f"callback {row.id} counts as done and never arrived")
    books.figures["callbacks"] = {"done": sum(row.state == "done" for row in t["callback"]),
                                  "repeated": sum(max(0, n - 1) for n in taken.values())}


# --- what people were told ---------------------------------------------------------------------------------------

def check_told(books, t, journal):
    """Nothing that was answered is lost, and nothing happened that nobody asked for."""
    by_number = {row.number: row for row in t["orders"]}
    boxes, certs = grouped(t["mailbox"], "order_id"), grouped(t["certificate"], "order_id")
    issuances = {row.order_id: row for row in t["issuance"]}
    kept = {row.order_id: row for row in t["activation"]}
    revoked = {(row.issuer_id, row.serial) for row in t["revocation"]}
    events = collections.defaultdict(lambda: collections.defaultdict(list))
    for event in t["audit"]:
        events[event.order_id][event.event].append(text_of(event.detail) or "")
    last_key, counts, refs = {}, collections.Counter(), {}
    for entry in journal:
        if entry["what"] != "told":
            continue
        step = entry["step"]
        counts[step] += 1
        if step in ("signed_in", "callback"):
            continue
        order = by_number.get(entry["order"])
        name = f"{step} of {entry['order']}"
        if not books.held(order is not None, "lost", f"{name}: no such order"):
            continue
        if step == "ordered":
            books.held(text_of(order.ref) == entry["ref"], "lost", f"{name}: under another reference")
            books.held(refs.setdefault(entry["ref"], entry["order"]) == entry["order"], "lost", f"{entry['ref']} made two orders")
        elif step in ("email_saved", "fields_saved", "method_saved", "cancelled"):
            event = "order_cancelled" if step == "cancelled" else step
            said = [d for d in events[order.id][event] if step != "email_saved" or d == entry["email"]]
            books.held(len(said) > 0, "lost", f"{name}: no such event")
            if step in ("fields_saved", "method_saved"):
                column = step.removesuffix("_saved")
                books.held(order.id in kept and getattr(kept[order.id], column) == "1", "lost", f"{name}: no such {column}")
        elif step == "email_confirmed":
            books.held(any(box.email == entry["email"] for box in boxes[order.id]), "lost", f"{name}: {entry['email']}")
        elif step in ("verified", "rejected"):
            books.held(any(box.email == entry["email"] and (box.confirmed if step == "verified" else box.rejected) == "1"
                           for box in boxes[order.id]), "lost", f"{name}: {entry['email']}")
        elif step in ("csr_saved", "submitted"):
            event = "csr_saved" if step == "csr_saved" else "activation_submitted"
            said = any(entry["spki"].upper() in d for d in events[order.id][event])
            books.held(said, "lost", f"{name}: no event with its key")
            last_key[order.id] = entry["spki"].upper()
            if step == "submitted":
                ended = order.id in issuances and issuances[order.id].state in ("done", "returned")
                books.held(ended, "lost", f"{name}: the issuance did not end")
        elif step == "certificate":
            books.held([cert.sha256 for cert in certs[order.id]] == [entry["sha256"].upper()], "lost",
                       f"{name}: the person has another certificate than the books")
        elif step == "revoked":
            books.held(len(certs[order.id]) == 1 and (certs[order.id][0].issuer_id, certs[order.id][0].serial) in revoked,
                       "lost", name)
        else:
            books.wrong("journal", f"unknown step {step}")
    for order, spki in last_key.items():
        for cert in certs[order]:
            books.held(cert.spki == spki, "lost", f"certificate of order id {order}: not for the key handed in last")
    signed_in = sum(event.event == "signed_in" for event in t["audit"])
    books.held(signed_in >= counts["signed_in"], "lost", f"{counts['signed_in']} sign-ins were told, {signed_in} are in the books")
    check_asked(books, t, journal)
    books.figures["told"] = dict(counts)


def check_asked(books, t, journal):
    """No mailbox confirmed, nothing issued, revoked or cancelled that nobody asked for."""
    asked = {(entry["step"], entry["order"]) for entry in journal if entry["what"] == "asked"}
    orders = t["by_id"]
    pairs = [("verified", row.order_id) for row in t["mailbox"] if row.confirmed == "1"]
    pairs += [("submitted", row.order_id) for row in t["certificate"]]
    pairs += [("revoked", row.order_id) for row in t["certificate"] if row.revoked == "1"]
    pairs += [("cancelled", row.id) for row in t["orders"] if row.cancelled == "1"]
    for step, order in pairs:
        books.held((step, orders[order].number) in asked, "unasked", f"{step} of {orders[order].number}: nobody asked for it")


def main():
    parser = argparse.ArgumentParser(description="Hold a stack's books against themselves and against what people were told.")
    parser.add_argument("--var", required=True)
    parser.add_argument("--journal")
    parser.add_argument("--my-cnf")
    options = parser.parse_args()
    books = Books(options)
    journal = []
    if options.journal:
        with open(options.journal, encoding="utf-8") as file:
            journal = [json.loads(line) for line in file]
    tables = read(books)
    books.figures["orders"] = len(tables["orders"])
    check_certificates(books, tables)
    check_serials(books, tables)
    check_crl(books, tables)
    check_mails(books, tables)
    check_seals(books, tables)
    check_events(books, tables)
    if journal:
        check_callbacks(books, tables, journal)
        check_told(books, tables, journal)
    print(json.dumps(books.figures))
    for line in books.violations:
        print(line)
    sys.exit(1 if books.violations else 0)


if __name__ == "__main__":
    main()
