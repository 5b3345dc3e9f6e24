"""Every registered experiment can be run, kept and found again: what its declaration owes the engine."""

import dataclasses
import json
import sys
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest

from experiments.data.datasets import names
from experiments.engine.codec import Codec, type_name
from experiments.engine.common_types import COMMON
from experiments.engine.experiment import Case, Experiment
from experiments.engine.forms import FORMS
from experiments.engine.identity import Belonging, Identity
from experiments.registry import EXPERIMENTS

KNOWN = {*COMMON, *(form.type for form in FORMS)}

each_experiment = pytest.mark.parametrize("experiment", EXPERIMENTS, ids=[known.name for known in EXPERIMENTS])


def made_of(annotation: Any) -> Iterator[type]:
    """The dataclasses and enums that an annotation names, those of their fields included."""
    if isinstance(annotation, typing.TypeAliasType):
        annotation = annotation.__value__
    arguments = typing.get_args(annotation)
    if arguments:
        for inner in arguments:
            yield from made_of(inner)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield annotation
    elif isinstance(annotation, type) and dataclasses.is_dataclass(annotation):
        yield annotation
        if type_name(annotation) not in KNOWN:
            for hint in hints(annotation).values():
                yield from made_of(hint)


def hints(of: Any) -> dict[str, Any]:
    """Its annotations; names that only type checkers import are left unresolved."""
    scope = vars(sys.modules[of.__module__])
    missing = types.SimpleNamespace()
    while True:
        try:
            return typing.get_type_hints(of, globalns={**scope, **vars(missing)})
        except NameError as error:
            setattr(missing, error.name, Any)


@each_experiment
def test_outcomes_are_made_of_what_can_be_stored(experiment: Experiment[Any]) -> None:
    Codec(experiment.stored)
    declared = {*KNOWN, *map(type_name, experiment.stored)}
    wanted = {type_name(kind) for kind in made_of(hints(experiment.run).get("return"))}
    abstract = {name for name in wanted if name.startswith(("bayesian.priors.", "em.moves."))}
    assert wanted - declared - abstract == set()


@each_experiment
def test_every_case_has_an_identity_of_its_own(experiment: Experiment[Any]) -> None:
    keys = set()
    for budget in (experiment.quick, experiment.full):
        belonging = Belonging.of_run(experiment, budget, 1, {})
        cases = experiment.declared_cases(budget)
        assert all(json.loads(json.dumps(case.settings)) is not None for case in cases)
        assert all(isinstance(case, Case) and case.cost > 0.0 for case in cases)
        keys |= {belonging.of(case).key for case in cases}
        assert all(isinstance(belonging.of(case), Identity) for case in cases)
    budgets = {experiment.quick, experiment.full}
    assert len(keys) == sum(len(experiment.declared_cases(budget)) for budget in budgets)


@each_experiment
def test_data_sets_that_are_declared_are_there(experiment: Experiment[Any]) -> None:
    assert set(experiment.data) <= set(names())
