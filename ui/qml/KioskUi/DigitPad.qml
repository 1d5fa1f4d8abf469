pragma ComponentBehavior: Bound
import QtQuick

// Digits to touch. Telephone order; a tablet on its side gets four in a row.
Grid {
    id: root

    property bool empty: false
    readonly property int keyHeight: Math.max(Theme.key, Math.min(Theme.mm(Theme.landscape ? 30 : 38), (root.height - 3 * root.spacing) / (Theme.compact ? 3 : 4)))
    readonly property int keyWidth: (root.width - (root.columns - 1) * root.spacing) / root.columns
    readonly property var keys: Theme.compact ? ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "erase", "clear"] : ["1", "2", "3", "4", "5", "6", "7", "8", "9", "clear", "0", "erase"]

    signal cleared
    signal erased
    signal typed(string digit)

    columns: Theme.compact ? 4 : 3
    spacing: Theme.elder ? Theme.mm(5) : Theme.mm(3.4)

    Repeater {
        model: root.keys

        delegate: DigitKey {
            required property string modelData

            digit: modelData
            enabled: modelData.length === 1 || !root.empty
            height: root.keyHeight
            width: root.keyWidth

            onActivated: modelData === "erase" ? root.erased() : modelData === "clear" ? root.cleared() : root.typed(modelData)
        }
    }
}
