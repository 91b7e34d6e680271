#!/usr/bin/env python3
"""Read a letter as a mail program would, with Python's own MIME library, and print what it says, one fact a line.
test_letter.c compares the lines. Any defect the library notices is printed too."""
import hashlib
import sys
from email import policy
from email.parser import BytesParser

raw = open(sys.argv[1], "rb").read()
message = BytesParser(policy=policy.SMTP).parsebytes(raw)
for name in ("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language",
             "X-Mailcert-Order", "MIME-Version"):
    values = message.get_all(name, [])
    print(f"{name}: " + " | ".join(str(value) for value in values))
print("headers:", len(message.keys()))
for part in message.walk():
    defects = " ".join(type(defect).__name__ for defect in part.defects)
    for value in part.values():
        defects += "".join(" " + type(d).__name__ for d in getattr(value, "defects", ()))
    line = f"part {part.get_content_type()}"
    if part.get_filename():
        line += f" file={part.get_filename()}"
    if not part.is_multipart():
        body = part.get_payload(decode=True)
        line += f" charset={part.get_content_charset()} sha256={hashlib.sha256(body).hexdigest()[:16]}"
    print(line + (" DEFECTS " + defects.strip() if defects.strip() else ""))
