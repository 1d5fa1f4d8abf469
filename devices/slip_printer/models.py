"""The printers that differ from one another, as data. A new model is a new line here, not new code."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from devices.slip_printer.protocol import StatusMasks


class Confirms(StrEnum):
    """How a model says that a slip is printed."""

    MARK = "mark"
    """GS ( H: sends our own mark back when it is printed. Best."""
    TOKEN = "token"  # noqa: S105  (not a secret)
    """GS r 1, queued: near universal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """One printer model and its quirks."""

    name: str
    width_dots: int = 576
    """80 mm paper: 576; 58 mm: 384 (8 dots a millimetre)."""
    confirms: Confirms = Confirms.TOKEN
    native_qr: bool = True
    chinese_size_apart: bool = True
    """Epson sizes Chinese type with FS W; some clones obey GS ! for both and would double it twice."""
    cut: bytes = b"\x1d\x56\x42\x00"
    """Feed to the cutter, then a partial cut."""
    feed_before_cut_lines: int = 1
    masks: StatusMasks = field(default_factory=StatusMasks)

    @property
    def columns(self) -> int:
        """Narrow characters (12 dots) on a line."""
        return self.width_dots // 12

    @property
    def real_time_mask(self) -> int:
        """The fixed bits by which a real-time answer is known, without those this model uses otherwise."""
        return 0x93 & ~self.masks.not_taken


_ALL = (
    Model(name="generic-80"),
    Model(name="generic-58", width_dots=384),
    Model(name="generic-80-no-qr", native_qr=False),
    Model(name="epson-tm-t88", confirms=Confirms.MARK),
    Model(name="epson-tm-l90", confirms=Confirms.MARK),
    # No GS ( H; obeys GS ! for Chinese too; tells whether the slip was torn away.
    Model(name="kp-628e", chinese_size_apart=False, masks=StatusMasks(not_taken=0x80)),
    # Two near-end sensors at bits 2 and 3, end at bit 5; bit 6 is the presenter, not paper.
    Model(name="ppu-231", masks=StatusMasks(near_end=0x0C, paper_out=0x20)),
    # Tears by hand at a fixed bar; knows only the old cut.
    Model(name="tear-off-58", width_dots=384, cut=b"\x1b\x6d", feed_before_cut_lines=4, native_qr=False),
)

MODELS: dict[str, Model] = {model.name: model for model in _ALL}
