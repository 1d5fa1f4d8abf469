pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// Always in the same place: back, a person's help, the main action; under them the ways to see and the telephone.
Item {
    id: root

    required property FrameModel frame
    readonly property bool mainShown: root.page?.mainText !== "" && root.page !== null
    required property StagePage page
    readonly property bool stacked: Theme.elder && !Theme.landscape && root.mainShown

    signal backActed
    signal mainActed

    function guard(): void {
        deaf.restart();
    }

    height: column.height + Theme.edge

    Timer {
        id: deaf

        interval: Theme.doubleTapMs
    }
    Rectangle {
        color: Theme.colours.hairline
        height: Theme.line
        width: parent.width
    }
    Column {
        id: column

        anchors.left: parent.left
        anchors.leftMargin: Theme.edge
        anchors.right: parent.right
        anchors.rightMargin: Theme.edge
        spacing: Theme.gap
        topPadding: Theme.compact ? Theme.gap : Theme.mm(7)

        Item {
            height: root.stacked ? main.height + Theme.gap + back.height : main.height
            width: parent.width

            ActionButton {
                id: back

                anchors.bottom: parent.bottom
                height: root.stacked ? Theme.target : main.height
                icon: "arrow-left"
                text: root.page?.backText ?? ""
                visible: root.page?.backShown ?? false
                width: Math.max(implicitWidth, Theme.mm(Theme.compact ? 38 : 50))

                onActivated: root.backActed()
            }
            ActionButton {
                id: help

                anchors.bottom: parent.bottom
                height: back.height
                icon: "hand-helping"
                kind: Theme.elder ? "guide" : "plain"
                text: qsTr("请人帮我")
                visible: !root.frame.helping
                width: root.stacked || (!root.mainShown && !Theme.compact) ? parent.width - x : Math.max(implicitWidth, Theme.mm(Theme.compact ? 46 : 62))
                x: back.visible ? back.width + Theme.gap : 0

                onActivated: root.frame.askForHelp()
            }
            PhoneMark {
                anchors.verticalCenter: help.verticalCenter
                short: true
                visible: Theme.compact
                x: help.visible ? help.x + help.width + Theme.gap : help.x
            }
            ActionButton {
                id: main

                anchors.right: parent.right
                enabled: (root.page?.mainEnabled ?? false) && !(deaf.running && root.page?.mainGuarded)
                height: Math.max(Theme.mainTarget, implicitHeight)
                icon: root.page?.mainIcon ?? ""
                iconLast: root.page?.mainIcon === "arrow-right"
                kind: "main"
                looksEnabled: root.page?.mainEnabled ?? false
                text: root.page?.mainText ?? ""
                visible: root.mainShown
                width: root.stacked ? parent.width : Theme.landscape ? Math.max(implicitWidth, Math.round(parent.width * (Theme.compact ? 0.3 : 0.36))) : parent.width - help.x - help.width - Theme.gap

                onActivated: root.mainActed()
            }
        }
        ViewRow {
            frame: root.frame
            visible: !Theme.compact
            width: parent.width
        }
    }
}
