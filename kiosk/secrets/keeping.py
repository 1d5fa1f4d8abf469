"""Where a key of the terminal is kept, and the one order in which it is looked for: TPM, systemd, file.

A key is 32 bytes under a file's name, `journal.key` or `terminal.key`:

* `<name>.tpm` beside it: sealed to this machine's TPM; made so wherever there is one at the first start that this
  account may use (on Debian: the group `tss`);
* `$CREDENTIALS_DIRECTORY/linban.<name>`: given by systemd (`LoadCredentialEncrypted=`), made by whoever installs
  the terminal (`systemd-creds encrypt`), never by us;
* `<name>` itself: a file that only its owner may read.

A key that once was sealed is never looked for anywhere else: a TPM that was cleared means that the key is
gone, and what it protected is kept and not written over.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kiosk.errors import SecretError, SecretFault
from kiosk.secrets import key_file, tpm
from kiosk.secrets.tpm_protocol import SealedObject

KEY_BYTES = 32
_MAGIC = b"linban sealed key 1\n"


class Place(StrEnum):
    """Where a key was found."""

    TPM = "tpm"
    CREDENTIAL = "credential"
    FILE = "file"


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key, and where it lies."""

    secret: bytes
    place: Place


def load(file: Path, tpm_address: str = "") -> FoundKey | None:
    """The key under the name of `file`, or None when none was ever made. Raises `SecretError`."""
    found = [key for key in (_sealed(file, tpm_address), _credential(file), _plain(file)) if key is not None]
    if len({key.secret for key in found}) > 1:
        places = " and ".join(key.place.value for key in found)
        raise SecretError(SecretFault.TWO_KEYS, f"{file.name}: another one in {places}")
    return found[0] if found else None


def load_or_make(
    file: Path,
    tpm_address: str = "",
    *,
    make: Callable[[], bytes] = lambda: os.urandom(KEY_BYTES),
    may_make: bool = True,
) -> FoundKey:
    """The key under the name of `file`; a new one where none was ever made and `may_make`. Raises `SecretError`.

    `may_make` is false where what the key protects is there already: GONE is raised then.
    """
    found = load(file, tpm_address)
    if found is not None:
        return found
    if not may_make:
        raise SecretError(SecretFault.GONE, f"{file.name} is gone, what it protects is not")
    secret = make()
    try:
        if tpm.is_usable(tpm_address):
            sealed = tpm.seal(tpm_address, secret)
            if tpm.unseal(tpm_address, sealed) != secret:  # before it is the only one that there is
                raise SecretError(SecretFault.NO_TPM, "the TPM gives back another secret than it was given")
            key_file.write_first(sealed_file(file), _encode(sealed))
        else:
            key_file.write_first(file, secret)
    except FileExistsError:
        pass  # the other process was faster
    except OSError as error:
        raise SecretError(SecretFault.UNSAFE, str(error)) from error
    found = load(file, tpm_address)
    if found is None:
        raise SecretError(SecretFault.GONE, f"{file.name} vanished while it was made")
    return found


def exists(file: Path) -> bool:
    """Whether anything is kept under the name of `file`, usable or not."""
    return any(
        path.exists() for path in (file, sealed_file(file), _credential_file(file)) if path is not None
    )


def sealed_file(file: Path) -> Path:
    """Where the sealed form of the key `file` lies."""
    return file.with_name(file.name + ".tpm")


def move_over(new: Path, old: Path) -> None:
    """Let the key named `new` be the one named `old` from now on, whatever form each is in.

    Cut off in between, `new` is still there, so that calling this again finishes it.
    """
    for mine, theirs, other in (
        (sealed_file(new), sealed_file(old), old),
        (new, old, sealed_file(old)),
    ):
        if mine.exists():
            with suppress(FileNotFoundError):
                other.unlink()
            key_file.move_over(mine, theirs)


def _sealed(file: Path, tpm_address: str) -> FoundKey | None:
    try:
        content = key_file.read(sealed_file(file))
    except FileNotFoundError:
        return None
    if not tpm.is_usable(tpm_address):
        raise SecretError(
            SecretFault.NO_TPM,
            f"{file.name} is sealed to a TPM, and this account has none at {tpm_address or '-'}",
        )
    return FoundKey(_checked(tpm.unseal(tpm_address, _decode(content)), file), Place.TPM)


def _credential_file(file: Path) -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY", "")
    return Path(folder) / f"linban.{file.name}" if folder else None


def _credential(file: Path) -> FoundKey | None:
    path = _credential_file(file)
    if path is None:
        return None
    try:
        # systemd gives these files a mode of its own and a folder that only the unit's account can enter.
        secret = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretError(SecretFault.UNSAFE, str(error)) from error
    return FoundKey(_checked(secret, file), Place.CREDENTIAL)


def _plain(file: Path) -> FoundKey | None:
    try:
        return FoundKey(_checked(key_file.read(file), file), Place.FILE)
    except FileNotFoundError:
        return None


def _checked(secret: bytes, file: Path) -> bytes:
    if len(secret) != KEY_BYTES:
        raise SecretError(SecretFault.UNSAFE, f"{file} does not hold exactly {KEY_BYTES} bytes")
    return secret


def _encode(sealed: SealedObject) -> bytes:
    return _MAGIC + b"".join(len(part).to_bytes(2, "big") + part for part in (sealed.public, sealed.private))


def _decode(content: bytes) -> SealedObject:
    parts, offset = [], len(_MAGIC)
    for _ in range(2):
        size = int.from_bytes(content[offset : offset + 2], "big")
        parts.append(content[offset + 2 : offset + 2 + size])
        offset += 2 + size
    if not content.startswith(_MAGIC) or offset != len(content):
        raise SecretError(SecretFault.FOREIGN, "not a sealed key")
    return SealedObject(public=parts[0], private=parts[1])
