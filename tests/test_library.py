"""Loading the claims of a project: again gives the same, and what was there before is kept apart."""
from pathlib import Path

from tacheck import decide, library

ROOT = Path(__file__).parents[1]


def test_loading_twice_gives_the_same_claims() -> None:
    first, second = library.load(ROOT), library.load(ROOT)
    assert list(first) == list(second) != []
    assert first["gradient.dX[2]"].statements() == second["gradient.dX[2]"].statements()


def test_a_claim_of_an_earlier_load_still_states_its_statement() -> None:
    claim = library.load(ROOT)["kronecker.mixed_product"]
    library.load(ROOT)
    assert decide(claim.statements()[0]).status.value == "holds"


def test_the_root_is_the_nearest_project_upwards(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.tacheck]\n")
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'other'\n")
    assert library.root(tmp_path / "a" / "b") == tmp_path.resolve()
