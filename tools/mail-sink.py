#!/usr/bin/python3
"""mail-sink.py - a mail server for the demo and the tests that lets nothing out: it takes every mail over SMTP on
loopback and keeps it in a Maildir, newest messages only, so that it can not fill the disk.

Addresses whose local part begins with these words behave like troublesome mailboxes:
  bounce      refused for good (550)
  defer-once  refused for now (451) the first time, then taken
  defer       refused for now (451) every time
"""
import argparse
import asyncio
import email
import email.policy
import email.utils
import os
import pathlib
import re
import secrets
import shutil
import signal
import sys
import time

from aiosmtpd.smtp import SMTP

SIZE_MAX = 2 * 1024 * 1024  # bytes of one message
DEFERRED_MAX = 10000  # addresses remembered for defer-once
REPLY_TIMEOUT = 60  # seconds a client may stay silent


class Maildir:
    """A Maildir that keeps the newest `most` messages in new/ and cur/."""

    def __init__(self, path, most):
        self.path = pathlib.Path(path)
        self.most = most
        self.count = 0
        for name in ("tmp", "new", "cur"):
            (self.path / name).mkdir(parents=True, exist_ok=True)
        self.kept = sorted(entry.path for name in ("new", "cur") for entry in os.scandir(self.path / name))
        self.kept.sort(key=lambda path: os.path.basename(path))

    def deliver(self, content):
        """Store one message; when this returns it is on disk, whole, under its final name."""
        self.count += 1
        name = f"{time.time_ns():020d}.{os.getpid()}_{self.count}.sink"
        draft = self.path / "tmp" / name
        final = self.path / "new" / name
        with open(draft, "xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.rename(draft, final)
        self.kept.append(str(final))
        while len(self.kept) > self.most:
            pathlib.Path(self.kept.pop(0)).unlink(missing_ok=True)


class Viewer:
    """Leaves each mail once more as the demo's mail page reads it: <path>/<id>/message.hdf and its attachments."""

    def __init__(self, path, most):
        self.path = pathlib.Path(path)
        self.most = most
        self.path.mkdir(parents=True, exist_ok=True)
        self.kept = sorted(entry.name for entry in os.scandir(self.path) if not entry.name.startswith("."))

    @staticmethod
    def line(name, value):
        """One HDF value on one line."""
        plain = re.sub(r"[\x00-\x1f\x7f]+", " ", str(value or "")).strip()
        return f"Message.{name} = {plain}\n"

    @staticmethod
    def block(name, value):
        """One HDF value of several lines, ended by a word that nobody can guess."""
        end = f"END_{secrets.token_hex(8)}"
        return f"Message.{name} << {end}\n{value.rstrip()}\n{end}\n"

    def attachments(self, message, folder, ident):
        """Write the attachments beside message.hdf; their HDF."""
        hdf = ""
        for number, part in enumerate(message.iter_attachments()):
            name = re.sub(r"[^A-Za-z0-9._-]+", "_", part.get_filename() or f"part-{number}").lstrip(".") or "part"
            content = part.get_content()
            content = content.encode() if isinstance(content, str) else content
            (folder / name).write_bytes(content)
            hdf += self.line(f"attachment.{number}.name", name)
            hdf += self.line(f"attachment.{number}.href", f"/demo/mail/{ident}/{name}")
            hdf += self.line(f"attachment.{number}.size", len(content))
        return hdf

    def show(self, content):
        """Take one mail apart and leave it for the page, whole or not at all."""
        message = email.message_from_bytes(content, policy=email.policy.default)
        signed = message.get_content_type() == "multipart/signed"
        if signed:
            message = next(iter(message.iter_parts()))
            for header, value in email.message_from_bytes(content, policy=email.policy.default).items():
                if header not in message:
                    message[header] = value
        ident = f"{time.time_ns():020d}-{secrets.token_hex(4)}"
        draft = self.path / f".{ident}"
        draft.mkdir()
        body = message.get_body(preferencelist=("plain", "html"))
        text = body.get_content() if body is not None else ""
        hdf = self.line("at", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))
        hdf += "".join(self.line(name.lower(), message[name]) for name in ("From", "To", "Subject"))
        hdf += self.line("signed", "1") if signed else ""
        for number, link in enumerate(dict.fromkeys(re.findall(r"https?://[^\s<>\"]+", text))):
            hdf += self.line(f"link.{number}", link)
        hdf += self.attachments(message, draft, ident) + self.block("text", text)
        (draft / "message.hdf").write_text(hdf, encoding="utf-8")
        os.rename(draft, self.path / ident)
        self.kept.append(ident)
        while len(self.kept) > self.most:
            shutil.rmtree(self.path / self.kept.pop(0), ignore_errors=True)


class Handler:
    """What aiosmtpd asks while a mail comes in."""

    def __init__(self, maildir, viewer):
        self.maildir = maildir
        self.viewer = viewer
        self.deferred = set()

    async def handle_RCPT(self, server, session, envelope, address, options):
        local = address.rsplit("@", 1)[0].lower()
        if local.startswith("bounce"):
            return "550 5.1.1 No such mailbox here"
        if local.startswith("defer-once"):
            if address not in self.deferred:
                if len(self.deferred) < DEFERRED_MAX:
                    self.deferred.add(address)
                return "451 4.2.1 Mailbox busy, try once more"
        elif local.startswith("defer"):
            return "451 4.2.1 Mailbox busy, try later"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        head = f"Return-Path: <{envelope.mail_from or ''}>\r\n"
        head += "".join(f"Delivered-To: {address}\r\n" for address in envelope.rcpt_tos)
        try:
            self.maildir.deliver(head.encode("utf-8", "replace") + envelope.content)
        except OSError as error:
            print(f"mail-sink: {error}", file=sys.stderr, flush=True)
            return "452 4.3.1 No room"
        if self.viewer is not None:
            try:
                self.viewer.show(envelope.content)
            except (OSError, ValueError, LookupError, StopIteration) as error:
                print(f"mail-sink: not shown: {error}", file=sys.stderr, flush=True)
        return "250 2.0.0 Kept"


async def serve(host, port, maildir, viewer):
    """Serve until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    handler = Handler(maildir, viewer)
    server = await loop.create_server(
        lambda: SMTP(handler, hostname="mail-sink.invalid", ident="mailcert demo", data_size_limit=SIZE_MAX,
                     enable_SMTPUTF8=False, timeout=REPLY_TIMEOUT, loop=loop),
        host, port)
    async with server:
        await stopped.wait()


def main():
    parser = argparse.ArgumentParser(description="Take every mail over SMTP and keep it in a Maildir.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--maildir", required=True)
    parser.add_argument("--view", help="folder for the demo's mail page; none: not kept twice")
    parser.add_argument("--keep", type=int, default=5000, help="messages kept; older ones are deleted")
    options = parser.parse_args()
    viewer = Viewer(options.view, min(options.keep, 500)) if options.view else None
    asyncio.run(serve(options.host, options.port, Maildir(options.maildir, options.keep), viewer))


if __name__ == "__main__":
    main()
