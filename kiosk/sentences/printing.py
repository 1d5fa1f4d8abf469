"""Paper that is being printed, waited for, or not coming."""

from __future__ import annotations

from kiosk.domain.printing import PrintFault, PrintWait
from kiosk.sentences.table import Table, Topic

_PRINT: Table = {
    PrintFault.NONE: ("凭条打好了", "The slip is printed"),
    PrintFault.PAPER_OUT: (
        "打印机没纸了。您的事已收下，请记下收件号",
        "The printer is out of paper. Your case is safe; please write down the number",
    ),
    PrintFault.PAPER_JAMMED: (
        "打印机卡纸了。您的事已收下，请记下收件号",
        "The paper is jammed. Your case is safe; please write down the number",
    ),
    PrintFault.COVER_OPEN: (
        "打印机的盖子开着。您的事已收下，请记下收件号",
        "The printer's cover is open. Your case is safe; please write down the number",
    ),
    PrintFault.CUTTER_ERROR: (
        "切纸刀卡住了。您的事已收下，请记下收件号",
        "The paper cutter is stuck. Your case is safe; please write down the number",
    ),
    PrintFault.HEAD_TOO_HOT: (
        "打印机太热，歇一会儿再打。您的事已收下",
        "The printer is too hot. Wait a moment; your case is safe",
    ),
    PrintFault.OFFLINE: (
        "打印机没有准备好。您的事已收下，请记下收件号",
        "The printer is not ready. Your case is safe; please write down the number",
    ),
    PrintFault.NO_PRINTER: (
        "打印机断开了。您的事已收下，请记下收件号",
        "The printer is disconnected. Your case is safe; please write down the number",
    ),
    PrintFault.NO_ANSWER: (
        "不知道凭条打出来没有。请看一下出纸口",
        "We cannot tell whether the slip was printed. Please look at the paper slot",
    ),
    PrintFault.CANCELED: (
        "没有打印。您的事已收下，请记下收件号",
        "Nothing was printed. Your case is safe; write down the number",
    ),
    PrintFault.UNPRINTABLE: (
        "这张凭条打不出来。您的事已收下，请记下收件号",
        "This slip cannot be printed. Your case is safe; please write down the number",
    ),
    PrintFault.HARDWARE_ERROR: (
        "打印机坏了。您的事已收下，请记下收件号",
        "The printer is broken. Your case is safe; please write down the number",
    ),
    PrintFault.TONER_EMPTY: (
        "打印机没有墨粉了。请找工作人员",
        "The printer is out of toner. Please ask the staff",
    ),
    PrintFault.OUTPUT_FULL: (
        "出纸口满了。请把纸取走，再打一次",
        "The output tray is full. Take the sheets away and print again",
    ),
}

_PRINT_WAIT: Table = {
    PrintWait.NOTHING: ("正在打印，请稍等", "Printing, one moment please"),
    PrintWait.PAPER: (
        "打印机没纸了，正在等纸。请工作人员加纸，加好会接着打",
        "The printer waits for paper. When the staff load some, it goes on",
    ),
    PrintWait.CLEARING: (
        "打印机卡纸了。请工作人员来取出，取好会接着打",
        "The paper is jammed. When the staff clear it, it goes on",
    ),
    PrintWait.CLOSING: (
        "打印机的盖子开着。盖好会接着打",
        "The printer's cover is open. When it is closed, it goes on",
    ),
    PrintWait.TONER: (
        "打印机没有墨粉了。请工作人员来换，换好会接着打",
        "The printer is out of toner. When the staff change it, it goes on",
    ),
    PrintWait.EMPTYING: (
        "出纸口满了。请把纸取走，会接着打",
        "The output tray is full. Take the sheets away and it goes on",
    ),
    PrintWait.HAND: (
        "打印机停了，要人看一下。请找工作人员",
        "The printer has stopped and needs a hand. Please ask the staff",
    ),
    PrintWait.TURN: (
        "打印机正在打别的。请稍等，轮到了就打",
        "The printer is busy with something else. Yours comes next",
    ),
    PrintWait.ANSWER: (
        "打印机没有回应，正在等它。请稍等",
        "The printer does not answer at the moment. One moment, please",
    ),
}

PRINTING: Topic = {
    PrintFault: _PRINT,
    PrintWait: _PRINT_WAIT,
}
