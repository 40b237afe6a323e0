"""The second judge, written from docs/kernel.md alone, finds what the kernel finds; so the specification says it all."""

import copy
import json
import random
from collections import Counter
from fractions import Fraction
from pathlib import Path

import pytest

import tacheck
from tacheck import library
from tacheck.kernel.check import check, dump, load

from . import second_judge
from .random_bounds import arithmetic, exponential, interval, points, script, value
from .test_kernel_script import NONSENSE

RECORDS = Path(__file__).parent / "certificates"
ROOT = Path(tacheck.__file__).parents[1]
DAMAGED, CLAIMS = 500, 16


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
    """Records of some claims of the library, and of their false twins, as a file would hold them."""
    claims, records = library.load(ROOT), []
    for name in sorted(claims)[::max(1, len(claims) // CLAIMS)]:
        true, twins = claims[name].statements()
        for statement in (true, *twins.values()):
            verdict = tacheck.decide(statement, 2, claims[name].form if statement is true else ())
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


LIES = ("bound_below_the_greatest_value", "bound_above_the_least_value", "bound_on_a_wider_box", "bound_other_coefficient")


def test_bounds_are_found_true_in_another_way():
    """The accepted bounds on exponential polynomials, by Taylor's formula and halving, without their cuts; the lies are not."""
    accepted = [second_judge.read(path.values[0]) for path in files("accepted")]
    cut = [record for record in accepted if (record["status"], record["certificate"]["by"]) == ("holds", "cuts")]
    assert len(cut) >= 2
    for record in cut: assert second_judge.surely_bounded(second_judge.load(record["statement"]))
    for name in LIES:
        record = second_judge.read(RECORDS / "rejected" / f"{name}.json")
        assert not second_judge.surely_bounded(second_judge.load(record["statement"]), deepest=20)


def test_random_bounds_are_judged_alike():
    """Ends that are met with much room, with little, and not; cells cut at random."""
    rng, found = random.Random("bounds"), Counter()
    for _ in range(150):
        term, (a, b) = exponential(rng), interval(rng)
        cuts = sorted({x for x in points(rng, a, b, rng.choice((0, 4, 20))) if a < x < b})
        around = [Fraction(str(value(term, {"x": x}))) for x in points(rng, a, b, 10)]
        room = (max(around) - min(around) + Fraction(1, 1000)) * rng.choice((Fraction(1, 100), 1, 9, -Fraction(1, 50)))
        ends = [str((end + sign * room).limit_denominator(10 ** 6)) for end, sign in ((min(around), -1), (max(around), 1))]
        statement = {"kind": "bound", "expr": term, "box": [["x", str(a), str(b)]], "lower": ends[0], "upper": ends[1]}
        certificate = {"by": "cuts", "cuts": [str(x) for x in cuts], "bits": 64}
        record = json.loads(json.dumps({"statement": statement, "certificate": certificate}))
        status = kernel(record)
        assert second(record) == status, json.dumps(record)
        if status == "holds" and rng.random() < 0.2:
            assert second_judge.surely_bounded(second_judge.load(record["statement"])), json.dumps(record)
        found[status] += 1
    assert min(found["holds"], found["undecided"]) > 30, found


def test_random_scripts_are_judged_alike():
    rng = random.Random("scripts")
    for _ in range(60):
        record = {"statement": {"kind": "decision", "script": script(rng)}, "certificate": {"by": "cases"}}
        assert second(record) == kernel(record), record
    for _ in range(200):
        values = {"x": f"{rng.randint(-6, 6)}/2", "y": f"{rng.randint(-6, 6)}/3", "k": str(rng.randint(-3, 3))}
        record = {"statement": {"kind": "decision", "script": arithmetic(rng)}, "certificate": {"by": "model", "values": values}}
        assert second(record) == kernel(record), record


@pytest.mark.parametrize("claim", NONSENSE)
def test_nonsense_in_a_script_is_judged_alike(claim):
    text = f"(declare-const p Bool)(declare-const q Bool)(declare-const x (_ BitVec 2))(assert {claim})"
    for certificate in ({"by": "cases"}, {"by": "model", "values": {"p": "true", "q": "true", "x": "1"}}):
        record = {"statement": {"kind": "decision", "script": text}, "certificate": certificate}
        assert second(record) == kernel(record) == "undecided"


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
         "nothing evaluation witness identity instance proved refuted inequality bound decision cuts tree point cases model "
         "sample solver #0 lower upper").split() + ["normal form", "positive form", "> 0", ">= 0", "= 0", "!= 0"]


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
