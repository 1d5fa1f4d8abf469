pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.VirtualKeyboard
import QtQuick.VirtualKeyboard.Settings
import KioskUi

// Qt's own keyboard with its pinyin engine, which learns nothing from anybody.
InputPanel {
    id: root

    Component.onCompleted: VirtualKeyboardSettings.locale = Display.english ? "en_GB" : "zh_CN"
}
