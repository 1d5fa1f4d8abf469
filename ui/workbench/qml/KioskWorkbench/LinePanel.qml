pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.Layouts

// The line to the central platform.
Panel {
    id: root

    readonly property var explanations: ({
            "up": qsTr("通畅。"),
            "cut": qsTr("连不上，像网线被拔掉。"),
            "lose_answer": qsTr("接下来三次，请求到了平台，回答丢在路上。"),
            "slow": qsTr("每秒几千字节。"),
            "blackhole": qsTr("什么都收下，什么都不回。"),
            "portal": qsTr("回来的是别人家的登录网页。"),
            "error500": qsTr("网关出错，不是平台在说话。")
        })
    required property LinePlayer line

    device: line.device
    hasPlug: false
    stateGood: line.mode === "up"
    stateText: !line.device.running ? qsTr("没有运行") : line.mode === "up" ? qsTr("通畅") : line.mode === "cut" ? qsTr("断开") : qsTr("有毛病")
    title: qsTr("到中心平台的线路")

    Flow {
        Layout.fillWidth: true
        spacing: Theme.gap

        Repeater {
            model: [qsTr("通"), qsTr("断"), qsTr("丢三次回答"), qsTr("很慢"), qsTr("没有回音"), qsTr("登录页"), qsTr("网关出错")]

            delegate: ChoiceButton {
                id: choice

                required property int index
                readonly property string mode: ["up", "cut", "lose_answer", "slow", "blackhole", "portal", "error500"][index]
                required property string modelData

                chosen: root.line.mode === mode
                text: modelData
                worrying: mode !== "up"

                onClicked: root.line.setMode(choice.mode)
            }
        }
    }
    Caption {
        Layout.fillWidth: true
        color: Theme.secondInk
        text: root.explanations[root.line.mode] ?? qsTr("线路还没有起来。")
    }
}
