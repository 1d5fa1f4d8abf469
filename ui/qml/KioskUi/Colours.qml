pragma ComponentBehavior: Bound
import QtQuick

// One colour theme, by what each colour is for.
QtObject {
    id: root

    required property color bar
    required property color border
    required property color card
    required property color focus
    required property color good
    required property color goodTint
    required property color guide
    required property color guideTint
    required property color hairline
    required property color ink
    required property color inkSoft
    required property color onBar
    required property color onGuide
    required property color onPrimary
    required property color paper
    required property color primary
    required property color shadow
    required property color slab
    required property color tint
    required property color trouble
    required property color troubleTint
}
