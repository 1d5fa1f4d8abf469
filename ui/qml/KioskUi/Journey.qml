pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The frame around every page of a session. A page is made when it is turned to and destroyed when it is left,
// so that nothing of one resident can stay in it.
FocusScope {
    id: root

    required property FrameModel frame
    required property Navigator navigator
    readonly property StagePage page: pageLoader.item as StagePage

    function turn(): void {
        pageLoader.setSource(root.navigator.pageSource, root.navigator.pageProperties);
        bottomBar.guard();
        root.forceActiveFocus();
        if (Display.moving)
            slide.restart();
    }

    Component.onCompleted: root.navigator.page === "attract" ? undefined : root.turn()

    Connections {
        function onPageLeft(): void {
            pageLoader.source = "";
        }
        function onPageTurned(): void {
            root.turn();
        }

        target: root.navigator
    }
    TopBar {
        id: topBar

        frame: root.frame
        visible: !strip.visible && !powerStrip.visible
        width: parent.width
    }
    PowerStrip {
        id: powerStrip

        text: root.frame.powerNotice
        visible: text !== "" && !strip.visible
        width: parent.width
    }
    IdleStrip {
        id: strip

        frame: root.frame
        width: parent.width
    }
    Loader {
        id: pageLoader

        anchors.bottom: bottomBar.top
        anchors.bottomMargin: Theme.compact ? 0 : Theme.gap
        anchors.left: parent.left
        anchors.leftMargin: Theme.edge
        anchors.right: parent.right
        anchors.rightMargin: Theme.edge
        anchors.top: topBar.bottom
        anchors.topMargin: Theme.mm(Theme.compact ? 3 : 9)
        focus: true

        transform: Translate {
            id: shift
        }
    }
    BottomBar {
        id: bottomBar

        anchors.bottom: parent.bottom
        frame: root.frame
        page: root.page
        width: parent.width

        onBackActed: root.navigator.back()
        onMainActed: root.page.mainActed()
    }
    NumberAnimation {
        id: slide

        duration: Theme.slideMs
        easing.type: Easing.OutCubic
        from: Theme.slideWay
        property: "x"
        target: shift
        to: 0
    }
}
