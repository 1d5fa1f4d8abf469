pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// What to know while the card is being read: a fault first, then the way on without a card, then the promise.
Column {
    id: root

    readonly property bool another: root.viewModel.codeWelcome || root.viewModel.socialCardWelcome
    readonly property string otherWay: {
        if (root.viewModel.slotOnly)
            return root.viewModel.codeWelcome ? qsTr("没带社保卡？手机出示政务服务码也行") : qsTr("只带身份证？请找工作人员帮忙");
        if (root.viewModel.socialCardWelcome)
            return root.viewModel.codeWelcome ? qsTr("没带身份证？社保卡、政务服务码也行") : qsTr("没带身份证？插社保卡也行");
        return root.viewModel.codeWelcome ? qsTr("没带身份证？手机出示政务服务码也行") : qsTr("没带身份证？请找工作人员帮忙");
    }
    required property IdentifyModel viewModel

    spacing: Theme.gap

    NoticeCard {
        icon: root.viewModel.phase === "recovering" ? "rotate-ccw" : "triangle-alert"
        kind: root.viewModel.phase === "recovering" ? "guide" : "trouble"
        text: root.viewModel.fault
        visible: text !== ""
        width: parent.width
    }
    NoticeCard {
        icon: root.viewModel.codeWelcome && !(root.viewModel.socialCardWelcome && !root.viewModel.slotOnly) ? "scan-qr-code" : "id-card"
        text: root.otherWay
        visible: !Theme.compact || (root.another && root.viewModel.fault === "")
        width: parent.width
    }
    NoticeCard {
        icon: "shield-check"
        text: qsTr("您的信息只用于办这件事，办完自动清除")
        visible: !(root.another && Theme.compact) && (root.viewModel.fault === "" || !(Theme.compact || (Theme.elder && Theme.landscape)))
        width: parent.width
    }
}
