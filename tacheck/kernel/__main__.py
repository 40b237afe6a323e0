"""python -m tacheck.kernel FILE...: judge recorded statements and certificates again, with the standard library alone.

Exit code 0 iff the recorded status of every file is found again and at least one file was checked; 2 for no files or
an unreadable one.
"""
import json
import sys

from .check import check, load


def main(paths: list[str]) -> int:
    if not paths:
        print("kernel: no file to check; give the files of a build/ folder", file=sys.stderr)
        return 2
    checked = wrong = unreadable = 0
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file: record = json.load(file)
            claim, recorded, certificate = " ".join(record["claim"].split()), record["status"], record["certificate"]
            claim.encode()                                           # half a surrogate pair cannot be printed
            if recorded in ("trusted", "observed"):
                print(f"not re-checked  {claim}  ({recorded})")
                continue
            verdict = check(load(record["statement"]), certificate)
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as bad:
            unreadable += 1
            print(f"unreadable  {path}: {type(bad).__name__}: {bad}", file=sys.stderr)
            continue
        checked, other = checked + 1, "" if verdict.status.value == recorded else f"  !! recorded as {recorded}"
        wrong += bool(other)
        print(f"{verdict.status.value:9}  {claim}  {verdict.why[:160]}{other}")
    print(f"{checked} checked, {wrong} with another status, {unreadable} unreadable")
    return 2 if unreadable else 1 if wrong or not checked else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
