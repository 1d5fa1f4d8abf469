pragma Singleton
pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Every size in millimetres and every colour of the face. Nothing else knows a number or a colour.
QtObject {
    id: root

    readonly property int body: cap(elder ? (compact ? 6.5 : 7.2) : (compact ? 4.9 : 5.5))
    readonly property Colours colours: ({
            "dark": dark,
            "light": light,
            "low": low
        })[Display.palette] ?? standard
    // A tablet on its side: less height than three big buttons and a heading would like.
    readonly property bool compact: Math.min(Display.widthPx, Display.heightPx) < mm(180)
    readonly property Colours dark: Colours {
        bar: "#000000"
        border: "#FFFFFF"
        card: "#000000"
        focus: "#FFD400"
        good: "#FFFFFF"
        goodTint: "#000000"
        guide: "#FFFFFF"
        guideTint: "#000000"
        hairline: "#FFFFFF"
        ink: "#FFFFFF"
        inkSoft: "#FFFFFF"
        paper: "#000000"
        primary: "#FFFFFF"
        shadow: "#000000"
        slab: "#000000"
        tint: "#000000"
        trouble: "#FFFFFF"
        troubleTint: "#000000"

        onBar: "#FFFFFF"
        onGuide: "#000000"
        onPrimary: "#000000"
    }
    readonly property int display: cap(compact ? 10 : 18)
    readonly property int doubleTapMs: 500
    readonly property string drawingColours: [colours.primary, colours.tint, colours.paper, colours.card, colours.ink, colours.inkSoft, colours.guide, colours.guideTint, colours.good, colours.goodTint, colours.hairline, colours.slab].map(colour => String(colour).slice(1)).join("/")

    // Space.
    readonly property int edge: mm(compact ? 8.2 : 13)
    readonly property bool elder: Display.elder
    readonly property string family: "Noto Sans CJK SC"
    readonly property int gap: mm(compact ? (elder ? 5 : 4) : (elder ? 6.5 : 5.5))
    readonly property int gapTight: mm(2)
    readonly property int gapWide: mm(compact ? 5 : landscape ? 10 : 13)
    readonly property int icon: mm(compact ? 7 : elder ? 11 : 9)
    readonly property int iconHuge: mm(compact ? 30 : 64)
    readonly property int iconLarge: mm(compact ? 11 : 14)
    readonly property int iconSmall: mm(elder ? (compact ? 6.5 : 7.5) : (compact ? 5.4 : 6.4))
    readonly property int key: mm(elder ? 20.2 : (compact ? 15 : 19))
    readonly property bool landscape: Display.widthPx > Display.heightPx
    readonly property Colours light: Colours {
        bar: "#FFFFFF"
        border: "#000000"
        card: "#FFFFFF"
        focus: "#0040C0"
        good: "#000000"
        goodTint: "#FFFFFF"
        guide: "#000000"
        guideTint: "#FFFFFF"
        hairline: "#000000"
        ink: "#000000"
        inkSoft: "#000000"
        paper: "#FFFFFF"
        primary: "#000000"
        shadow: "#FFFFFF"
        slab: "#FFFFFF"
        tint: "#FFFFFF"
        trouble: "#000000"
        troubleTint: "#FFFFFF"

        onBar: "#000000"
        onGuide: "#FFFFFF"
        onPrimary: "#FFFFFF"
    }
    readonly property int line: Math.max(1, mm(0.3))
    readonly property int lineStrong: Math.max(2, mm(0.75))
    readonly property Colours low: Colours {
        bar: "#274A59"
        border: "#6B6F6B"
        card: "#E2DCCF"
        focus: "#8A3B00"
        good: "#234B36"
        goodTint: "#CBD3BF"
        guide: "#D9A94F"
        guideTint: "#E3D3AE"
        hairline: "#BDB5A4"
        ink: "#2B363B"
        inkSoft: "#2F3B41"
        paper: "#D9D2C3"
        primary: "#274A59"
        shadow: "#C9C2B3"
        slab: "#3A454B"
        tint: "#CDCBBF"
        trouble: "#6B2219"
        troubleTint: "#E3CFC4"

        onBar: "#EDE8DC"
        onGuide: "#241A05"
        onPrimary: "#EDE8DC"
    }
    readonly property int mainTarget: mm(elder ? (compact ? 21.2 : 24) : (compact ? 15 : 21.2))
    readonly property int number: cap(compact ? 7.4 : landscape ? 13 : 15.5)
    readonly property int pad: mm(compact ? 4 : 7)
    readonly property int radius: mm(4)
    readonly property int radiusSmall: mm(2.6)
    readonly property int ring: Math.max(3, mm(1.2))
    readonly property int row: mm(elder ? (compact ? 20.4 : landscape ? 32 : 44) : (compact ? 19 : landscape ? 27 : 34))
    readonly property int shadowDepth: mm(0.9)

    // Time.
    readonly property int slideMs: 180
    readonly property int slideWay: mm(9)

    // Type, by height of a capital letter (0.733 em in Noto Sans CJK).
    readonly property int small: cap(elder ? (compact ? 4.8 : 5.4) : (compact ? 3.7 : 4.3))
    readonly property Colours standard: Colours {
        bar: "#0A4F69"
        border: "#72868F"
        card: "#FFFFFF"
        focus: "#B45F00"
        good: "#0F5733"
        goodTint: "#E6F4EB"
        guide: "#FFC24D"
        guideTint: "#FFF3DA"
        hairline: "#DDE2E2"
        ink: "#1B2A33"
        inkSoft: "#34444E"
        paper: "#FBFAF6"
        primary: "#0A4F69"
        shadow: "#E3E3DE"
        slab: "#263640"
        tint: "#E4F0F4"
        trouble: "#8F2318"
        troubleTint: "#FCEDE9"

        onBar: "#FFFFFF"
        onGuide: "#2A1C00"
        onPrimary: "#FFFFFF"
    }
    readonly property int strong: cap(elder ? (compact ? 7.2 : 8.8) : (compact ? 5.4 : 6.7))

    // Things to touch.
    readonly property int target: mm(elder ? (compact ? 20 : 21.2) : (compact ? 14.2 : 18))
    readonly property int title: cap(compact ? (elder ? 8.6 : 7.0) : (elder ? 12.5 : 11))
    readonly property int topBar: mm(compact ? (elder ? 20.2 : 15) : (landscape ? 24 : 29))

    function cap(value: real): int {
        return Math.ceil(value / 0.733 * Display.pxPerMm);
    }
    function mm(value: real): int {
        return Math.round(value * Display.pxPerMm);
    }
}
