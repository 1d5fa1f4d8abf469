<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="zh_CN">
<context>
    <name>CardPicture</name>
    <message>
        <source>银行卡</source>
        <translation>Bank card</translation>
    </message>
    <message>
        <source>无名卡</source>
        <translation>Unknown card</translation>
    </message>
</context>
<context>
    <name>LinePanel</name>
    <message>
        <source>通畅。</source>
        <translation>Everything passes.</translation>
    </message>
    <message>
        <source>连不上，像网线被拔掉。</source>
        <translation>Nothing connects, as if the cable were out.</translation>
    </message>
    <message>
        <source>接下来三次，请求到了平台，回答丢在路上。</source>
        <translation>The next three requests arrive; their answers get lost.</translation>
    </message>
    <message>
        <source>每秒几千字节。</source>
        <translation>A few kilobytes a second.</translation>
    </message>
    <message>
        <source>什么都收下，什么都不回。</source>
        <translation>Takes everything, answers nothing.</translation>
    </message>
    <message>
        <source>回来的是别人家的登录网页。</source>
        <translation>Somebody&apos;s sign-in page answers instead.</translation>
    </message>
    <message>
        <source>网关出错，不是平台在说话。</source>
        <translation>A gateway apologises instead of the platform.</translation>
    </message>
    <message>
        <source>没有运行</source>
        <translation>Not running</translation>
    </message>
    <message>
        <source>通畅</source>
        <translation>Up</translation>
    </message>
    <message>
        <source>断开</source>
        <translation>Cut</translation>
    </message>
    <message>
        <source>有毛病</source>
        <translation>In trouble</translation>
    </message>
    <message>
        <source>到中心平台的线路</source>
        <translation>Line to the platform</translation>
    </message>
    <message>
        <source>通</source>
        <translation>Up</translation>
    </message>
    <message>
        <source>断</source>
        <translation>Cut</translation>
    </message>
    <message>
        <source>丢三次回答</source>
        <translation>Lose 3 answers</translation>
    </message>
    <message>
        <source>很慢</source>
        <translation>Slow</translation>
    </message>
    <message>
        <source>没有回音</source>
        <translation>Silent</translation>
    </message>
    <message>
        <source>登录页</source>
        <translation>Sign-in page</translation>
    </message>
    <message>
        <source>网关出错</source>
        <translation>Gateway error</translation>
    </message>
    <message>
        <source>线路还没有起来。</source>
        <translation>The line is not there yet.</translation>
    </message>
</context>
<context>
    <name>Main</name>
    <message>
        <source>邻办 · 工作台</source>
        <translation>Linban · Workbench</translation>
    </message>
    <message>
        <source>工作台</source>
        <translation>Workbench</translation>
    </message>
    <message>
        <source>终端周围的世界，在您手里</source>
        <translation>The world around the terminal, in your hands</translation>
    </message>
    <message>
        <source>常用设备</source>
        <translation>Main devices</translation>
    </message>
    <message>
        <source>更多设备</source>
        <translation>More devices</translation>
    </message>
    <message>
        <source>中心平台还没有回答</source>
        <translation>The platform has not answered yet</translation>
    </message>
    <message>
        <source>中心平台已存 %1 件</source>
        <translation>Cases on the platform: %1</translation>
    </message>
</context>
<context>
    <name>MoreDevices</name>
    <message>
        <source>社保卡读卡器</source>
        <translation>Social-security card reader</translation>
    </message>
    <message>
        <source>工作证读卡器</source>
        <translation>Staff badge reader</translation>
    </message>
    <message>
        <source>没有卡</source>
        <translation>No card</translation>
    </message>
    <message>
        <source>卡在上面</source>
        <translation>A card lies on it</translation>
    </message>
    <message>
        <source>放上卡</source>
        <translation>Lay a card</translation>
    </message>
    <message>
        <source>拿走</source>
        <translation>Take away</translation>
    </message>
    <message>
        <source>读到一半拿走</source>
        <translation>Snatch it</translation>
    </message>
    <message>
        <source>不出声 3 秒</source>
        <translation>Silent for 3 s</translation>
    </message>
    <message>
        <source>出来 {n} 张</source>
        <translation>{n} sheets came out</translation>
    </message>
    <message>
        <source>没纸</source>
        <translation>no paper</translation>
    </message>
    <message>
        <source>A4 打印机</source>
        <translation>A4 printer</translation>
    </message>
    <message>
        <source>取出纸</source>
        <translation>Take paper out</translation>
    </message>
    <message>
        <source>装好纸</source>
        <translation>Load paper</translation>
    </message>
    <message>
        <source>开盖</source>
        <translation>Open cover</translation>
    </message>
    <message>
        <source>合盖</source>
        <translation>Close cover</translation>
    </message>
    <message>
        <source>已拍 {n} 帧</source>
        <translation>{n} frames taken</translation>
    </message>
    <message>
        <source>镜头挡住了</source>
        <translation>The lens is covered</translation>
    </message>
    <message>
        <source>扫码摄像头</source>
        <translation>Code camera</translation>
    </message>
    <message>
        <source>举一下码</source>
        <translation>Hold up a code</translation>
    </message>
    <message>
        <source>歪着举</source>
        <translation>Hold it askew</translation>
    </message>
    <message>
        <source>挡住镜头</source>
        <translation>Cover the lens</translation>
    </message>
    <message>
        <source>让开</source>
        <translation>Uncover</translation>
    </message>
    <message>
        <source>画面卡住</source>
        <translation>Freeze</translation>
    </message>
    <message>
        <source>台面上有纸</source>
        <translation>A paper lies on the plate</translation>
    </message>
    <message>
        <source>台面是空的</source>
        <translation>The plate is empty</translation>
    </message>
    <message>
        <source>高拍仪</source>
        <translation>Document camera</translation>
    </message>
    <message>
        <source>放一张表</source>
        <translation>Lay a form</translation>
    </message>
    <message>
        <source>反光</source>
        <translation>Glare</translation>
    </message>
    <message>
        <source>不反光</source>
        <translation>No glare</translation>
    </message>
    <message>
        <source>灯都灭着</source>
        <translation>All lights are off</translation>
    </message>
    <message>
        <source>亮着 {n} 盏灯</source>
        <translation>{n} lights are on</translation>
    </message>
    <message>
        <source>灯和按钮</source>
        <translation>Lights and buttons</translation>
    </message>
    <message>
        <source>按求助</source>
        <translation>Press help</translation>
    </message>
    <message>
        <source>松开</source>
        <translation>Release</translation>
    </message>
    <message>
        <source>来人</source>
        <translation>Come</translation>
    </message>
    <message>
        <source>走人</source>
        <translation>Leave</translation>
    </message>
    <message>
        <source>开门</source>
        <translation>Open door</translation>
    </message>
    <message>
        <source>关门</source>
        <translation>Close door</translation>
    </message>
    <message>
        <source>{status} · 电量 {n}%</source>
        <translation>{status} · {n}% charged</translation>
    </message>
    <message>
        <source>备用电源</source>
        <translation>Backup power</translation>
    </message>
    <message>
        <source>停电</source>
        <translation>Mains fail</translation>
    </message>
    <message>
        <source>电快用完</source>
        <translation>Battery low</translation>
    </message>
    <message>
        <source>来电</source>
        <translation>Mains back</translation>
    </message>
    <message>
        <source>手指按着</source>
        <translation>A finger lies on it</translation>
    </message>
    <message>
        <source>没有手指</source>
        <translation>No finger</translation>
    </message>
    <message>
        <source>指纹仪</source>
        <translation>Fingerprint reader</translation>
    </message>
    <message>
        <source>按手指</source>
        <translation>Press a finger</translation>
    </message>
    <message>
        <source>拿开</source>
        <translation>Lift it</translation>
    </message>
    <message>
        <source>没按清楚</source>
        <translation>Smudged</translation>
    </message>
</context>
<context>
    <name>Panel</name>
    <message>
        <source>没有运行</source>
        <translation>Not running</translation>
    </message>
    <message>
        <source>已接好</source>
        <translation>Connected</translation>
    </message>
    <message>
        <source>已拔下</source>
        <translation>Unplugged</translation>
    </message>
    <message>
        <source>拔下%1</source>
        <translation>Unplug: %1</translation>
    </message>
    <message>
        <source>接上%1</source>
        <translation>Plug in: %1</translation>
    </message>
    <message>
        <source>接上</source>
        <translation>Plug in</translation>
    </message>
    <message>
        <source>拔下</source>
        <translation>Unplug</translation>
    </message>
</context>
<context>
    <name>PlatePicture</name>
    <message>
        <source>读卡器上有一张卡：%1</source>
        <translation>A card lies on the reader: %1</translation>
    </message>
    <message>
        <source>读卡器上没有卡</source>
        <translation>No card on the reader</translation>
    </message>
</context>
<context>
    <name>PrinterPanel</name>
    <message>
        <source>凭条打印机</source>
        <translation>Slip printer</translation>
    </message>
    <message>
        <source>撕下凭条</source>
        <translation>Tear off the slip</translation>
    </message>
    <message>
        <source>纸装满</source>
        <translation>Full roll</translation>
    </message>
    <message>
        <source>纸快用完</source>
        <translation>Paper low</translation>
    </message>
    <message>
        <source>把纸取出</source>
        <translation>Paper out</translation>
    </message>
    <message>
        <source>合上盖子</source>
        <translation>Close cover</translation>
    </message>
    <message>
        <source>打开盖子</source>
        <translation>Open cover</translation>
    </message>
    <message>
        <source>松开切刀</source>
        <translation>Free cutter</translation>
    </message>
    <message>
        <source>卡住切刀</source>
        <translation>Jam cutter</translation>
    </message>
</context>
<context>
    <name>PrinterPicture</name>
    <message>
        <source>打印口有一张凭条</source>
        <translation>A slip is in the slot</translation>
    </message>
    <message>
        <source>打印口没有凭条</source>
        <translation>No slip in the slot</translation>
    </message>
    <message>
        <source>凭条会从这里出来</source>
        <translation>Slips come out here</translation>
    </message>
    <message>
        <source>看大凭条</source>
        <translation>Show the slip in full</translation>
    </message>
    <message>
        <source>盖子开着</source>
        <translation>Cover open</translation>
    </message>
    <message>
        <source>没有纸</source>
        <translation>No paper</translation>
    </message>
    <message>
        <source>纸快用完</source>
        <translation>Paper low</translation>
    </message>
    <message>
        <source>有纸</source>
        <translation>Paper</translation>
    </message>
</context>
<context>
    <name>ReaderPanel</name>
    <message>
        <source>读卡器</source>
        <translation>Card reader</translation>
    </message>
    <message>
        <source>手里拿哪张卡</source>
        <translation>The card in your hand</translation>
    </message>
    <message>
        <source>身份证</source>
        <translation>ID card</translation>
    </message>
    <message>
        <source>有新住址</source>
        <translation>New address</translation>
    </message>
    <message>
        <source>生僻字</source>
        <translation>Rare name</translation>
    </message>
    <message>
        <source>已过期</source>
        <translation>Expired</translation>
    </message>
    <message>
        <source>港澳台居住证</source>
        <translation>HK/Macao/Taiwan</translation>
    </message>
    <message>
        <source>外国人 2017</source>
        <translation>Foreign 2017</translation>
    </message>
    <message>
        <source>外国人 2023</source>
        <translation>Foreign 2023</translation>
    </message>
    <message>
        <source>银行卡</source>
        <translation>Bank card</translation>
    </message>
    <message>
        <source>验证不过</source>
        <translation>Forged</translation>
    </message>
    <message>
        <source>不认识的卡</source>
        <translation>Unknown type</translation>
    </message>
    <message>
        <source>拿起卡片</source>
        <translation>Lift the card</translation>
    </message>
    <message>
        <source>放上卡片</source>
        <translation>Lay the card down</translation>
    </message>
    <message>
        <source>读到一半拿走</source>
        <translation>Snatch it mid-read</translation>
    </message>
</context>
<context>
    <name>ScannerPanel</name>
    <message>
        <source>扫码器</source>
        <translation>Scanner</translation>
    </message>
    <message>
        <source>码的内容</source>
        <translation>What the code holds</translation>
    </message>
    <message>
        <source>码的内容，可以粘贴</source>
        <translation>What the code holds; paste it</translation>
    </message>
    <message>
        <source>扫这个码</source>
        <translation>Scan this</translation>
    </message>
    <message>
        <source>扫刚才的凭条</source>
        <translation>Scan the last slip</translation>
    </message>
</context>
<context>
    <name>SlipSheet</name>
    <message>
        <source>收起凭条</source>
        <translation>Put the slip away</translation>
    </message>
</context>
</TS>
