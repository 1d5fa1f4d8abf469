pragma ComponentBehavior: Bound
import QtQuick
import KioskUi

// The window: the attract page at once, everything else when it has been loaded behind it.
Window {
    id: root

    required property Navigator navigator

    color: Theme.colours.paper
    height: Display.heightPx
    title: qsTr("邻办")
    width: Display.widthPx

    Loader {
        id: attract

        active: root.navigator.page === "attract"
        anchors.fill: parent
        sourceComponent: attractPage
        visible: active
    }
    Component {
        id: attractPage

        AttractPage {
            objectName: "attract"
            waiting: root.navigator.waiting

            onElderChosen: root.navigator.startElder()
            onKeeperChosen: root.navigator.showKeeper()
            onLanguageChosen: root.navigator.toggleLanguage()
            onStarted: root.navigator.start()
        }
    }
    Loader {
        id: journey

        function open(): void {
            journey.setSource("Journey.qml", root.navigator.journeyProperties);
        }

        anchors.fill: parent
        focus: true
        visible: root.navigator.page !== "attract"
    }
    Connections {
        function onReady(): void {
            journey.open();
        }

        target: root.navigator
    }
}
