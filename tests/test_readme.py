"""What the README shows works as it stands there."""

import re

import matplotlib as mpl
from support import ROOT


def test_the_python_of_the_readme_runs(capsys):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    scope: dict[str, object] = {}
    before = dict(mpl.rcParams)
    exec(compile("\n".join(blocks), "README.md", "exec"), scope)
    assert "R-hat" in capsys.readouterr().out
    assert scope["choice"].best.structure == "tied"
    assert scope["best"].status.name == "CONVERGED"
    assert dict(mpl.rcParams) == before


def test_every_link_of_the_readme_leads_somewhere():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    targets = re.findall(r"\]\(((?!https?:)[^)#]+)\)", text)
    assert targets
    assert [target for target in targets if not (ROOT / target).exists()] == []
