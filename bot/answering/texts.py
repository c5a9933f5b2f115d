"""What the bot says of itself, in every language it serves. Answers are not here: those are approved data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Texts:
    """``unknown_here`` and ``person_elsewhere`` are for those to whom no person can reply."""

    greeting: str
    which_one: str
    is_it_this: str
    unknown: str
    unknown_here: str
    person_requested: str
    person_elsewhere: str
    failed: str
    attachment: str
    welcome: str
    acknowledgement: str
    thanks: str
    goodbye: str
    opener: str
    other_language_only: str


TEXTS = {
    "en": Texts(
        greeting="Hello! I'm an automated assistant. Ask me anything, or say “a person” at any time.",
        which_one="I'm not sure which of these you mean:",
        is_it_this="I'm not quite sure. Is this what you mean?",
        unknown="I don't know that one, so I won't guess. I've passed your question to our team.",
        unknown_here="I don't know that one, so I won't guess. Nobody can join this chat; please contact our team directly.",
        person_requested="Of course. I've asked our team.",
        person_elsewhere="Nobody can join this chat; please contact our team directly.",
        failed="I'm sorry, I can't answer right now. I've passed your message to our team.",
        attachment="I can't open attachments. A person will look at yours here.",
        welcome="Hello! What can I do for you?",
        acknowledgement="All right. If there is anything else, just ask.",
        thanks="You're welcome! Anything else?",
        goodbye="Goodbye, and thank you for writing!",
        opener="Of course. What is your question?",
        other_language_only="I only have this in another language. It says:",
    ),
    "zh": Texts(
        greeting="您好！我是自动客服助手。有问题请直接问我，需要真人服务时说“转人工”即可。",
        which_one="请问您想问的是哪一个？",
        is_it_this="请问您想问的是这个吗？",
        unknown="这个问题我暂时没有可靠的答案，不想乱答。已经转给我们的客服同事。",
        unknown_here="这个问题我暂时没有可靠的答案，不想乱答。人工客服无法加入本次对话，请直接联系我们的客服团队。",
        person_requested="好的，已经为您转接人工客服。",
        person_elsewhere="人工客服无法加入本次对话，请直接联系我们的客服团队。",
        failed="抱歉，我现在无法回答。您的消息已经转给我们的客服同事。",
        attachment="我无法查看附件，客服人员会在这里查看您发送的内容。",
        welcome="您好！请问有什么可以帮您？",
        acknowledgement="好的，还有其他问题随时问我。",
        thanks="不客气！还有其他问题吗？",
        goodbye="感谢您的咨询，再见！",
        opener="好的，请问您想问什么？",
        other_language_only="这方面目前只有其他语言的资料，原文如下：",
    ),
}


def texts_for(language: str) -> Texts:
    return TEXTS.get(language, TEXTS["en"])
