pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// How far the case is, in the platform's own words, and how it got there.
StagePage {
    id: root

    required property ProgressModel viewModel

    asideShare: Theme.landscape ? 0 : stateNow.implicitHeight / root.height
    heading: root.viewModel.serviceName
    lead: qsTr("收件号 %1").arg(root.viewModel.number)
    mainIcon: "check"
    mainText: qsTr("看完了")
    objectName: "progress"

    aside: NoticeCard {
        id: stateNow

        icon: root.viewModel.icon
        kind: root.viewModel.kind
        text: root.viewModel.words
        width: parent.width
    }

    onMainActed: root.viewModel.finish()

    Words {
        id: caption

        heading: true
        text: qsTr("经过")
        visible: root.viewModel.history.length > 0
    }
    Column {
        id: steps

        readonly property int shown: Math.min(root.viewModel.history.length, Theme.compact ? 2 : 4)

        anchors.top: caption.bottom
        anchors.topMargin: Theme.gap
        width: parent.width

        Repeater {
            model: root.viewModel.history.slice(0, steps.shown)

            delegate: TimelineStep {
                required property int index
                required property var modelData

                at: modelData.at
                first: index === 0
                last: index === steps.shown - 1
                text: modelData.words
                width: steps.width
            }
        }
    }
}
