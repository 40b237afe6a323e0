"""The rows of a verification as JUnit XML and as SARIF, for the tools that CI services read."""
import json
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

from .. import __version__
from ..claims import Claim
from ..judging import Row, failures


def junit(rows: Sequence[Row]) -> str:
    """One test case per claim: refuted is a failure, undecided an error."""
    failed = sum(r.exit == 1 for r in rows)
    suite = ElementTree.Element("testsuite", name="tacheck", tests=str(len(rows)), failures=str(failed),
                                errors=str(sum(r.exit > 1 for r in rows)), time=f"{sum(r.seconds for r in rows):.3f}")
    for r in rows:
        file, _, name = r.id.partition(".")
        case = ElementTree.SubElement(suite, "testcase", classname=file, name=name, time=f"{r.seconds:.3f}")
        if r.exit:
            problem = ElementTree.SubElement(case, "failure" if r.exit == 1 else "error", message=failures(r)[0])
            problem.text = "\n".join(failures(r))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def sarif(rows: Sequence[Row], claims: Sequence[Claim], root: Path) -> str:
    """SARIF 2.1.0: one result per claim that did not reach its status, at the line where it is stated."""
    results = []
    for row, claim in zip(rows, claims, strict=True):
        file, _, number = claim.where.rpartition(":")
        path = Path(file)
        uri = path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()
        for text in failures(row):
            place = {"artifactLocation": {"uri": uri}, "region": {"startLine": int(number)}}
            results.append({"ruleId": row.id, "level": "error" if row.exit == 1 else "warning", "message": {"text": text},
                            "locations": [{"physicalLocation": place}]})
    rules = [{"id": c.id, "shortDescription": {"text": c.says.splitlines()[0]}} for c in claims]
    driver = {"name": "tacheck", "version": __version__, "rules": rules}
    return json.dumps({"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
                       "runs": [{"tool": {"driver": driver}, "results": results}]}, indent=1) + "\n"
