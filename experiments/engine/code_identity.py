"""What code a result belongs to: a digest of the definitions that a function reaches by name, and of whole packages.

The definitions are those at the top level of modules. A function, class or constant reaches those it names, in its
own module or imported from another; annotations, docstrings, comments and layout do not count. A name that is put
together at run time is not seen.
"""

import ast
import hashlib
import inspect
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FOLLOWED = ("experiments", "benchmarks")
"""Packages whose definitions are followed by name; the others are taken whole, or by their version."""

LEFT_OUT = ("experiments.engine", "experiments.reporting")
"""What runs, keeps and writes, and computes nothing that is drawn."""
NOT_LEFT_OUT = "experiments.engine.experiment"
"""But what a case is run with: its budget, its seed, its generator."""

type Definition = tuple[str, str]
"""Module and name."""


def reached(function: Callable[..., Any]) -> dict[Definition, str]:
    """The definitions that `function` reaches, itself included, each as the text of its syntax tree.

    A lambda at the top level of a module reaches all of it. Raises ValueError for what is not a plain function.
    """
    if not inspect.isfunction(function):
        raise ValueError(f"{function!r} is not a plain function: its code cannot be told")
    walk = _Walk(function.__module__)
    name = function.__qualname__.partition(".")[0]
    walk.all_of(function.__module__) if name == "<lambda>" else walk.visit(function.__module__, name)
    return walk.found


def digest_of(definitions: dict[Definition, str]) -> str:
    """A sha256 of definitions with their places."""
    found = hashlib.sha256()
    for place in sorted(definitions):
        found.update(f"{place} {definitions[place]}\n".encode())
    return found.hexdigest()


def digest_of_packages(*names: str) -> str:
    """A sha256 of every source file of whole packages."""
    found = hashlib.sha256()
    for name in names:
        folder = _folder(name)
        for path in sorted(folder.rglob("*.py")):
            found.update(f"{name}/{path.relative_to(folder).as_posix()} ".encode())
            found.update(_digest_of_file(path, path.stat().st_mtime_ns, path.stat().st_size))
    return found.hexdigest()


@lru_cache(maxsize=4096)
def _digest_of_file(path: Path, _changed: int, _size: int) -> bytes:
    """Read again once the file has another time or size."""
    return hashlib.sha256(path.read_bytes()).digest()


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ValueError(f"{package} is no package")
    return Path(spec.submodule_search_locations[0])


class _Module:
    """The top level of one module: statements by the names they bind, and what its imports mean."""

    def __init__(self, name: str, source: str, *, package: bool) -> None:
        self.name = name
        self.package = package
        self.definitions: dict[str, list[ast.stmt]] = {}
        self.imports: dict[str, Definition | str] = {}
        self.loose: list[ast.stmt] = []
        for statement in _parsed(source).body:
            self._take(statement)

    def _take(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            self.imports |= imported(statement, self.name, package=self.package)
            return
        if isinstance(statement, ast.If) and {"__name__", "TYPE_CHECKING"} & set(_names(statement.test)):
            return
        bound = set(_bound(statement))
        for name in bound:
            self.definitions.setdefault(name, []).append(statement)
        if not bound and not _is_words(statement):
            self.loose.append(statement)


def imported(statement: ast.Import | ast.ImportFrom, module: str, *, package: bool) -> dict[str, Definition | str]:
    """What an import binds: a module by its dotted name, or a name of a module."""
    if isinstance(statement, ast.Import):
        return {
            alias.asname or alias.name.partition(".")[0]: alias.name if alias.asname else alias.name.partition(".")[0]
            for alias in statement.names
        }
    origin = statement.module or ""
    if statement.level:
        base = module.split(".")[: len(module.split(".")) - statement.level + package]
        origin = ".".join([*base, *([origin] if origin else [])])
    return {alias.asname or alias.name: (origin, alias.name) for alias in statement.names}


class _Walk:
    """Follows names from definition to definition."""

    def __init__(self, home: str) -> None:
        self.followed = (*FOLLOWED, home.partition(".")[0])
        self.found: dict[Definition, str] = {}
        self._modules: dict[str, _Module | None] = {}

    def visit(self, module: str, name: str) -> None:
        """Take up the definition called `name`, or what an import of that name stands for."""
        home = self._module(module)
        if home is None or (module, name) in self.found:
            return
        if name in home.definitions:
            self.found[module, name] = "\n".join(ast.dump(statement) for statement in home.definitions[name])
            for statement in home.definitions[name]:
                self._scan(statement, home)
            self._take_loose(home)
        elif name in home.imports:
            self._follow(home.imports[name], [])
        elif self._module(f"{module}.{name}") is not None:
            self.all_of(f"{module}.{name}")
        elif "__getattr__" in home.definitions:
            self.all_of(module)

    def all_of(self, module: str) -> None:
        """Take up everything a module defines."""
        home = self._module(module)
        if home is not None:
            for name in list(home.definitions):
                self.visit(module, name)

    def _take_loose(self, home: _Module) -> None:
        """Statements that bind nothing may still change what is defined: X.append(...)."""
        if home.loose and (home.name, "") not in self.found:
            self.found[home.name, ""] = "\n".join(ast.dump(statement) for statement in home.loose)
            for statement in home.loose:
                self._scan(statement, home)

    def _scan(self, statement: ast.stmt, home: _Module) -> None:
        local = dict(home.imports)
        for node in ast.walk(statement):
            if isinstance(node, ast.Import | ast.ImportFrom):
                local |= imported(node, home.name, package=home.package)
        for chain in _chains(statement):
            if chain[0] in local:
                self._follow(local[chain[0]], chain[1:])
            elif chain[0] in home.definitions:
                self.visit(home.name, chain[0])

    def _follow(self, target: Definition | str, attributes: list[str]) -> None:
        """An imported module and the attributes asked of it, or an imported name."""
        if isinstance(target, tuple):
            module, name = target
            if self._module(f"{module}.{name}") is None:
                self.visit(module, name)
                return
            target = f"{module}.{name}"
        while attributes and self._module(f"{target}.{attributes[0]}") is not None:
            target, attributes = f"{target}.{attributes[0]}", attributes[1:]
        if attributes:
            self.visit(target, attributes[0])
        else:
            self.all_of(target)

    def _module(self, name: str) -> _Module | None:
        if name not in self._modules:
            self._modules[name] = self._read(name)
        return self._modules[name]

    def _read(self, name: str) -> _Module | None:
        """The module, or None for one that is not followed or is no file of Python."""
        left_out = name != NOT_LEFT_OUT and any(f"{name}.".startswith(f"{out}.") for out in LEFT_OUT)
        if left_out or name.partition(".")[0] not in self.followed:
            return None
        try:
            spec = find_spec(name)
        except (ImportError, ValueError, AttributeError):
            return None
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        source = Path(spec.origin).read_text(encoding="utf-8")
        return _Module(name, source, package=spec.submodule_search_locations is not None)


@lru_cache(maxsize=256)
def _parsed(source: str) -> ast.Module:
    """The syntax tree without words that stand alone: docstrings."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        for field in ("body", "orelse", "finalbody"):
            statements = getattr(node, field, None)
            if isinstance(statements, list):
                setattr(node, field, [statement for statement in statements if not _is_words(statement)])
    return tree


def _is_words(statement: ast.AST) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a statement at the top level binds; those inside a function or class are its own."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield statement.name
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign():
            for target in statement.targets if isinstance(statement, ast.Assign) else [statement.target]:
                yield from _names(target)
        case ast.TypeAlias():
            yield statement.name.id
        case _:
            for inner in ast.iter_child_nodes(statement):
                if isinstance(inner, ast.stmt):
                    yield from _bound(inner)


def _names(node: ast.AST) -> Iterator[str]:
    return (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _chains(node: ast.AST) -> Iterator[list[str]]:
    """Names with the attributes asked of them, `a.b.c` as [a, b, c]; annotations are left out."""
    if isinstance(node, ast.Attribute):
        chain: list[str] = [node.attr]
        inner: ast.AST = node.value
        while isinstance(inner, ast.Attribute):
            chain, inner = [inner.attr, *chain], inner.value
        if isinstance(inner, ast.Name):
            yield [inner.id, *chain]
        else:
            yield from _chains(inner)
        return
    if isinstance(node, ast.Name):
        yield [node.id]
        return
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "type_params"}:
            continue
        for inner in _nodes(value):
            yield from _chains(inner)


def _nodes(value: object) -> Iterable[ast.AST]:
    return [inner for inner in (value if isinstance(value, list) else [value]) if isinstance(inner, ast.AST)]
