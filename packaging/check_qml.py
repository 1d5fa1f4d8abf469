"""Checks the QML of the face: no warning from qmllint, no line that qmlformat would write otherwise.

    python packaging/check_qml.py          report, exit 1 on any fault
    python packaging/check_qml.py --fix    let qmlformat write its layout

qmllint knows Python types only through generated descriptions. So the QML of ui/ is mirrored into build/qml, the types
that Python registers (QML_IMPORT_NAME) are described there beside the mirrored files of the same module, and the mirror
is linted; messages are given with the names of the real files.
"""

import argparse
import ast
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ui"
MIRROR = ROOT / "build" / "qml"
REGISTERS = re.compile(r"^@Qml(Element|NamedElement|Anonymous|Singleton|Uncreatable)\b", re.MULTILINE)
IMPORT_NAME = re.compile(r'^QML_IMPORT_NAME\s*=\s*"([^"]+)"', re.MULTILINE)
MAJOR_VERSION = re.compile(r"^QML_IMPORT_MAJOR_VERSION\s*=\s*(\d+)", re.MULTILINE)
MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)


def pyside_folder() -> Path:
    """Where the tools are, found without loading Qt."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or spec.origin is None:
        raise SystemExit("PySide6 is not installed: run `make check`, which sets everything up.")
    return Path(spec.origin).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs a tool from the root of the project and keeps what it says."""
    return subprocess.run(
        [os.fspath(part) for part in command], cwd=ROOT, text=True, capture_output=True, check=False
    )


def mirror() -> dict[str, Path]:
    """Copies the QML files, so that generated ones never stand among the sources; returns the folder of each module."""
    shutil.rmtree(MIRROR, ignore_errors=True)
    modules: dict[str, Path] = {}
    for file in [*SOURCE.rglob("*.qml"), *SOURCE.rglob("qmldir")]:
        copy = MIRROR / file.relative_to(SOURCE)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        if file.name == "qmldir" and (module := MODULE.search(file.read_text("utf-8"))):
            modules[module[1]] = copy.parent
    return modules


def registering_files() -> dict[tuple[str, str], list[Path]]:
    """The Python files of ui/ that register types with QML, by module and its major version."""
    found: dict[tuple[str, str], list[Path]] = defaultdict(list)
    for file in sorted(SOURCE.rglob("*.py")):
        text = file.read_text("utf-8")
        if REGISTERS.search(text):
            name, version = IMPORT_NAME.search(text), MAJOR_VERSION.search(text)
            if name is None or version is None:
                raise SystemExit(
                    f"{file.relative_to(ROOT)}: QML_IMPORT_NAME or QML_IMPORT_MAJOR_VERSION is missing"
                )
            found[name[1], version[1]].append(file)
    return found


def describe_types(pyside: Path, name: str, version: str, files: list[Path], folder: Path) -> list[str]:
    """Writes the description of one module's Python types into its mirrored folder; returns what went wrong."""
    folder.mkdir(parents=True, exist_ok=True)
    metatypes = folder / "python_metatypes.json"
    dump = run(sys.executable, pyside / "scripts" / "metaobjectdump.py", *files, "-o", metatypes)
    if dump.returncode or dump.stderr.strip():
        return [f"pyside6-metaobjectdump: {dump.stderr.strip() or dump.stdout.strip()}"]

    metatypes.write_text(json.dumps(with_constants(json.loads(metatypes.read_text("utf-8")), files)), "utf-8")
    foreign = (
        pyside / "Qt" / "metatypes" / f"qt6{part}_metatypes.json" for part in ("core", "gui", "qml", "quick")
    )
    registrar = run(
        pyside / "Qt" / "libexec" / "qmltyperegistrar",
        f"--generate-qmltypes={folder / 'python.qmltypes'}",
        f"--import-name={name}",
        f"--major-version={version}",
        f"--foreign-types={','.join(map(os.fspath, foreign))}",
        "-o",
        folder / "python_types.cpp",
        metatypes,
    )
    if registrar.returncode or registrar.stderr.strip():
        return [f"pyside6-qmltyperegistrar: {registrar.stderr.strip() or registrar.stdout.strip()}"]

    qmldir = folder / "qmldir"
    lines = qmldir.read_text("utf-8").splitlines() if qmldir.exists() else [f"module {name}"]
    qmldir.write_text("\n".join([*lines, "typeinfo python.qmltypes"]) + "\n", "utf-8")
    return []


def with_constants(modules: Any, files: Iterable[Path]) -> Any:
    """Say of each `Property(…, constant=True)` that it is constant.

    WORKAROUND(PySide6 6.11): pyside6-metaobjectdump leaves it out, and qmllint then calls every binding stale.
    """
    constant = {
        (owner.name, function.name)
        for file in files
        for owner in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(owner, ast.ClassDef)
        for function in owner.body
        if isinstance(function, ast.FunctionDef)
        for decorator in function.decorator_list
        if isinstance(decorator, ast.Call) and any(word.arg == "constant" for word in decorator.keywords)
    }
    for module in modules:
        for owner in module["classes"]:
            for item in owner.get("properties", ()):
                if (owner["className"], item["name"]) in constant:
                    item["constant"] = True
    return modules


def lint(pyside: Path, files: Iterable[Path], modules: Iterable[Path]) -> list[str]:
    """What qmllint says about the mirrored files, every category of its warnings counted as a fault."""
    mirrored = [MIRROR / file.relative_to(SOURCE) for file in files]
    import_paths = [
        part for folder in sorted({module.parent for module in modules}) for part in ("-I", folder)
    ]
    result = run(pyside / "qmllint", "-W", "0", *import_paths, *mirrored)
    if not result.returncode:
        return []
    said = (result.stdout + result.stderr).strip()
    return [said.replace(os.fspath(MIRROR), os.fspath(SOURCE.relative_to(ROOT)))]


def layout(pyside: Path, file: Path, *, fix: bool) -> str | None:
    """Whether qmlformat would write the file as it stands; returns the fault, if there is one."""
    formatted = run(pyside / "qmlformat", "--normalize", file)
    name = file.relative_to(ROOT)
    if formatted.returncode:
        return f"{name}: qmlformat: {formatted.stderr.strip()}"
    if formatted.stdout == file.read_text("utf-8"):
        return None
    if fix:
        file.write_text(formatted.stdout, "utf-8")
        print(f"{name}: rewritten")
        return None
    return f"{name}: not in qmlformat's layout (make fix)"


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--fix", action="store_true", help="write qmlformat's layout instead of reporting it")
    fix: bool = parser.parse_args().fix

    files = sorted(SOURCE.rglob("*.qml"))
    if not files:
        print("QML: nothing to check yet")
        return 0
    pyside = pyside_folder()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        faults = [fault for fault in pool.map(lambda file: layout(pyside, file, fix=fix), files) if fault]

    modules = mirror()
    registering = registering_files()
    for (name, version), python_files in registering.items():
        folder = modules.setdefault(name, MIRROR / name)
        faults += describe_types(pyside, name, version, python_files, folder)
    faults += lint(pyside, files, modules.values())
    print(*faults, sep="\n", file=sys.stderr)
    print(f"QML: {len(files)} files, {len(modules)} modules, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
