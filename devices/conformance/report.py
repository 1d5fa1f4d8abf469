"""A conformance report on paper: one HTML file that prints on A4 and has room for two signatures.

The JSON beside it is the record; its SHA-256 stands on the paper, so that both belong together.
"""

from __future__ import annotations

import hashlib
from html import escape
from pathlib import Path

import msgspec

from devices.conformance.run import CheckResult, ConformanceReport, Verdict

_SIGNS = {Verdict.PASSED: "✓", Verdict.FAILED: "✗", Verdict.NOT_RUN: "–"}
_WORDS = {
    Verdict.PASSED: ("通过", "passed"),
    Verdict.FAILED: ("不通过", "failed"),
    Verdict.NOT_RUN: ("未做", "not run"),
}


def to_json(report: ConformanceReport) -> bytes:
    """The record, indented; equal reports are equal bytes."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2) + b"\n"


def write_report(report: ConformanceReport, folder: Path) -> tuple[Path, Path]:
    """Write `DRIVER.json` and `DRIVER.html` into `folder` (made if absent); returns both."""
    folder.mkdir(parents=True, exist_ok=True)
    record = to_json(report)
    name = file_name(report)
    json_file, html_file = folder / f"{name}.json", folder / f"{name}.html"
    json_file.write_bytes(record)
    html_file.write_text(to_html(report, hashlib.sha256(record).hexdigest()), encoding="utf-8")
    return json_file, html_file


def file_name(report: ConformanceReport) -> str:
    """Of both files, without what comes after the point."""
    return report.driver.replace("/", "-over-")


def to_html(report: ConformanceReport, digest: str) -> str:
    """The page; nothing is loaded from anywhere."""
    counts = {verdict: report.count(verdict) for verdict in Verdict}
    verdict_class, verdict_zh, verdict_en = _judged(counts)
    rows = "\n".join(_row(number, check) for number, check in enumerate(report.checks, start=1))
    tally = " · ".join(
        f"{_WORDS[verdict][0]} {count} <small>{_WORDS[verdict][1]}</small>"
        for verdict, count in counts.items()
    )
    return f"""<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>设备驱动符合性报告 {escape(report.driver)}</title>
<style>{_STYLE}</style>
</head>
<body>
<header>
<p class="house">邻办 Linban</p>
<h1>设备驱动符合性报告<small>Conformance report of a device driver</small></h1>
<div class="verdict {verdict_class}"><b>{verdict_zh}</b><span>{verdict_en}</span><p>{tally}</p></div>
</header>
<dl>{"".join(_fact(*fact) for fact in _facts(report))}</dl>
<table>
<thead><tr><th>#</th><th>承诺<small>Promise</small></th><th>结果<small>Result</small></th>
<th>所见<small>What was seen</small></th><th>秒<small>s</small></th></tr></thead>
<tbody>
{rows}
</tbody>
</table>
<section class="signatures">
{_signature("厂商", "Vendor")}
{_signature("使用单位", "County")}
</section>
<footer>记录文件 {escape(file_name(report))}.json · SHA-256 <code>{digest}</code></footer>
</body>
</html>
"""


def _judged(counts: dict[Verdict, int]) -> tuple[str, str, str]:
    """The word for the style sheet, and the verdict in both languages."""
    if counts[Verdict.FAILED]:
        return "failed", "不符合", "Does not conform"
    if counts[Verdict.NOT_RUN]:
        return "partly", "所做各项均符合", "Conforms in everything that was tried"
    return "passed", "符合", "Conforms"


def _facts(report: ConformanceReport) -> list[tuple[str, str, str]]:
    return [
        ("设备类别", "Device class", report.device),
        ("驱动", "Driver", report.driver),
        ("端口", "Port", report.port),
        ("对象", "Under test", "模拟设备 / simulator" if report.simulated else "真实设备 / real device"),
        ("型号", "Model", report.model or "—"),
        ("序列号", "Serial number", report.serial_number or "—"),
        ("固件", "Firmware", report.firmware or "—"),
        ("检测时间", "Began at", report.began_at.replace("T", " ")),
        ("程序版本", "Program", f"Linban {report.product_version}"),
        ("系统", "System", report.system),
    ]


def _fact(chinese: str, english: str, value: str) -> str:
    return f"<div><dt>{chinese}<small>{english}</small></dt><dd>{escape(value)}</dd></div>"


def _row(number: int, check: CheckResult) -> str:
    chinese, english = _WORDS[check.verdict]
    seen = [f"<b>{escape(check.detail)}</b>"] if check.detail else []
    seen += [
        f"<span>{escape(key.replace('_', ' '))}&nbsp;{escape(value)}</span>"
        for key, value in check.evidence.items()
    ]
    return (
        f'<tr class="{check.verdict}"><td>{number}</td>'
        f"<td>{escape(check.promise_zh)}<small>{escape(check.promise_en)}</small></td>"
        f"<td>{_SIGNS[check.verdict]} {chinese}<small>{english}</small></td>"
        f'<td class="seen">{" ".join(seen)}</td><td>{check.seconds:.1f}</td></tr>'
    )


def _signature(chinese: str, english: str) -> str:
    lines = "".join(
        f"<p><span>{zh}<small>{en}</small></span></p>"
        for zh, en in (("单位", "Organisation"), ("姓名", "Name"), ("签字", "Signature"), ("日期", "Date"))
    )
    return f"<div><h2>{chinese}<small>{english}</small></h2>{lines}</div>"


_STYLE = """
@page { size: A4; margin: 16mm 15mm; }
* { box-sizing: border-box; }
body { font: 10.5pt/1.45 "Noto Sans CJK SC", "Noto Sans SC", sans-serif; color: #16202c; max-width: 180mm;
  margin: 12mm auto; }
@media print { body { margin: 0 auto; } }
small { display: block; font-size: 7.5pt; color: #5b6776; font-weight: 400; line-height: 1.3; }
.house { margin: 0; color: #0a5c8a; font-weight: 700; letter-spacing: .06em; }
header { display: grid; grid-template-columns: 1fr auto; gap: 0 8mm; align-items: end;
  border-bottom: 1.2pt solid #16202c; padding-bottom: 4mm; }
header .house { grid-column: 1 / -1; }
h1 { font-size: 20pt; line-height: 1.2; margin: 1mm 0 0; }
h1 small { font-size: 10pt; margin-top: 1mm; }
.verdict { text-align: right; }
.verdict b { font-size: 15pt; display: block; line-height: 1.2; }
.verdict span { color: #5b6776; font-size: 8.5pt; }
.verdict p { margin: 1.5mm 0 0; font-size: 9pt; }
.verdict p small { display: inline; }
.passed b, tr.passed td:nth-child(3) { color: #0b6b3a; }
.partly b { color: #7a5300; }
.failed b, tr.failed td:nth-child(3) { color: #a81515; }
tr.not_run td { color: #5b6776; }
dl { display: grid; grid-template-columns: 1fr 1fr; gap: 0 8mm; margin: 4mm 0 5mm; }
dl div { display: grid; grid-template-columns: 27mm 1fr; padding: 1.1mm 0; border-bottom: .4pt solid #cfd6de; }
dt { white-space: nowrap; color: #5b6776; font-size: 9pt; line-height: 1.25; }
dd { margin: 0; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
thead { display: table-header-group; }
th { text-align: left; font-size: 9pt; border-bottom: .8pt solid #16202c; padding: 1mm 2mm 1mm 0; }
td { vertical-align: top; padding: 1.4mm 2mm 1.4mm 0; border-bottom: .4pt solid #cfd6de; }
tr { break-inside: avoid; }
td:first-child, td:last-child, th:last-child { font-variant-numeric: tabular-nums; text-align: right; color: #5b6776; }
td:first-child { width: 7mm; }
td:nth-child(2) { width: 76mm; }
td:nth-child(3) { width: 20mm; white-space: nowrap; font-weight: 600; }
td:last-child { width: 11mm; padding-right: 0; }
.seen { font-size: 8.5pt; color: #3a4654; overflow-wrap: anywhere; }
.seen span:not(:last-child)::after { content: " ·"; color: #9aa5b1; }
td:first-child, th:first-child { padding-right: 3mm; text-align: right; }
.seen b { color: #a81515; display: block; }
tr.not_run .seen b { color: inherit; font-weight: 400; }
.signatures { display: grid; grid-template-columns: 1fr 1fr; gap: 12mm; margin-top: 9mm; break-inside: avoid; }
h2 { font-size: 11pt; margin: 0 0 2mm; }
h2 small { display: inline; margin-left: 2mm; }
.signatures p { border-bottom: .6pt solid #16202c; height: 9.5mm; margin: 0; display: flex; align-items: end; }
.signatures p small { display: inline; margin-left: 1.5mm; }
.signatures span { padding-bottom: 1mm; color: #5b6776; font-size: 9pt; }
footer { margin-top: 7mm; font-size: 7.5pt; color: #5b6776; overflow-wrap: anywhere; }
"""
