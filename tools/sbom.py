#!/usr/bin/python3
"""sbom.py - the bill of materials of a build, CycloneDX 1.5 in JSON: tools/sbom.py [-lNAME]... PROGRAM...

What the programs load is asked of the dynamic loader and the package manager, so it is what is really there, with the
versions of this machine; a library named by -l that the linker finds as an archive alone is inside the programs. What
browsers load is asked of nginx/package-lock.json, which is what the scripts are bundled from. No time stands in it: the
same parts give the same file. Not in it: servers beside the programs (tools/debian/control), and what an operator has the
signer load, OpenSSL's engine and the token's module.
"""
import argparse
import base64
import functools
import json
import os
import re
import subprocess
import sys
import uuid
from urllib.parse import quote

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def said(*command):
    """The lines a command prints; it must succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode != 0:
        sys.exit(f"sbom: {' '.join(command)}: {done.stderr.strip()}")
    return done.stdout.splitlines()


def os_release():
    with open("/etc/os-release", encoding="utf-8") as file:
        return dict(line.strip().replace('"', "").split("=", 1) for line in file if "=" in line)


def packages_of(files):
    """The package that brought each file. What lies below /usr/lib may be known by its older name below /lib."""
    names = {}
    for file in files:
        real = os.path.realpath(file)
        names.update(dict.fromkeys((real, re.sub("^/usr", "", real), "/usr" + real), file))
    # It fails for the names that are unknown, and prints the others. One question for all: each reads every list of files.
    found = subprocess.run(["dpkg-query", "-S", *names], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    owners = {names[path]: packages.split(",")[0] for packages, _, path in
              (line.partition(": ") for line in found.stdout.splitlines()) if path in names}
    if unknown := [file for file in files if file not in owners]:
        sys.exit(f"sbom: {unknown[0]} is of no package")
    return owners


@functools.cache
def debian(package):
    """A package as a component."""
    form = "${Package}\\t${Version}\\t${Architecture}\\t${source:Package}"
    name, version, arch, source = said("dpkg-query", "-W", "-f", form, package)[0].split("\t")
    distro = os_release()
    purl = f"pkg:deb/{distro['ID']}/{quote(name, safe='')}@{quote(version, safe=':~.-')}?arch={arch}" \
           f"&distro={distro['ID']}-{distro['VERSION_ID']}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl,
            "properties": [{"name": "debian:source", "value": source}]}


def loaded(program):
    """The files a program loads, its own and those of its libraries."""
    return [line.split(" => ")[1].split(" (")[0] for line in said("ldd", program) if " => /" in line]


def needed(file):
    """The names of the libraries that a program or a library asks for itself."""
    return [m.group(1) for line in said("readelf", "-dW", file) if (m := re.search(r"\(NEEDED\).*\[(.*)\]", line))]


def archives(names):
    """Of the libraries named as for a linker, the files of those that are archives alone."""
    for name in names:
        shared, archive = (said("gcc", f"-print-file-name=lib{name}.{end}")[0] for end in ("so", "a"))
        if "/" not in shared and "/" in archive:
            yield archive


def npm_components():
    """What the scripts for browsers are bundled from."""
    with open(os.path.join(TOP, "nginx/package-lock.json"), encoding="utf-8") as file:
        packages = json.load(file)["packages"]
    for path, package in sorted(packages.items()):
        if path == "" or package.get("dev"):
            continue
        name = path.split("node_modules/")[-1]
        purl = f"pkg:npm/{quote(name, safe='/')}@{quote(package['version'], safe='')}"
        algorithm, _, digest = package["integrity"].partition("-")
        yield {"type": "library", "bom-ref": purl, "name": name, "version": package["version"], "purl": purl,
               "hashes": [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": base64.b64decode(digest).hex()}],
               "licenses": [{"expression": package["license"].strip("()")}]}


def bill(programs, names):
    """The whole document."""
    changelog = next(filter(os.path.exists, (os.path.join(TOP, path, "changelog") for path in ("tools/debian", "debian"))))
    with open(changelog, encoding="utf-8") as file:
        version = re.search(r"\((.*?)\)", file.readline()).group(1)
    built_in = list(archives(names))
    files = {program: {os.path.basename(file): file for file in loaded(program)} for program in programs}
    owners = packages_of({*built_in, *(file for of in files.values() for file in of.values())})
    parts_of = {file: debian(package) for file, package in owners.items()}
    components = {part["bom-ref"]: part for part in parts_of.values()}
    inside = {parts_of[file]["bom-ref"] for file in built_in}
    depends = {os.path.basename(program): {parts_of[of[name]]["bom-ref"] for name in needed(program) if name in of}
               for program, of in files.items()}
    browser = {component["bom-ref"]: component for component in npm_components()}
    components.update(browser)
    parts = [{"type": "application", "bom-ref": name, "name": name, "version": version} for name in sorted(depends)]
    parts.append({"type": "application", "bom-ref": "browser-scripts", "name": "browser-scripts", "version": version})
    links = [{"ref": "mailcert", "dependsOn": sorted([*depends, "browser-scripts", *inside])},
             {"ref": "browser-scripts", "dependsOn": sorted(browser)}]
    links += [{"ref": name, "dependsOn": sorted(refs)} for name, refs in sorted(depends.items())]
    document = {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
                "metadata": {"component": {"type": "application", "bom-ref": "mailcert", "name": "mailcert", "version": version}},
                "components": parts + [components[ref] for ref in sorted(components)], "dependencies": links}
    number = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(document, sort_keys=True))
    return {"$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json", "serialNumber": f"urn:uuid:{number}", **document}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("-l", action="append", default=[], metavar="NAME", dest="names", help="a library as named for the linker")
    parser.add_argument("programs", nargs="+", metavar="PROGRAM")
    chosen = parser.parse_args()
    print(json.dumps(bill(chosen.programs, chosen.names), indent=1))


main()
