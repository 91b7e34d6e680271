"""pkilint_all.py - lint many files in one process: lines of "LINTER<tab>ARGUMENTS<tab>FILE" come in on standard input,
for each one line goes out: "FILE<tab>JSON of the findings". Needs pkilint."""
import contextlib
import importlib
import io
import json
import sys

for line in sys.stdin:
    linter, arguments, path = line.rstrip("\n").split("\t")
    main = importlib.import_module(f"pkilint.bin.{linter}").main
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        main(["lint", *arguments.split(), "-s", "WARNING", "-f", "JSON", path])
    try:
        results = json.loads(out.getvalue())["results"]
    except ValueError:
        results = [{"finding_descriptions": [{"severity": "FATAL", "code": err.getvalue() or "no answer"}]}]
    findings = [f for result in results for f in result["finding_descriptions"]]
    print(path, json.dumps(findings), sep="\t", flush=True)
