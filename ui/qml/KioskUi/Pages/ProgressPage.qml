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

    SaidCard {
        id: said

        heading: qsTr("工作人员说")
        mostHeight: steps.parent.height
        viewModel: root.viewModel
        visible: root.viewModel.said !== ""
        width: parent.width
    }
    Words {
        id: caption

        anchors.top: said.visible ? said.bottom : parent.top
        anchors.topMargin: said.visible ? Theme.gapWide : 0
        heading: true
        text: qsTr("经过")
        visible: steps.shown > 0
    }
    Column {
        id: steps

        // What was said goes before how it came about.
        readonly property int fits: said.visible ? Math.floor((parent.height - said.implicitHeight - Theme.gapWide - caption.height - Theme.gap) / Theme.mm(Theme.elder ? 40 : 26)) : 4
        readonly property int most: Theme.compact ? (Theme.elder ? 1 : 2) : 4
        readonly property int shown: Math.max(0, Math.min(root.viewModel.history.length, steps.most, steps.fits))

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
