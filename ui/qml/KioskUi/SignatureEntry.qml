pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Shapes
import KioskUi

// A pad to write one's name on with a finger. What is kept is the writing itself, with its times.
FocusScope {
    id: root

    required property string label
    required property SignaturePad pad

    Surface {
        id: sheet

        anchors.left: parent.left
        anchors.right: parent.right
        anchors.top: parent.top
        border: Theme.colours.primary
        borderWidth: Theme.lineStrong
        height: Math.min(root.height - tools.height - Theme.gap, width * 0.62)

        Item {
            id: paper

            Accessible.description: root.pad.empty ? qsTr("还没有写") : qsTr("已经写了")
            Accessible.name: root.label
            Accessible.role: Accessible.Graphic
            anchors.fill: parent
            clip: true

            onHeightChanged: root.pad.resize(width, height, Theme.mm(1))
            onWidthChanged: root.pad.resize(width, height, Theme.mm(1))

            Rectangle {
                color: Theme.colours.hairline
                height: Theme.line
                width: parent.width - 2 * Theme.pad
                x: Theme.pad
                y: parent.height * 0.78
            }
            Words {
                Accessible.ignored: true
                anchors.centerIn: parent
                color: Theme.colours.inkSoft
                font.pixelSize: Theme.body
                text: qsTr("请用手指在这里写名字")
                visible: root.pad.empty
            }
            Shape {
                anchors.fill: parent
                preferredRendererType: Shape.CurveRenderer

                ShapePath {
                    capStyle: ShapePath.RoundCap
                    fillColor: "transparent"
                    joinStyle: ShapePath.RoundJoin
                    strokeColor: Theme.colours.ink
                    strokeWidth: Theme.mm(1.4)

                    PathMultiline {
                        paths: root.pad.ink
                    }
                }
            }
            MouseArea {
                anchors.fill: parent
                preventStealing: true

                onPositionChanged: mouse => root.pad.draw(mouse.x, mouse.y)
                onPressed: mouse => root.pad.touch(mouse.x, mouse.y)
            }
        }
    }
    Row {
        id: tools

        anchors.right: parent.right
        anchors.top: sheet.bottom
        anchors.topMargin: Theme.gap
        spacing: Theme.gap

        QuietButton {
            enabled: !root.pad.empty
            icon: "rotate-ccw"
            text: qsTr("退一笔")

            onActivated: root.pad.undo()
        }
        QuietButton {
            enabled: !root.pad.empty
            icon: "eraser"
            text: qsTr("重写")

            onActivated: root.pad.clear()
        }
    }
}
