pragma ComponentBehavior: Bound
import QtQuick
import QtQuick.VirtualKeyboard
import QtQuick.VirtualKeyboard.Settings
import KioskUi

// Qt's own keyboard with its pinyin engine, which learns nothing from anybody.
InputPanel {
    id: root

    Binding {
        property: "activeLocales"
        target: VirtualKeyboardSettings
        value: ["zh_CN", "en_GB"]
    }
    Binding {
        property: "locale"
        target: VirtualKeyboardSettings
        value: Display.english ? "en_GB" : "zh_CN"
    }
}
