<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en" sourcelanguage="zh_CN">
<context>
    <name>AskingPage</name>
    <message>
        <source>正在查，请稍等</source>
        <translation>One moment, looking it up</translation>
    </message>
    <message>
        <source>收件号 %1</source>
        <translation>Receipt number %1</translation>
    </message>
</context>
<context>
    <name>AttractPage</name>
    <message>
        <source>家门口，就能办</source>
        <translation>Right next door</translation>
    </message>
    <message>
        <source>马上就好，请稍等</source>
        <translation>Almost ready, one moment</translation>
    </message>
    <message>
        <source>带上身份证，一步一步跟着走</source>
        <translation>Bring your ID card; we go step by step</translation>
    </message>
    <message>
        <source>开始</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>普通版</source>
        <translation>Normal print</translation>
    </message>
    <message>
        <source>长辈版</source>
        <translation>Large print</translation>
    </message>
</context>
<context>
    <name>BottomBar</name>
    <message>
        <source>请人帮我</source>
        <translation>Get help</translation>
    </message>
</context>
<context>
    <name>CardNotices</name>
    <message>
        <source>没带社保卡？手机出示政务服务码也行</source>
        <translation>No social-security card? Show the service code on your phone</translation>
    </message>
    <message>
        <source>只带身份证？请找工作人员帮忙</source>
        <translation>Only your ID card with you? Please ask the staff</translation>
    </message>
    <message>
        <source>没带身份证？社保卡、政务服务码也行</source>
        <translation>No ID card? A social-security card or service code will do</translation>
    </message>
    <message>
        <source>没带身份证？插社保卡也行</source>
        <translation>No ID card? Insert your social-security card</translation>
    </message>
    <message>
        <source>没带身份证？手机出示政务服务码也行</source>
        <translation>No ID card? Show the service code on your phone</translation>
    </message>
    <message>
        <source>没带身份证？请找工作人员帮忙</source>
        <translation>No ID card? Please ask the staff</translation>
    </message>
    <message>
        <source>您的信息只用于办这件事，办完自动清除</source>
        <translation>Your data is used for this only and cleared afterwards</translation>
    </message>
</context>
<context>
    <name>DigitKey</name>
    <message>
        <source>删一位</source>
        <translation>Delete</translation>
    </message>
    <message>
        <source>清空</source>
        <translation>Clear</translation>
    </message>
</context>
<context>
    <name>DisplayPage</name>
    <message>
        <source>标准颜色</source>
        <translation>Standard colours</translation>
    </message>
    <message>
        <source>黑底白字</source>
        <translation>White on black</translation>
    </message>
    <message>
        <source>白底黑字</source>
        <translation>Black on white</translation>
    </message>
    <message>
        <source>柔和不刺眼</source>
        <translation>Soft, no glare</translation>
    </message>
    <message>
        <source>哪一种看得清？</source>
        <translation>Which can you read best?</translation>
    </message>
    <message>
        <source>您走后会变回原样</source>
        <translation>It goes back when you leave</translation>
    </message>
    <message>
        <source>就用这个</source>
        <translation>Use this one</translation>
    </message>
    <message>
        <source>普通版</source>
        <translation>Normal print</translation>
    </message>
    <message>
        <source>长辈版</source>
        <translation>Large print</translation>
    </message>
</context>
<context>
    <name>HelpPage</name>
    <message>
        <source>请找身边的工作人员</source>
        <translation>Please ask the staff here</translation>
    </message>
    <message>
        <source>您的事停在这里，不会丢</source>
        <translation>Your case waits here; nothing is lost</translation>
    </message>
    <message>
        <source>回去接着办</source>
        <translation>Go on</translation>
    </message>
    <message>
        <source>没有人在？请打电话</source>
        <translation>Nobody here? Call</translation>
    </message>
    <message>
        <source>办事的时间会多等您一会儿</source>
        <translation>The terminal waits for you</translation>
    </message>
</context>
<context>
    <name>HomePage</name>
    <message>
        <source>退出</source>
        <translation>Leave</translation>
    </message>
    <message>
        <source>您要办什么？</source>
        <translation>What do you need?</translation>
    </message>
    <message>
        <source>您好，要办什么事？</source>
        <translation>What do you need?</translation>
    </message>
    <message>
        <source>有凭条的，直接对着扫码口扫一扫</source>
        <translation>Have a slip? Just hold it to the scanner</translation>
    </message>
    <message>
        <source>认证、登记、申请</source>
        <translation>Check, register, apply</translation>
    </message>
    <message>
        <source>办业务</source>
        <translation>Services</translation>
    </message>
    <message>
        <source>办到哪一步了</source>
        <translation>How far is it?</translation>
    </message>
    <message>
        <source>查一查</source>
        <translation>Look up</translation>
    </message>
    <message>
        <source>凭条、证明</source>
        <translation>Slips, certificates</translation>
    </message>
    <message>
        <source>打印取件</source>
        <translation>Collect</translation>
    </message>
    <message>
        <source>怎么办、带什么</source>
        <translation>How, and what to bring</translation>
    </message>
    <message>
        <source>问一问</source>
        <translation>Ask</translation>
    </message>
    <message>
        <source>大家常办</source>
        <translation>What most people come for</translation>
    </message>
</context>
<context>
    <name>IdentifyPage</name>
    <message>
        <source>正在向平台核对</source>
        <translation>Asking the platform</translation>
    </message>
    <message>
        <source>马上就好，请稍等</source>
        <translation>Just a moment, please</translation>
    </message>
    <message>
        <source>正在读，卡先别动</source>
        <translation>Reading, let the card lie</translation>
    </message>
    <message>
        <source>读卡器正在恢复</source>
        <translation>The card reader is recovering</translation>
    </message>
    <message>
        <source>请把身份证放在感应区</source>
        <translation>Lay your ID card on the plate</translation>
    </message>
    <message>
        <source>请插入社保卡</source>
        <translation>Insert your social-security card</translation>
    </message>
    <message>
        <source>亮灯的地方，插到底，先别拔</source>
        <translation>Where the light is, all the way in</translation>
    </message>
    <message>
        <source>读好了屏幕会告诉您</source>
        <translation>The screen will tell you when it is done</translation>
    </message>
    <message>
        <source>请稍等，好了会自动继续</source>
        <translation>One moment; it goes on by itself</translation>
    </message>
    <message>
        <source>右下方亮灯的地方，放平，先别拿走</source>
        <translation>On the lit plate, lower right; let it lie</translation>
    </message>
</context>
<context>
    <name>IdentityPage</name>
    <message>
        <source>这是您吗？</source>
        <translation>Is that you?</translation>
    </message>
    <message>
        <source>读好了，卡可以拿走了</source>
        <translation>Done; you may take your card</translation>
    </message>
    <message>
        <source>读好了，卡可以拔出来了</source>
        <translation>Done; you may pull your card out</translation>
    </message>
    <message>
        <source>核对好了，手机可以收好</source>
        <translation>Checked; you may put your phone away</translation>
    </message>
    <message>
        <source>是我</source>
        <translation>Yes, that is me</translation>
    </message>
    <message>
        <source>姓名</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>证件号</source>
        <translation>ID number</translation>
    </message>
    <message>
        <source>这张证已过有效期，工作人员可能会联系您</source>
        <translation>This card has expired; staff may contact you</translation>
    </message>
    <message>
        <source>不是我，重新放卡</source>
        <translation>Not me, read another card</translation>
    </message>
    <message>
        <source>不是我，换一个</source>
        <translation>Not me, try again</translation>
    </message>
</context>
<context>
    <name>IdleStrip</name>
    <message>
        <source>您还在吗？%1 秒后自动退出，信息会清除</source>
        <translation>Still there? In %1 seconds this ends and your data is cleared</translation>
    </message>
    <message>
        <source>我还在</source>
        <translation>I am here</translation>
    </message>
</context>
<context>
    <name>KeeperPage</name>
    <message>
        <source>管理员看这里</source>
        <translation>For the site keeper</translation>
    </message>
    <message>
        <source>本机编号 %1</source>
        <translation>Terminal %1</translation>
    </message>
    <message>
        <source>本机还没有编号</source>
        <translation>This terminal has no number yet</translation>
    </message>
    <message>
        <source>看完了</source>
        <translation type="unfinished">Finished</translation>
    </message>
    <message>
        <source>还有 %1 件要做</source>
        <translation>%1 more to do</translation>
    </message>
    <message>
        <source>凭条纸</source>
        <translation>Slip paper</translation>
    </message>
    <message>
        <source>A4 纸</source>
        <translation>A4 paper</translation>
    </message>
    <message>
        <source>等着送的</source>
        <translation>Waiting</translation>
    </message>
    <message>
        <source>上次回音</source>
        <translation>Answers</translation>
    </message>
    <message>
        <source>上次联系</source>
        <translation>Contact</translation>
    </message>
    <message>
        <source>%1 件</source>
        <translation>%1</translation>
    </message>
    <message>
        <source>没有</source>
        <translation>None</translation>
    </message>
    <message>
        <source>最早一件</source>
        <translation>The oldest</translation>
    </message>
    <message>
        <source>要人看的</source>
        <translation>To look at</translation>
    </message>
    <message>
        <source>上次送件</source>
        <translation>Last sent</translation>
    </message>
    <message>
        <source>还有几条</source>
        <translation type="unfinished">More</translation>
    </message>
    <message>
        <source>回到前面</source>
        <translation type="unfinished">From the top</translation>
    </message>
</context>
<context>
    <name>LetterKey</name>
    <message>
        <source>空格</source>
        <translation>Space</translation>
    </message>
</context>
<context>
    <name>LetterPad</name>
    <message>
        <source>删一个字</source>
        <translation>Delete a letter</translation>
    </message>
</context>
<context>
    <name>ListTurner</name>
    <message>
        <source>上一页</source>
        <translation>Previous</translation>
    </message>
    <message>
        <source>下一页</source>
        <translation>More</translation>
    </message>
    <message>
        <source>第 %1 页，共 %2 页</source>
        <translation>Page %1 of %2</translation>
    </message>
</context>
<context>
    <name>LookupPage</name>
    <message>
        <source>扫凭条，或输入收件号</source>
        <translation>Scan your slip, or type the number</translation>
    </message>
    <message>
        <source>把凭条上的码对着扫码口</source>
        <translation>Hold the code on the slip to the scanner</translation>
    </message>
    <message>
        <source>查询</source>
        <translation>Look it up</translation>
    </message>
    <message>
        <source>16 位收件号</source>
        <translation>16-digit receipt number</translation>
    </message>
    <message>
        <source>收件号</source>
        <translation>Receipt number</translation>
    </message>
</context>
<context>
    <name>Main</name>
    <message>
        <source>邻办</source>
        <translation>Linban</translation>
    </message>
</context>
<context>
    <name>OutOfServicePage</name>
    <message>
        <source>本机暂停服务</source>
        <translation>Out of service for now</translation>
    </message>
    <message>
        <source>请找工作人员，或换一台机器</source>
        <translation>Please ask the staff, or use another terminal</translation>
    </message>
    <message>
        <source>请打电话 %1</source>
        <translation>Please call %1</translation>
    </message>
    <message>
        <source>打电话时报这个代码</source>
        <translation>Give this code when you call</translation>
    </message>
    <message>
        <source>代码 %1</source>
        <translation>Code %1</translation>
    </message>
    <message>
        <source>之前收下的件都在，不会丢</source>
        <translation>Cases taken before are safe here</translation>
    </message>
</context>
<context>
    <name>PhoneMark</name>
    <message>
        <source>求助电话 %1</source>
        <translation>Help: call %1</translation>
    </message>
</context>
<context>
    <name>ProgressPage</name>
    <message>
        <source>收件号 %1</source>
        <translation>Receipt number %1</translation>
    </message>
    <message>
        <source>看完了</source>
        <translation>Finished</translation>
    </message>
    <message>
        <source>工作人员说</source>
        <translation>The staff say</translation>
    </message>
    <message>
        <source>经过</source>
        <translation>What happened so far</translation>
    </message>
</context>
<context>
    <name>QuestionPage</name>
    <message>
        <source>下一步</source>
        <translation>Next</translation>
    </message>
    <message>
        <source>请按数字键</source>
        <translation>Press the digits</translation>
    </message>
</context>
<context>
    <name>RecordingPage</name>
    <message>
        <source>正在收件，请稍等</source>
        <translation>One moment, being received</translation>
    </message>
    <message>
        <source>正在写入本机，先别离开</source>
        <translation>Being written down; please stay</translation>
    </message>
</context>
<context>
    <name>ResultPage</name>
    <message>
        <source>已收件</source>
        <translation>Received</translation>
    </message>
    <message>
        <source>办好了</source>
        <translation>Done</translation>
    </message>
    <message>
        <source>材料已收下，还没有开始审批</source>
        <translation>We have your papers; nobody has examined them yet</translation>
    </message>
    <message>
        <source>您的收件号</source>
        <translation>Your receipt number</translation>
    </message>
</context>
<context>
    <name>ReviewPage</name>
    <message>
        <source>请看一遍，对不对？</source>
        <translation>Please check: is it right?</translation>
    </message>
    <message>
        <source>按“确认提交”之后，本机就收件</source>
        <translation>It is received once you press “Submit”</translation>
    </message>
    <message>
        <source>确认提交</source>
        <translation>Submit</translation>
    </message>
    <message>
        <source>查那一件</source>
        <translation>Look up that one</translation>
    </message>
</context>
<context>
    <name>ReviewRow</name>
    <message>
        <source>改</source>
        <translation>Change</translation>
    </message>
    <message>
        <source>改%1</source>
        <translation>Change: %1</translation>
    </message>
</context>
<context>
    <name>SaidCard</name>
    <message>
        <source>往下看 %1/%2</source>
        <translation>Read on %1/%2</translation>
    </message>
</context>
<context>
    <name>ServicePage</name>
    <message>
        <source>开始办理</source>
        <translation>Start</translation>
    </message>
    <message>
        <source>还有几条</source>
        <translation>More</translation>
    </message>
    <message>
        <source>回到前面</source>
        <translation>From the top</translation>
    </message>
    <message>
        <source>谁能办</source>
        <translation>Who</translation>
    </message>
    <message>
        <source>带什么</source>
        <translation>Bring</translation>
    </message>
    <message>
        <source>多久</source>
        <translation>How long</translation>
    </message>
    <message>
        <source>多少钱</source>
        <translation>Cost</translation>
    </message>
    <message>
        <source>在哪取</source>
        <translation>Where to collect</translation>
    </message>
</context>
<context>
    <name>ServicesPage</name>
    <message>
        <source>您要办哪件事？</source>
        <translation>What do you want to do?</translation>
    </message>
    <message>
        <source>您要查什么？</source>
        <translation>What do you want to look up?</translation>
    </message>
    <message>
        <source>您要取什么？</source>
        <translation>What do you want to collect?</translation>
    </message>
    <message>
        <source>您想问哪件事？</source>
        <translation>What do you want to know?</translation>
    </message>
    <message>
        <source>点开看谁能办、带什么、多久</source>
        <translation>Touch one to see who, what and how long</translation>
    </message>
    <message>
        <source>这里现在还没有可办的事</source>
        <translation>There is nothing here yet</translation>
    </message>
</context>
<context>
    <name>SignatureEntry</name>
    <message>
        <source>还没有写</source>
        <translation>Nothing written yet</translation>
    </message>
    <message>
        <source>已经写了</source>
        <translation>Written</translation>
    </message>
    <message>
        <source>请用手指在这里写名字</source>
        <translation>Write your name here with a finger</translation>
    </message>
    <message>
        <source>退一笔</source>
        <translation>Undo a stroke</translation>
    </message>
    <message>
        <source>重写</source>
        <translation>Start again</translation>
    </message>
</context>
<context>
    <name>SlipCard</name>
    <message>
        <source>正在打印凭条…</source>
        <translation>Printing your slip…</translation>
    </message>
    <message>
        <source>凭条打好了，请拿走</source>
        <translation>Your slip is ready, please take it</translation>
    </message>
    <message>
        <source>请记下上面的收件号</source>
        <translation>Please write down the number above</translation>
    </message>
    <message>
        <source>凭条没打出来</source>
        <translation>The slip was not printed</translation>
    </message>
    <message>
        <source>这次没有凭条</source>
        <translation>No slip this time</translation>
    </message>
    <message>
        <source>凭条出来了吗？</source>
        <translation>Did the slip come out?</translation>
    </message>
    <message>
        <source>凭条请收好</source>
        <translation>Please keep your slip</translation>
    </message>
    <message>
        <source>请在下方出纸口等一下</source>
        <translation>It comes out of the slot below</translation>
    </message>
    <message>
        <source>在屏幕下方的出纸口</source>
        <translation>From the slot under the screen</translation>
    </message>
    <message>
        <source>请看看屏幕下方的出纸口</source>
        <translation>Please look at the paper slot below the screen</translation>
    </message>
    <message>
        <source>查进度的时候扫一扫就行</source>
        <translation>Scan it to see the progress</translation>
    </message>
    <message>
        <source>查进度的时候要用</source>
        <translation>You need it to ask how far it is</translation>
    </message>
    <message>
        <source>出来了</source>
        <translation>Yes, I have it</translation>
    </message>
    <message>
        <source>没有，再打一次</source>
        <translation>No, print again</translation>
    </message>
    <message>
        <source>请拿笔记下收件号，一样能查</source>
        <translation>Please write the number down; it works as well</translation>
    </message>
    <message>
        <source>打印凭条</source>
        <translation>Print the slip</translation>
    </message>
    <message>
        <source>再打一次</source>
        <translation>Print again</translation>
    </message>
    <message>
        <source>不用打印</source>
        <translation>No slip, thank you</translation>
    </message>
</context>
<context>
    <name>StagePage</name>
    <message>
        <source>返回</source>
        <translation>Back</translation>
    </message>
</context>
<context>
    <name>TopBar</name>
    <message>
        <source>邻办</source>
        <translation>Linban</translation>
    </message>
    <message>
        <source>第 %1 步，共 %2 步</source>
        <translation>Step %1 of %2</translation>
    </message>
    <message>
        <source>看得清</source>
        <translation>Colours</translation>
    </message>
</context>
<context>
    <name>ViewRow</name>
    <message>
        <source>普通版</source>
        <translation>Normal print</translation>
    </message>
    <message>
        <source>长辈版</source>
        <translation>Large print</translation>
    </message>
    <message>
        <source>看得清</source>
        <translation>Colours</translation>
    </message>
</context>
</TS>
