"""Compile the templates of infra/ with Microsoft's Bicep compiler, and predict what deployments make of them.

Usage: python tools/templates.py check      fails on a warning, another form, or an outdated prediction
       python tools/templates.py snapshots  writes predictions and compiled template anew, after a change

The files themselves are only read: the compiler works on a copy, since it writes beside what it compiles.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias

ROOT = Path(__file__).parents[1]
DEPLOYMENTS = "tests/infra/deployments"
"""Parameter files, each with a snapshot: what a deployment with them makes."""
PORTAL = "infra/azuredeploy.json"
"""`main.bicep` as the compiler makes it: the portal reads no Bicep."""
VERSION = "0.49.2"
"""The compiler that the snapshots are by; another one may put the same in other words."""
MISSING = "No Bicep compiler was found. Put bicep on the PATH, or run: az bicep install"

JsonObject: TypeAlias = dict[str, Any]

_PLACE = (
    *("--tenant-id", "7b0c54be-0000-4000-8000-00000000000a"),
    *("--subscription-id", "7b0c54be-0000-4000-8000-00000000000b"),
    *("--location", "westeurope", "--deployment-name", "maa-notify"),
)
_ENVIRONMENT = {"AZURE_ALARM_EMAILS": "ops@contoso.example"}
"""The one variable that `main.bicepparam` insists on."""
_DIAGNOSTIC = re.compile(r"\(\d+,\d+\) : (?:Error|Warning|Info) ")
_EXTENSION = re.compile(r"br:mcr\.microsoft\.com/bicep/extensions/(\w+)/(v[\w.]+):([\w.]+)")


class CompilerError(Exception):
    """What the compiler said when it failed in another way than by naming a place in a file."""


@dataclass(frozen=True, slots=True)
class Compilation:
    """What came of the templates, in no file."""

    faults: list[str]
    """Every error and warning, and every file in another form than the compiler's own.

    An API version over two years old is an error, by a rule of bicepconfig.json.
    """
    templates: dict[str, JsonObject]
    """Each template as Azure Resource Manager reads it, by its path in infra/; without those that failed."""


@dataclass(frozen=True)
class Compiler:
    """Microsoft's compiler, at work on the templates and parameter files below a root."""

    program: str

    @cached_property
    def version(self) -> str:
        """Such as ``0.49.2``."""
        found = re.search(r"\d+\.\d+\.\d+", self._run(Path(), "--version"))
        return found[0] if found else "unknown"

    def compilation(self, root: Path = ROOT) -> Compilation:
        """What comes of all templates and parameter files, and what the compiler has to say about them.

        Raises:
            CompilerError: it failed without naming a place in a file.
        """
        sources = _sources(root)
        with self._copy(root) as copy:
            # Parameters first: where a template has the same name, its output is the one to keep.
            said = self._run(copy, "build-params", "--pattern", "**/*.bicepparam")
            said += self._run(copy, "build", "--pattern", "**/*.bicep")
            self._run(copy, "format", "--pattern", "**/*.bicep*")
            odd = [path for path in sources if not _is_same(root / path, copy / path)]
            outputs = {
                path: (copy / path).with_suffix(".json") for path in sources if path.suffix == ".bicep"
            }
            templates = {
                path.relative_to("infra").as_posix(): _read(file)
                for path, file in outputs.items()
                if file.exists()
            }
        lines = said.replace("\\", "/").replace(f"{copy.as_posix()}/", "").splitlines()
        found = dict.fromkeys(line for line in lines if _DIAGNOSTIC.search(line))
        return Compilation(
            [*found, *(f"{path.as_posix()} : not in the form of bicep format" for path in odd)], templates
        )

    def predicted(self, deployment: str, root: Path = ROOT, *, group: str = "rg-maa-notify") -> JsonObject:
        """What a deployment with one of the parameter files makes: its resources and its outputs.

        Args:
            deployment: the name of the parameter file, without its ending.
            root: what the templates and parameter files lie below.
            group: the resource group; empty for a template that makes its own.

        Raises:
            CompilerError: the template does not compile, or nothing can be predicted of it.
        """
        with self._copy(root) as copy:
            snapshot = snapshot_of(deployment, copy)
            snapshot.unlink(missing_ok=True)
            place = (*_PLACE, *(("--resource-group", group) if group else ()))
            said = self._run(copy, "snapshot", f"{DEPLOYMENTS}/{deployment}.bicepparam", *place)
            if not snapshot.exists():
                raise CompilerError(said)
            found = _read(snapshot)
            # The compiler names them in any order, each time in another.
            return {**found, "outputs": dict(sorted(found["outputs"].items()))}

    def _run(self, folder: Path, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - the compiler, with arguments of our own
            [self.program, *arguments],
            cwd=folder,
            env=_ENVIRONMENT | os.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
        )
        if done.returncode != 0 and not _DIAGNOSTIC.search(done.stdout):
            raise CompilerError(done.stdout)
        return done.stdout

    @contextmanager
    def _copy(self, root: Path) -> Iterator[Path]:
        with TemporaryDirectory() as name:
            copy = Path(name).resolve()
            for folder in ("infra", DEPLOYMENTS):
                shutil.copytree(root / folder, copy / folder)
            for config in copy.rglob("bicepconfig.json"):
                text = config.read_text(encoding="utf-8")
                config.write_text(_EXTENSION.sub(self._nearest, text), encoding="utf-8")
            yield copy

    def _nearest(self, address: re.Match[str]) -> str:
        """The file of an extension, if it lies beside the compiler: then no registry is asked."""
        beside = Path(self.program).resolve().parent.glob(f"bicep-*/{'-'.join(address.groups())}.tgz")
        return next((file.as_posix() for file in beside), address[0])


def find_compiler() -> Compiler | None:
    """The `bicep` of the PATH, else the one that `az bicep install` puts into the folder of the Azure CLI."""
    folder = Path(os.environ.get("AZURE_CONFIG_DIR") or Path.home() / ".azure") / "bin"
    program = shutil.which("bicep") or shutil.which("bicep", path=str(folder))
    return Compiler(program) if program else None


def deployments(root: Path = ROOT) -> list[str]:
    """The names of the parameter files that have a snapshot."""
    return sorted(path.stem for path in (root / DEPLOYMENTS).glob("*.bicepparam"))


def snapshot_of(deployment: str, root: Path = ROOT) -> Path:
    """The file of a deployment's snapshot."""
    return root / DEPLOYMENTS / f"{deployment}.snapshot.json"


def is_current(deployment: str, compiler: Compiler, root: Path = ROOT) -> bool:
    """Whether a snapshot is what the compiler predicts of the templates as they are.

    Raises:
        CompilerError: nothing can be predicted.
    """
    file = snapshot_of(deployment, root)
    return file.exists() and _read(file) == compiler.predicted(deployment, root)


def _sources(root: Path) -> list[Path]:
    found = [path for folder in ("infra", DEPLOYMENTS) for path in (root / folder).rglob("*")]
    return sorted(path.relative_to(root) for path in found if path.suffix in {".bicep", ".bicepparam"})


def _is_same(one: Path, other: Path) -> bool:
    return one.read_text(encoding="utf-8") == other.read_text(encoding="utf-8")


def _read(file: Path) -> JsonObject:
    content: JsonObject = json.loads(file.read_text(encoding="utf-8"))
    return content


def _write(file: Path, content: JsonObject) -> None:
    text = json.dumps(content, indent=2, ensure_ascii=False)
    file.write_text(f"{text}\n", encoding="utf-8", newline="\n")


def check(compiler: Compiler, root: Path = ROOT) -> list[str]:
    """What is wrong with the templates; only where nothing is, the snapshots are looked at.

    Raises:
        CompilerError: it failed without naming a place in a file.
    """
    compilation = compiler.compilation(root)
    faults, templates = compilation.faults, compilation.templates
    if faults or compiler.version != VERSION:
        return faults
    old = [f"{DEPLOYMENTS}/{name}" for name in deployments(root) if not is_current(name, compiler, root)]
    if _read(root / PORTAL) != templates["main.bicep"]:
        old.append(PORTAL)
    return [f"{name} : outdated, run make snapshots" for name in old]


def renew(compiler: Compiler, root: Path = ROOT) -> list[str]:
    """Writes the snapshots and the compiled template, unless the compiler is not the one that they are by.

    Raises:
        CompilerError: nothing can be predicted.
    """
    if compiler.version != VERSION:
        return [f"The snapshots are by Bicep {VERSION}, and this one is {compiler.version}."]
    for name in deployments(root):
        _write(snapshot_of(name, root), compiler.predicted(name, root))
    _write(root / PORTAL, compiler.compilation(root).templates["main.bicep"])
    return []


def main(command: str) -> int:
    """Runs one of the two commands; 1 when something is wrong, or when there is no compiler."""
    compiler = find_compiler()
    if compiler is None:
        print(MISSING, file=sys.stderr)
        return 1
    print(f"{command}, by Bicep {compiler.version} ...")
    try:
        wrong = {"check": check, "snapshots": renew}[command](compiler)
    except CompilerError as error:
        wrong = [str(error)]
    print(*wrong, sep="\n", end="\n" if wrong else "")
    if command == "check" and compiler.version != VERSION:
        print(f"Not compared: the snapshots, which are by Bicep {VERSION}.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
