"""What is said in the whole story, and what is written on the screens, in both languages."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Words:
    """First what belongs to the shop, then what the visitor writes and reads, then what the operator writes and reads."""

    locale: str
    """Of both browsers."""
    spoken: Literal["en", "zh-Hans"]
    """As the widget calls it."""
    shop: str
    slogan: str
    goods: tuple[str, ...]

    unclear: str
    clear: str
    thanks: str
    comment: str
    greeting: str
    reason: str
    thanked: str
    asked: str
    waiting: str
    soon: str
    taken: str
    with_person: str
    handed_back: str
    how_was_it: str
    rated: str

    reply: str
    note: str

    state_waiting: str
    tried: str
    briefing_reason: str
    take: str
    holds: str
    send: str
    add_note: str
    noted: str
    hand_back: str
    given_back: str
    ended: str
    why: str
    votes: str
    what_was_wrong: str
    stars: str


ENGLISH = Words(
    locale="en-US",
    spoken="en",
    shop="Lumo",
    slogan="Phones, headphones and smart things for your home",
    goods=("Nova 5", "Aria", "Slate 11", "Pulse 3", "Feather 14", "Home Hub"),
    unclear="I want to cancel",
    clear="How many days do I have to return something?",
    thanks="Thank you! Will I get an email, too?",
    comment="Quick and friendly.",
    greeting="Hello! I'm an automated assistant. Ask me anything, or say “a person” at any time.",
    reason="Incomplete",
    thanked="Thank you for telling us.",
    asked="A person has been asked",
    waiting="We have asked our team. A person will answer here as soon as somebody is free.",
    soon="A person will answer here as soon as somebody is free. Until then you can go on asking me.",
    taken="A person is here now and reads along. I'll be quiet meanwhile.",
    with_person="You are talking to a person",
    handed_back="The person has left, and I answer again. Say “a person” at any time.",
    how_was_it="How did it go?",
    rated="Thank you for your rating.",
    reply="Hello, this is Ana. I have cancelled the order for you; the refund is on its way.",
    note="Lumo Club member. Wanted the black one instead.",
    state_waiting="waiting",
    tried="asked back",
    briefing_reason="asked for a person",
    take="Take over",
    holds="You talk with this customer; the bot is silent.",
    send="Send",
    add_note="Add note",
    noted="Noted.",
    hand_back="Hand back to the bot",
    given_back="Handed back to the bot.",
    ended="This handoff has ended.",
    why="why?",
    votes="0 helpful, 1 not helpful",
    what_was_wrong="incomplete (1)",
    stars="4 of 5 stars",
)

CHINESE = Words(
    locale="zh-CN",
    spoken="zh-Hans",
    shop="鹿鸣数码",
    slogan="手机、耳机和智能家居",
    goods=("Nova 5 手机", "Aria 耳机", "Slate 11 平板", "Pulse 3 手表", "Feather 14 笔记本", "Home Hub 网关"),
    unclear="退货",
    clear="多少天之内可以退货？",
    thanks="谢谢！会给我发邮件吗？",
    comment="回复很快，态度很好。",
    greeting="您好！我是自动客服助手。有问题请直接问我，需要真人服务时说“转人工”即可。",
    reason="不完整",
    thanked="感谢您的反馈。",
    asked="已请求人工客服",
    waiting="已经通知我们的客服同事，有人空闲时会在这里回复您。",
    soon="客服人员有空时会在这里回复您。在此期间您可以继续向我提问。",
    taken="客服人员已经接入，正在看您的问题。在此期间我不再自动回复。",
    with_person="人工客服正在为您服务",
    handed_back="客服人员已经离开，由我继续回答您。需要时随时说“转人工”。",
    how_was_it="这次对话怎么样？",
    rated="感谢您的评价。",
    reply="您好，我是小安。退货已经帮您申请好了，快递员明天上门取件。",
    note="鹿鸣会员，想换成黑色。",
    state_waiting="等待中",
    tried="反问澄清",
    briefing_reason="访客要求转人工",
    take="接手",
    holds="您正在与该客户对话，机器人不会回复。",
    send="发送",
    add_note="添加备注",
    noted="已添加备注。",
    hand_back="交还机器人",
    given_back="已交还机器人。",
    ended="此次人工服务已结束。",
    why="原因",
    votes="0 个有帮助，1 个没有帮助",
    what_was_wrong="不完整 (1)",
    stars="4 星（满分 5 星）",
)
