"""Checks the QML of the face: no warning from qmllint, no line that qmlformat would write otherwise.

    python packaging/check_qml.py          report, exit 1 on any fault
    python packaging/check_qml.py --fix    let qmlformat write its layout

qmllint knows Python types only through generated descriptions. So the QML tree is mirrored into build/qml, the types
that ui/ registers (QML_IMPORT_NAME = "KioskUi") are described there beside the mirrored files, and the mirror is
linted; messages are given with the names of the real files.
"""

import argparse
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "ui" / "qml"
MIRROR = ROOT / "build" / "qml"
MODULE = "KioskUi"
MAJOR_VERSION = 1
REGISTERS = re.compile(r"^@Qml(Element|NamedElement|Anonymous|Singleton|Uncreatable)\b", re.MULTILINE)


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


def mirror() -> None:
    """Copies the QML tree, so that generated files never stand among the sources."""
    shutil.rmtree(MIRROR, ignore_errors=True)
    shutil.copytree(SOURCE, MIRROR)


def registering_files() -> list[Path]:
    """The Python files of ui/ that register a type with QML."""
    return [file for file in sorted((ROOT / "ui").rglob("*.py")) if REGISTERS.search(file.read_text("utf-8"))]


def describe_types(pyside: Path, files: list[Path]) -> list[str]:
    """Writes the description of the Python types into the mirror; returns what went wrong."""
    module = MIRROR / MODULE
    module.mkdir(parents=True, exist_ok=True)
    metatypes = module / "python_metatypes.json"
    dump = run(sys.executable, pyside / "scripts" / "metaobjectdump.py", *files, "-o", metatypes)
    if dump.returncode or dump.stderr.strip():
        return [f"pyside6-metaobjectdump: {dump.stderr.strip() or dump.stdout.strip()}"]

    foreign = pyside / "Qt" / "metatypes"
    described = ",".join(
        os.fspath(foreign / f"qt6{name}_metatypes.json")
        for name in ("core", "gui", "qml", "quick")
        if foreign.is_dir()
    )
    registrar = run(
        pyside / "Qt" / "libexec" / "qmltyperegistrar",
        f"--generate-qmltypes={module / 'python.qmltypes'}",
        f"--import-name={MODULE}",
        f"--major-version={MAJOR_VERSION}",
        f"--foreign-types={described}",
        "-o",
        module / "python_types.cpp",
        metatypes,
    )
    if registrar.returncode or registrar.stderr.strip():
        return [f"pyside6-qmltyperegistrar: {registrar.stderr.strip() or registrar.stdout.strip()}"]

    qmldir = module / "qmldir"
    lines = qmldir.read_text("utf-8").splitlines() if qmldir.exists() else [f"module {MODULE}"]
    lines.append("typeinfo python.qmltypes")
    qmldir.write_text("\n".join(lines) + "\n", "utf-8")
    return []


def lint(pyside: Path, files: Iterable[Path]) -> list[str]:
    """What qmllint says about the mirrored files, every category of its warnings counted as a fault."""
    mirrored = [MIRROR / file.relative_to(SOURCE) for file in files]
    result = run(pyside / "qmllint", "-W", "0", "-I", MIRROR, *mirrored)
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

    mirror()
    registering = registering_files()
    if registering:
        faults += describe_types(pyside, registering)
    faults += lint(pyside, files)
    print(*faults, sep="\n", file=sys.stderr)
    print(
        f"QML: {len(files)} files, {len(registering)} Python files that register types, {len(faults)} faults"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
