"""What the codes on a card mean: GB/T 2261.1 (sex), GB/T 3304 (nation)."""

from __future__ import annotations

_NATIONS = (
    "汉 蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 高山 拉祜 水 东乡 纳西 "
    "景颇 柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 乌孜别克 俄罗斯 鄂温克 德昂 "
    "保安 裕固 京 塔塔尔 独龙 鄂伦春 赫哲 门巴 珞巴 基诺"
).split()

NATIONS: dict[str, str] = {f"{number:02d}": name for number, name in enumerate(_NATIONS, start=1)} | {
    # 81 stands in one source only; 97 and 98 are beyond GB/T 3304 and agreed by five.
    "81": "穿青人",
    "97": "其他",
    "98": "外国血统中国籍人士",
}


def nation_name(code: str) -> str:
    """The nation's name; an unknown code is shown as it stands, never an error."""
    return NATIONS.get(code, code)
