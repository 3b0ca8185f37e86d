"""Passes NDJSON files through a structural FHIR R4 validator that nobody here wrote.

An oracle for what `indexer generate` and `indexer import` write; it knows FHIR R4, not the ROR guide,
and does not look at codes or references. Not part of `make test`: it needs a package of its own.

    python3 -m venv /tmp/fhirkit && /tmp/fhirkit/bin/pip install fhirkit-rs==0.1.0
    indexer generate --offers 24000 --seed 42 --output /tmp/generated
    /tmp/fhirkit/bin/python tests/tools/fhirkit_check.py /tmp/generated/*.ndjson

Prints the number of documents and the findings by kind; exit code 1 when one is an error.
"""

import collections
import re
import sys

import fhirkit


def main(paths: list[str]) -> int:
    documents = 0
    findings = collections.Counter()
    for path in paths:
        with open(path, "rb") as lines:
            for line in lines:
                documents += 1
                for issue in fhirkit.validate(line):
                    place = re.sub(r"\[\d+\]", "", issue.path)
                    findings[issue.severity, place, issue.message] += 1
    errors = sum(count for (severity, *_), count in findings.items() if severity == "error")
    print(f"{documents} documents, {errors} errors, {sum(findings.values()) - errors} warnings")
    for (severity, place, message), count in findings.most_common(50):
        print(f"{count:8} {severity} at {place}: {message}")
    return 1 if errors or not documents else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
