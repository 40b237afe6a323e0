"""The second judge, written from docs/kernel.md alone, finds what the kernel finds; so the specification says it all."""

import copy
import json
import random
from collections import Counter
from pathlib import Path

import pytest

import tacheck
from tacheck import library
from tacheck.kernel.check import check, dump, load

from . import second_judge

RECORDS = Path(__file__).parent / "certificates"
ROOT = Path(tacheck.__file__).parents[1]
DAMAGED = 300


def files(folder):
    return [pytest.param(path, id=path.stem) for path in sorted((RECORDS / folder).glob("*.json"))]


def kernel(record):
    try:
        statement = load(record["statement"])
    except ValueError:
        return "unreadable"
    return check(statement, record["certificate"]).status.value


def second(record):
    try:
        return second_judge.judge(record)
    except ValueError:
        return "unreadable"


@pytest.fixture(scope="module")
def proved():
    """Records of every 12th claim of the library, and of its false twins, as a file would hold them."""
    claims, records = library.load(ROOT), []
    for name in sorted(claims)[::12]:
        true, twins = claims[name].statements()
        for statement in (true, *twins.values()):
            verdict = tacheck.decide(statement)
            record = {"claim": name, "status": verdict.status.value, "statement": dump(statement),
                      "certificate": verdict.certificate}
            records.append(json.loads(json.dumps(record)))
    return records


@pytest.mark.parametrize("path", files("accepted"))
def test_an_accepted_record_has_the_status_it_carries(path):
    record = second_judge.read(path)
    assert second_judge.judge(record) == record["status"]


@pytest.mark.parametrize("path", files("rejected"))
def test_a_rejected_record_has_not_the_status_it_carries(path):
    record = second_judge.read(path)
    assert second_judge.judge(record) != record["status"]
    assert second_judge.judge(record) == kernel(record)


@pytest.mark.parametrize("path", files("unreadable"))
def test_what_is_no_record_cannot_be_read(path):
    with pytest.raises(ValueError):
        second_judge.read(path)


def test_the_library_is_judged_alike(proved):
    assert {record["status"] for record in proved} >= {"holds", "refuted"}
    for record in proved:
        assert second_judge.judge(record) == record["status"], record["claim"]


def test_the_command_line_tells_by_its_exit_code(tmp_path, capsys):
    def exit_code(*names):
        return second_judge.main([str(RECORDS / name) for name in names])

    assert exit_code("accepted/softmax_jacobian.json", "accepted/instance_refuted.json") == 0
    assert exit_code("accepted/softmax_jacobian.json", "rejected/flipped_sign.json") == 1
    assert exit_code("accepted/softmax_jacobian.json", "unreadable/not_json.json") == 2
    assert exit_code() == 2
    observed = tmp_path / "observed.json"
    observed.write_text('{"claim": "x", "status": "observed", "statement": null, "certificate": null}')
    assert exit_code(observed) == 1
    assert len(capsys.readouterr().out.splitlines()) == 7


def test_damaged_records_are_judged_as_the_kernel_judges_them(proved):
    rng, found = random.Random(2024), Counter()
    records = proved + 3 * [second_judge.read(path.values[0]) for path in files("accepted")]
    for _ in range(DAMAGED):
        record = damaged(rng.choice(records), rng)
        status = kernel(record)
        assert second(record) == status, json.dumps(record)
        found[status] += 1
    assert min(found[status] for status in ("holds", "refuted", "undecided", "unreadable")) >= DAMAGED // 50, found


# How a record is damaged: one value, at a random place of the statement or the certificate, is replaced by another.

WORDS = ("add mul pow exp log sum diff at num size delta 0 1 -1 2 1/2 -1/2 3/2 -2 2/4 -4/2 00 1/0 257 i:n j:n x s x[0] s[] "
         "nothing evaluation witness identity instance proved refuted").split() + ["normal form", "> 0", ">= 0", "= 0", "!= 0"]


def places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from places(part, (*path, key))


def part(value, path):
    for key in path:
        value = value[key]
    return value


def damaged(record, rng):
    record = copy.deepcopy(record)
    whole = rng.choice(["statement", "certificate"])
    paths = list(places(record[whole]))
    path = rng.choice(paths)
    values = [part(record[whole], other) for other in paths]
    part(record, (whole, *path)[:-1])[(whole, *path)[-1]] = other_value(part(record[whole], path), values, rng)
    return record


def other_value(value, values, rng):
    alike = [copy.deepcopy(other) for other in values if type(other) is type(value)]
    choices = [rng.choice(alike), rng.choice(alike), rng.choice([None, True, 0.5, 1, "x", [], {}])]
    if isinstance(value, int):
        choices += [value + 1, value - 1, -value, 0, 8, rng.randrange(30), float(value), bool(value), str(value)]
    if isinstance(value, str):
        cut = rng.randrange(len(value) + 1)
        choices += [rng.choice(WORDS), rng.choice(WORDS), value[:cut] + value[cut + 1:],
                    value[:cut] + rng.choice("019abX:[],/-_ ~#\n") + value[cut:]]
    if isinstance(value, list) and value:
        one, two = rng.randrange(len(value)), rng.randrange(len(value))
        swapped = list(value)
        swapped[one], swapped[two] = swapped[two], swapped[one]
        choices += [value[:one] + value[one + 1:], value[:one] + value[one:one + 1] + value[one:], swapped, swapped]
    if isinstance(value, dict) and value:
        lost = rng.choice(list(value))
        choices += [{key: value[key] for key in value if key != lost}, value | {"more": 1}, list(map(list, value.items()))]
    return rng.choice(choices)
