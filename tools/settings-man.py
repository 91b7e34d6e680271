#!/usr/bin/python3
"""settings-man.py - the settings as a section of a manual page: mailcertctl config list --csv | tools/settings-man.py"""
import csv
import sys


def roff(text):
    """Text that troff prints as it is."""
    return text.replace("\\", "\\e").replace("-", "\\-").replace("'", "\\(aq")


def bounds(row):
    """The type in words, with its bounds if it has any."""
    if row["type"] == "number":
        return f"number from {row['least']} to {row['most']}"
    return row["type"]


for row in csv.DictReader(sys.stdin):
    default = f"default \\fI{roff(row['default'])}\\fR" if row["default"] else "no default"
    print(f".TP\n.B {roff(row['name'])}\n{roff(row['what'])}\n({bounds(row)}; {default})")
