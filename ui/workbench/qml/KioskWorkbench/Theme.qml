pragma ComponentBehavior: Bound
pragma Singleton
import QtQuick

// The colours and measures of the workbench; it is a window on a developer's desk, so measures are plain pixels.
QtObject {
    id: root

    readonly property color amber: "#FFC24D"
    readonly property color amberInk: "#5A3D00"
    readonly property color amberTint: "#FFF3DA"
    // Where on the drawing of the plate the card and the lamp have their places.
    readonly property real cardPlace: 0.115
    readonly property real cardTilt: -7
    readonly property int cardWidth: 156
    readonly property int chipHeight: 32
    readonly property color clear: "transparent"
    readonly property color control: "#8BA1AD"
    readonly property int controlHeight: 38
    readonly property int dot: 8
    readonly property real faded: 0.4
    readonly property string family: "Noto Sans CJK SC"
    readonly property int focusLine: 3
    readonly property int gap: 8
    readonly property color good: "#1E7A46"
    readonly property color goodTint: "#E3F2E9"
    readonly property int hairline: 1
    readonly property int headerHeight: 64
    readonly property int headingSize: 22
    readonly property color ink: "#1B2A33"
    readonly property int lampHeight: 5
    readonly property real lampPlace: 0.145
    readonly property int margin: 20
    readonly property color paper: "#FBFAF6"
    readonly property int pictureWidth: 250
    readonly property int pillHeight: 24
    readonly property color primary: "#0B5C7A"
    readonly property color primaryPressed: "#084459"
    readonly property int printerWidth: 380
    readonly property int quick: 160
    readonly property color quietTint: "#F0EEE6"
    readonly property int radius: 12
    readonly property color rule: "#DAD7CC"
    readonly property color secondInk: "#4A5B66"
    readonly property color sheet: "#FFFFFF"
    // The part of a slip's picture, at each side, that shows the table under the paper.
    readonly property real slipBorder: 0.036
    // A slip's picture beside the drawing of the printer, so that the paper fits the slot.
    readonly property real slipShare: 0.89
    readonly property int slow: 700
    readonly property int smallRadius: 8
    readonly property int smallSize: 12
    readonly property int textSize: 14
    readonly property color tint: "#E4F0F4"
    readonly property color tintPressed: "#CFE3EA"
    readonly property int titleSize: 17
    readonly property color veil: "#99141F26"
    readonly property int wideGap: 16
    readonly property int windowHeight: 800
    readonly property int windowWidth: 1040
}
