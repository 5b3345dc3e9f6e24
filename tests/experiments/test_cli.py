"""The command line: exit statuses, one line for bad input, nothing written by a run that did not finish."""

import importlib.metadata
import re
import shlex
import signal
import subprocess
import sys
import types
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import em
import experiments
from experiments import cli
from experiments.engine import publishing, running
from experiments.engine.experiment import Budget, Case, Experiment, Task
from experiments.own_data.errors import InputError
from experiments.own_data.tables import NumericTable
from experiments.reporting import rendering, writing
from experiments.reporting.report import Answer, Claim, Report, Section

BUDGET = Budget(draws=1, tune=1, chains=1, n_starts=1)


def claimed(ours: float) -> tuple[Claim, ...]:
    return (Claim("one [bold]is[/bold] one", "arithmetic", 1.0, ours, 0.1),)


def report(name: str, ours: float = 1.0) -> Report:
    sections = (Section("S", ("text",)),)
    return Report(name, name.title(), "Is it so?", "It is [red]so.", sections, claims=claimed(ours))


def experiment(name: str, ours: float = 1.0) -> Experiment[float]:
    return Experiment(
        name=name,
        title=name.title(),
        question="Is it so?",
        summary="It is.",
        tags=("em",) if name == "alpha" else ("posterior",),
        expect="Yes.",
        limits="No.",
        quick=BUDGET,
        full=BUDGET,
        cases=lambda _: (Case("one"),),
        run=lambda _: ours,
        answer=lambda results: Answer("It is [red]so.", (Section("S", ("text",)),), claimed(results["one"])),
    )


def interrupted(_task: Task) -> float:
    """A sampler that hides Ctrl-C."""
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return 1.0
    return 1.0


PAGES = {"README.md", "index.html", "glossary.md", "glossary.html"}


@pytest.fixture(autouse=True)
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """A registry and a comparison that cost nothing; returns what the comparison was asked."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data.csv").write_text("a,b,word\n1,2,x\n3,5,y\n4,4,z\n")
    asked: list[dict[str, Any]] = []

    def compare_table(table: NumericTable, **settings: Any) -> Report:
        asked.append({"table": table, **settings})
        if settings["seed"] == 666:
            raise InputError("the prior file has no [means]")
        if settings["seed"] == 667:
            raise ZeroDivisionError
        return report("anything")

    known = (experiment("alpha"), experiment("beta", ours=2.0), replace(experiment("gamma"), run=interrupted))
    registry = types.ModuleType("experiments.registry")
    comparison = types.ModuleType("experiments.own_data.compare")
    vars(registry)["EXPERIMENTS"] = known
    vars(registry)["contents"] = lambda: [("Part", [each.name for each in known])]
    vars(comparison)["compare_table"] = compare_table
    monkeypatch.setitem(sys.modules, "experiments.registry", registry)
    monkeypatch.setitem(sys.modules, "experiments.own_data.compare", comparison)
    return asked


def test_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["list"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "alpha  Is it so?"
    assert cli.main(["list", "--tag", "posterior"]) == 0
    assert capsys.readouterr().out.splitlines() == ["beta   Is it so?", "gamma  Is it so?"]


def test_run_writes_reports_and_the_index(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "alpha", "--quick", "--seed", "3"]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        str(Path("reports", "alpha", "report.html")),
        "It is [red]so.",
        "pass one [bold]is[/bold] one: 1 (published 1)",
    ]
    assert err == ""
    assert (tmp_path / "reports" / "alpha" / "report.md").is_file()
    assert "alpha/report.md" in (tmp_path / "reports" / "README.md").read_text()


def test_index_writes_the_pages_above_the_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["index"]) == 2
    assert "there is no folder reports: run an experiment first" in capsys.readouterr().err
    assert cli.main(["run", "alpha"]) == 0
    for name in PAGES:
        (tmp_path / "reports" / name).unlink()
    (tmp_path / "MINE.md").write_text("<!-- questions --><!-- end of questions -->\n")
    assert cli.main(["index", "--readme", "MINE.md"]) == 0
    assert {path.name for path in (tmp_path / "reports").iterdir()} == {"alpha", ".results"} | PAGES
    assert "[Is it so?](reports/alpha/report.md)" in (tmp_path / "MINE.md").read_text()
    (tmp_path / "MINE.md").write_text("no marks\n")
    assert cli.main(["index", "--readme", "MINE.md"]) == 2
    assert (tmp_path / "MINE.md").read_text() == "no marks\n"


def test_a_failed_claim_is_status_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "beta", "alpha", "--output", "out"]) == 1
    assert "FAIL one" in capsys.readouterr().out
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"alpha", "beta", ".results"} | PAGES


def test_tags_choose_experiments_and_add_to_names(tmp_path: Path) -> None:
    assert cli.main(["run", "--tag", "em", "--output", "one"]) == 0
    assert cli.main(["run", "beta", "--tag", "em", "--output", "two"]) == 1
    assert {path.name for path in (tmp_path / "one").iterdir()} == {"alpha", ".results"} | PAGES
    assert {path.name for path in (tmp_path / "two").iterdir()} == {"alpha", "beta", ".results"} | PAGES


def test_an_interrupt_is_never_taken_for_a_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["run", "gamma"]) == 130
    assert not (tmp_path / "reports" / "gamma").exists()
    assert list((tmp_path / "reports" / ".results" / "gamma").iterdir()) == []
    assert "interrupted" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize("moment", ["while it is written", "as it takes its place", "when it is announced"])
def test_ctrl_c_around_the_writing_tells_the_truth(
    moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["run", "alpha"]) == 0
    page = tmp_path / "reports" / "alpha" / "results.json"
    old = page.stat().st_ino
    module, name = {
        "while it is written": (rendering, "html_page"),
        "as it takes its place": (writing, "_swap"),
        "when it is announced": (publishing, "_announce"),
    }[moment]
    before = signal.getsignal(signal.SIGINT)
    real = getattr(module, name)

    def pressed(*arguments: Any) -> Any:
        signal.raise_signal(signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(module, name, pressed)
    capsys.readouterr()
    status = cli.main(["run", "alpha"])
    written = page.stat().st_ino != old
    told = capsys.readouterr()
    assert written is (moment != "while it is written")
    assert status == (0 if written else 130)
    assert ("report.html" in told.out) is written
    assert ("interrupted" in told.err) is not written
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run"], "name an experiment or say --all; there are alpha, beta, gamma"),
        (["run", "alfa"], "there is no experiment 'alfa'; did you mean alpha? there are alpha, beta, gamma"),
        (["run", "alpha", "--seed", "-1"], "--seed"),
        (["run", "--tag", "emm"], "there is no tag 'emm'; did you mean em? there are em, posterior"),
        (["run", "alpha", "--jobs", "0"], "--jobs"),
        (["run", "alpha", "--posteriordb", "data.csv"], "is no clone of posteriordb"),
        (["draw"], "name an experiment or say --all; there are alpha, beta, gamma"),
        (["draw", "alpha"], "1 of 1 results are not there (the first is of case 'one'). To compute them: python -m"),
        (["dance"], "dance"),
        (["index"], "there is no folder reports: run an experiment first"),
        (["index", "--output", "."], "no report of an experiment stands in .: run one first"),
        (["compare"], "DATA.csv"),
        (["compare", "nothing.csv"], "there is no file nothing.csv"),
        (["compare", "data.csv", "--columns", "a,c"], "data.csv has no column 'c'; "),
        (["compare", "data.csv", "--columns", ","], "no column was named"),
        (["compare", "data.csv", "--columns", "word"], "column 'word': line 2 holds 'x', which is not a number"),
        (["compare", "data.csv", "--components", "4"], "4 components cannot be fitted to 3 points"),
        (["compare", "data.csv", "--components", "0"], "n_components must be at least 1, not 0"),
        (["compare", "data.csv", "--components", "2-1"], "--components '2-1' is no number of components"),
        (["compare", "data.csv", "--structures", ","], "no covariance structure was named"),
        (["compare", "data.csv", "--describe", "no.toml"], "there is no description file no.toml"),
        (["compare", "data.csv", "--structure", "round"], "unknown covariance structure 'round'; known are: full"),
        (["compare", "data.csv", "--prior", "no.toml"], "there is no prior file no.toml"),
        (["compare", "data.csv", "--draws", "0"], "--draws"),
        (["compare", "data.csv", "--output", "data.csv"], "cannot write to"),
        (["compare", "data.csv", "--seed", "666"], "the prior file has no [means]"),
    ],
)
def test_bad_input_is_one_line_and_nothing_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert cli.main(arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    [line] = [line for line in err.splitlines() if not line.startswith("note: ")]
    assert line.startswith("error: ")
    assert message in line
    assert not list(tmp_path.rglob("report.*"))


def test_what_is_left_out_or_replaced_is_told_wherever_it_is_read(
    world: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["compare", "data.csv"]) == 0
    assert "note: Column 'word' was left out" in capsys.readouterr().err
    assert cli.main(["compare", "data.csv"]) == 0
    assert "will be replaced" in capsys.readouterr().err
    assert len(world) == 2


def test_an_unreachable_cluster_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(em, "connect", partial(em.connect, timeout=0.5))
    assert cli.main(["run", "alpha", "--cluster", "tcp://127.0.0.1:1"]) == 2
    assert "no Dask scheduler answered at 'tcp://127.0.0.1:1'" in capsys.readouterr().err


def test_a_folder_of_other_things_is_refused_before_the_work(
    tmp_path: Path, world: list[dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "reports" / "compare_data").mkdir(parents=True)
    (tmp_path / "reports" / "compare_data" / "thesis.tex").write_text("precious")
    assert cli.main(["compare", "data.csv"]) == 2
    assert "left as it is" in capsys.readouterr().err
    assert world == []


def test_bugs_keep_their_traceback() -> None:
    with pytest.raises(ZeroDivisionError):
        cli.main(["compare", "data.csv", "--seed", "667"])


def test_compare_hands_over_what_was_asked(tmp_path: Path, world: list[dict[str, Any]]) -> None:
    arguments = [
        "--columns",
        "b,a",
        "--components",
        "3",
        "--structure",
        "diag",
        "--draws",
        "50",
        "--seed",
        "5",
        "--quick",
    ]
    assert cli.main(["compare", "data.csv", *arguments]) == 0
    asked = world[0]
    assert asked["table"].columns == ("b", "a")
    assert asked["budget"] == replace(cli.COMPARE_QUICK, draws=50)
    assert {"n_components": (3,), "structures": ("diag",), "seed": 5, "prior_file": None}.items() <= asked.items()
    assert (tmp_path / "reports" / "compare_data" / "results.json").is_file()
    assert not (tmp_path / "reports" / "README.md").exists()


def test_compare_hands_over_several_models_in_the_units_asked_for(tmp_path: Path, world: list[dict[str, Any]]) -> None:
    (tmp_path / "said.toml").write_text('title = "Mine"\n[columns.b]\nunit = "m"\ndivisor = 10\n')
    arguments = ["--components", "1-2,3", "--structures", "full,diag", "--describe", "said.toml", "--quick"]
    assert cli.main(["compare", "data.csv", *arguments]) == 0
    asked = world[0]
    assert (asked["n_components"], asked["structures"]) == ((1, 2, 3), ("full", "diag"))
    assert (asked["table"].title, asked["table"].labels) == ("Mine", ("a", "b (m)"))
    assert asked["table"].points[:, 1].tolist() == [0.2, 0.5, 0.4]


def test_a_report_says_how_to_make_it_again(tmp_path: Path, world: list[dict[str, Any]]) -> None:
    assert (
        cli.main(["compare", "data.csv", "--columns", '"a", b', "--components", "1-2", "--quick", "--seed", "4"]) == 0
    )
    text = (tmp_path / "reports" / "compare_data" / "report.md").read_text()
    again = re.search("To make it again: `(.*)`", text)
    assert again is not None
    words = shlex.split(again[1])
    assert words[:5] == ["python", "-m", "experiments", "compare", "data.csv"]
    assert cli.main(words[3:] + ["--output", "again"]) == 0
    assert world[0].keys() == world[1].keys()
    assert all(world[0][key] == world[1][key] for key in ("n_components", "structures", "budget", "seed"))
    assert world[0]["table"].columns == world[1]["table"].columns
    (tmp_path / "`x`.csv").write_text("a,b\n1,2\n3,5\n4,4\n")
    assert cli.main(["compare", "`x`.csv"]) == 0
    [odd] = (tmp_path / "reports").glob("compare_x_*")
    assert "make it again" not in (odd / "report.md").read_text()


def test_column_names_with_commas_go_in_quotes(tmp_path: Path, world: list[dict[str, Any]]) -> None:
    (tmp_path / "data.csv").write_text('"a, b",c\n1,2\n3,5\n4,4\n')
    assert cli.main(["compare", "data.csv", "--columns", '"a, b", c']) == 0
    assert world[0]["table"].columns == ("a, b", "c")


@pytest.mark.parametrize("command", [[], ["run"], ["draw"], ["compare"], ["list"]])
def test_help_teaches(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert "Usage" in text
    assert "python -m experiments" in text


def test_a_script_runs_its_own_experiment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [str(Path(cli.__file__).parent), *sys.path])
    monkeypatch.setattr(sys, "argv", ["alpha.py", "--quick", "--output", "here"])
    with pytest.raises(SystemExit) as ended:
        running.run_as_script(experiment("alpha"))
    assert ended.value.code == 0
    assert (tmp_path / "here" / "alpha" / "report.html").is_file()
    assert str(Path(cli.__file__).parent) not in sys.path


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from experiments.cli import main; main(['--help']);"
        "print(sorted({'numpy', 'pandas', 'pymc', 'matplotlib', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_no_module_shadows_a_library_when_a_script_is_run() -> None:
    folder = Path(experiments.__path__[0])
    ours = {path.stem for path in folder.iterdir() if not path.stem.startswith(("_", "."))}
    ours = {name for name in ours if (folder / f"{name}.py").exists() or (folder / name / "__init__.py").exists()}
    taken = set(sys.stdlib_module_names) | set(importlib.metadata.packages_distributions())
    assert not ours & taken
