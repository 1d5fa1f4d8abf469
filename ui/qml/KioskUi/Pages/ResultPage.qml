pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// 已收件: the number, the paper, and what happens next. Nothing more is claimed than is known.
StagePage {
    id: root

    required property ResultModel viewModel

    backShown: false
    heading: qsTr("已收件")
    mainIcon: "check"
    mainText: qsTr("办好了")
    objectName: "result"
    plain: true

    onMainActed: root.viewModel.finish()

    Item {
        id: promise

        anchors.left: parent.left
        anchors.top: parent.top
        height: Theme.landscape ? parent.height : promiseWords.implicitHeight + (Theme.elder ? 1 : 3) * Theme.gapWide
        width: Theme.landscape ? Math.round((parent.width - Theme.gapWide) * (Theme.compact ? 0.58 : 0.5)) : parent.width

        Surface {
            anchors.fill: parent
            border: Theme.colours.good
            colour: Theme.colours.goodTint
            raised: false
        }
        Column {
            id: promiseWords

            anchors.centerIn: parent
            spacing: Theme.compact ? 0 : Theme.gap
            width: parent.width - 2 * (Theme.compact ? Theme.gapTight : Theme.pad)

            Row {
                anchors.horizontalCenter: parent.horizontalCenter
                spacing: Theme.pad

                Icon {
                    anchors.verticalCenter: parent.verticalCenter
                    colour: Theme.colours.good
                    name: "badge-check"
                    size: Theme.display
                }
                Words {
                    color: Theme.colours.good
                    font.pixelSize: Theme.display
                    heading: true
                    text: root.heading
                }
            }
            Words {
                font.pixelSize: Theme.compact ? Theme.small : Theme.body
                horizontalAlignment: Text.AlignHCenter
                text: qsTr("材料已收下，还没有开始审批")
                width: parent.width
            }
            Words {
                color: Theme.colours.inkSoft
                font.pixelSize: Theme.small
                horizontalAlignment: Text.AlignHCenter
                text: qsTr("您的收件号")
                topPadding: Theme.compact ? 0 : Theme.gap
                width: parent.width
            }
            Words {
                font.pixelSize: Theme.number
                font.weight: Font.Bold
                horizontalAlignment: Text.AlignHCenter
                text: root.viewModel.number
                width: parent.width
            }
        }
    }
    Column {
        id: cards

        anchors.bottom: parent.bottom
        anchors.right: parent.right
        anchors.top: Theme.landscape ? parent.top : promise.bottom
        anchors.topMargin: Theme.landscape ? 0 : Theme.gapWide
        spacing: Theme.compact ? Theme.gap : Theme.mm(Theme.elder ? 6 : 8)
        width: Theme.landscape ? parent.width - promise.width - Theme.gapWide : parent.width

        SlipCard {
            viewModel: root.viewModel
            width: parent.width
        }
        Item {
            height: next.height + 2 * (Theme.compact ? Theme.gapTight : Theme.pad)
            visible: !(Theme.compact && root.viewModel.canPrint)
            width: parent.width

            Surface {
                anchors.fill: parent
                raised: !Theme.compact
            }
            Column {
                id: next

                anchors.left: parent.left
                anchors.margins: Theme.compact ? Theme.gapTight : Theme.pad
                anchors.right: parent.right
                anchors.top: parent.top
                spacing: Theme.compact || Theme.elder ? Theme.gapTight : Theme.pad

                Repeater {
                    model: Theme.elder && (Theme.compact || root.viewModel.canPrint) ? root.viewModel.next.slice(0, 1) : root.viewModel.next

                    delegate: Row {
                        id: nextLine

                        required property var modelData

                        spacing: Theme.pad
                        width: next.width

                        Icon {
                            anchors.verticalCenter: parent.verticalCenter
                            name: nextLine.modelData.icon
                            size: Theme.iconSmall
                        }
                        Words {
                            anchors.verticalCenter: parent.verticalCenter
                            font.pixelSize: Theme.compact ? Theme.small : Theme.body
                            text: nextLine.modelData.text
                            width: parent.width - Theme.iconSmall - Theme.pad
                        }
                    }
                }
            }
        }
    }
}
