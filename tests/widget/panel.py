"""The widget as a visitor meets it: by names and roles, in three languages."""

import re
from dataclasses import dataclass

from playwright.sync_api import Locator, Page, expect

NAMES = {
    "en": {
        "launcher": "Chat with us",
        "message": "Message",
        "send": "Send",
        "up": "Helpful",
        "down": "Not helpful",
        "person": "Talk to a person",
        "more": "More options",
        "close": "Close chat",
        "delete": "Delete my conversation",
        "yes": "Delete",
        "undo": "Undo",
        "why": "Why this answer?",
        "wrong": "Wrong answer",
        "retry": "Try again",
        "download": "Download transcript",
        "rate": "Rate this conversation",
        "four": "4 of 5 stars",
        "send rating": "Send rating",
    },
    "zh-Hans": {
        "launcher": "在线咨询",
        "message": "消息",
        "send": "发送",
        "up": "有帮助",
        "down": "没有帮助",
        "person": "转人工",
        "more": "更多选项",
        "close": "关闭对话",
        "delete": "删除我的对话",
        "yes": "删除",
        "undo": "撤销",
        "why": "为什么是这个答案？",
        "wrong": "答案不对",
        "retry": "重试",
        "download": "下载聊天记录",
        "rate": "评价本次对话",
        "four": "4 星，满分 5 星",
        "send rating": "提交评价",
    },
    "zh-Hant": {"launcher": "線上諮詢", "message": "訊息", "send": "傳送", "more": "更多選項"},
}
LOCALES = {"en": "en-US", "zh-Hans": "zh-CN", "zh-Hant": "zh-TW"}
KNOWN = {"en": "How many days do I have to return something?", "zh-Hans": "怎么开发票？"}
UNCLEAR = {"en": "cancel my order", "zh-Hans": "发货", "zh-Hant": "发货"}


@dataclass(frozen=True)
class Panel:
    page: Page
    locale: str = "en"

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=NAMES[self.locale][name], exact=True)

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox", name=NAMES[self.locale]["message"], exact=True)

    @property
    def launcher(self) -> Locator:
        return self.button("launcher")

    def said_by(self, role: str) -> Locator:
        return self.page.locator(f".entry.{role} .bubble:not(.typing)")

    def open(self) -> "Panel":
        self.launcher.click()
        expect(self.field).to_be_visible()
        expect(self.said_by("bot")).to_have_count(1)
        return self

    def write(self, text: str) -> Locator:
        """Sends with Enter; returns the reply once it is whole."""
        before = self.said_by("bot").count()
        self.field.fill(text)
        self.field.press("Enter")
        expect(self.field).to_have_value("")
        reply = self.said_by("bot").nth(before)
        expect(self.page.locator(".mark").last).to_have_text(re.compile(r"^(Delivered|已送达|已送達)$"))
        expect(reply).to_be_visible()
        return reply

    @property
    def element(self) -> Locator:
        return self.page.locator("kefu-widget")
