"""Chinese wordings of "give me a person" (转人工), on one clause in simplified characters."""

from __future__ import annotations

import re

_NOT_HAN_OR_WORD = re.compile(r"[^0-9a-z\u4e00-\u9fff]+")
# Sound-alikes that input methods offer, and Pinyin.
_MISSPELT_MANUAL = re.compile(r"(?<=[转接找要换专传砖])(?:人[功攻公宫共供]|[仁任认]工)|ren ?gong|zhen ?ren")
_MISSPELT_TRANSFER = re.compile("[专传砖赚撰](?:接)?(?=人工|真人)|zhuan ?jie|zhuan")
_MISSPELT_SERVICE = re.compile("(?<=[找转接])(?:克服|客符|客户服务|客fu)|ke ?fu")
_ABBREVIATED = re.compile("^(?:zrg|转rg|zrgkf)$")

# What follows 人工 or 真人 where they do not mean a person who serves.
_OTHER_MANUAL = (
    r"(?!费|智能|智慧|审核|安装|成本|皮|草|湖|呼吸|耳蜗|植|种植|牙|泪|晶体|受孕|受精|检测|质检|分拣|录入|合成|养殖|培育|钻|降|材料|处理时"
    r"|试穿|试戴|试用|模特|照|拍摄|秀|发|声|音|语音|配音|出镜|实拍|版|大小|比例|cs|制作|打磨|缝|核|复核|确认|查验|操作|搬运|配送|的吗|授粉|雪)"
)
_PERSON = rf"(?:人工|真人|活人){_OTHER_MANUAL}"
_STAFF = (
    r"(?<!我的)(?:客服(?!电话|热线|号码|微信|邮箱|时间|态度|工作时|几点|工资|回复|说|的|软件|系统|机器人|中心|岗)|专员|专人|主管|经理|领导|负责人"
    r"|老板|店长|店主|掌柜|工作人员|接线员|坐席|座席|技术人员|工程师|懂的人|管事的|能做主的|说了算的|你们的人|上级|活人)"
    r"(?!安装|上门|签收|验收|检测|送货|配送|签字|审批|同意|批准|盖章|维修)"
)
_VERB = r"(?:转接|转|接通|接入|接|换成|换|切换|切|叫|找|喊|派|呼叫|联系|连接|召唤|来|给|要|有|请|求|需要|安排|上|想要|让|帮)"
_NEAR = r"[^不没别机器过]{0,6}?"
_ASKING = (
    rf"{_VERB}{_NEAR}{_PERSON}",
    rf"(?:转接|转|接通|接|换成|换|叫|找|喊|派|呼叫|联系|请|安排|让|要|来个|需要){_NEAR}{_STAFF}",
    # 跟真人说话
    r"(?:跟|和|与|同|对)(?:你们的?|一个|个|的|真正的?|活的|您们?的?|贵司的?|公司的?){0,2}"
    rf"(?:(?:{_PERSON}|{_STAFF})(?:客服|人员)?|人)[^不没了过]{{0,3}}?(?:聊|说|确认|咨询|谈|讲|沟通|对话|通话|交流|反映|反应)(?!了|过)",
    r"有(?:没有)?(?:专人|客服|工作人员|懂的人)(?:能|可以|来|在)?.{0,2}(?:帮我|处理|解决|回复|回答|联系)",
    r"[转换](?:给|到)?别的?人(?:$|来|跟|帮)",
    # 把你们经理叫来
    rf"把{_NEAR}{_STAFF}[给都]?(?:我)?[叫喊找请]",
    # 不要机器人
    r"(?:不要|不想|别|不需要|不用|拒绝|讨厌|受够|不愿)[^要]{0,4}(?:机器人|智能客服|自动回复|智能助手|ai客服)"
    r"(?:$|客服|回复|回答|聊|说|讲|对话|沟通|敷衍|糊弄|来|服务|了)",
    # 换个人来, 找个能解决的人
    r"换(?:一?个)?人(?:$|来|跟|和|说|回|行|吧|啊|处理|服务|聊|接)|[叫来](?:一?个)?(?:活|真)?人(?:$|来|出来)"
    r"|找(?:一?个)(?:懂的|能解决的?|正常的?|会说话的?|靠谱的?|明白|活)人|来个人",
    # 我要找人
    r"(?:^|要|想|给我|帮我)找(?:一?个)?人(?:$|来$|谈|说|聊|处理|解决)",
    r"(?:有没有|有|能不能有)人(?:理我|回我|回复我|处理|能帮我)",
    # 给我回电话
    r"(?:给我(?!的)|帮我|让.{1,8}|请|麻烦|安排.{0,6})(?:回(?:一?个)?电话?|打(?:一?个)?电话给我(?!的|们|[妈爸女儿姐妹哥弟老朋同])|打(?:一?个)?电话(?!给)|来(?:一?个)?电话|联系我|致电)",
    r"(?:打(?:一?个)?电话给我(?!的|们|[妈爸女儿姐妹哥弟老朋同])|电话联系我|给我来电|回(?:一?个)?电话给我)",
)
_ASKS = re.compile("|".join(_ASKING))
_TRANSFER = re.compile(rf"转(?:接|到|给|成|回|一下|入)?(?:{_PERSON}|客服|专人)")

_FILLER = (
    "请问|请|麻烦|帮我|给我|我要|我想要|我需要|我想|要|快点|快来|快|赶紧|赶快|立刻|立即|马上|现在|谢谢|你好|您好|呢|啊|吧|呀|啦|了|一下|下|个|吗|嘛"
    "|哪里|哪儿|哪|来|出来|在不在|在吗|在么|在|有没有|有|的|哦|喔|亲|那就|那|就|还是|直接|我|去|喂|hello|hi|ok|please|pls|一个|位|你们|你们的|服务|台|支持|小姐姐|小姐|小哥|人员|能不能|能|可以|可不可以|找|急|快快"
)
_BARE = re.compile(
    rf"(?:{_FILLER})*(?:(?:人工|真人|活人|在线|售后|专属)?客服|人工|真人|活人|专员|主管|经理|坐席)(?:客服|人工|{_FILLER})*"
)
_GREETING = re.compile(r"(?!.*(?:人工|真人)).{0,4}客服(?:在吗|在么|在嘛|在不在|你好|您好)$")
_NATURE = re.compile(
    r"是(?:不是|否)?(?:一?个)?(?:真人|人工|活人|机器人|客服)|^真人吗|^(?:真人|人工)(?:的|客服)?吗?还是"
)

_ABOUT_THE_SERVICE = re.compile(
    "几点|什么时候|上班|下班|营业|工作时间|服务时间|在线时间|周末|周六|周日|星期[六日天]|节假日|放假|春节|国庆|夜里|晚上|24小时|二十四小时"
    "|多少钱|收费|要钱|费用|电话是|电话多少|电话号|电话几号|是什么|什么意思|怎么申请|如何成为|招聘|区别"
)
_HOW_TO_CONTACT = re.compile(
    "(?:怎么|如何|怎样|哪里|哪儿|哪).{0,4}(?:联系|找)[^真人活]{0,4}客服$|需要联系|要联系|必须"
)
_CARRIER = re.compile("快递|骑手|配送|司机|师傅|送货|派送|派件|发货|会.{0,4}吗$|为什么|怎么|谁|没")
# 要不要人工 asks for it.
_SAYS_NO = re.compile("(?<![要需])不$")
_REFUSED = re.compile(
    "(?:不用|不要|不需要|不需|无需|别|不必|没必要|先不|不想|甭|勿|不用再)(?:给我|帮我|再|去|你|总|老|急着|现在|先)*$"
)
_PAST = re.compile("过|昨天|之前|上次|已经|刚才|刚刚|说了|打了")


def asks_in_chinese(clause: str) -> bool:
    """Whether the clause asks for a person."""
    text = _spelt_right(clause)
    if _ABBREVIATED.match(text):
        return True
    if _NATURE.search(text) or _GREETING.match(text):
        return False
    if _BARE.fullmatch(text):
        return True
    transfer = _TRANSFER.search(text)
    if (
        transfer
        and not _REFUSED.search(text[: transfer.start()])
        and not _ABOUT_THE_SERVICE.search(text[transfer.end() :])
    ):
        return True
    if _ABOUT_THE_SERVICE.search(text) or _HOW_TO_CONTACT.search(text):
        return False
    return _asks_somewhere(text)


def _asks_somewhere(text: str) -> bool:
    position = 0
    while match := _ASKS.search(text, position):
        before = text[: match.start()]
        about_calls = "电" in match[0] or "联系我" in match[0]
        told = _PAST.search(text) and not re.search("转|要|请|给我|帮我|换", match[0])
        refused = _REFUSED.search(before) or (match[0][0] in "要需想" and _SAYS_NO.search(before))
        if not (refused or told or (about_calls and _CARRIER.search(text.replace("有没有", "")))):
            return True
        position = match.start() + 1
    return False


def _spelt_right(clause: str) -> str:
    text = _NOT_HAN_OR_WORD.sub("", clause)
    text = _MISSPELT_MANUAL.sub(lambda match: "真人" if match[0].startswith("zhen") else "人工", text)
    text = _MISSPELT_SERVICE.sub("客服", text)
    return _MISSPELT_TRANSFER.sub("转", text)
