"""What is around every page."""

TEXTS = {
    "frame.product": ("Kefu console", "Kefu 控制台"),
    "frame.skip": ("Skip to the content", "跳到正文"),
    "frame.navigation": ("Pages", "页面"),
    "frame.inbox": ("Inbox", "会话"),
    "frame.review": ("Review", "审核"),
    "frame.log_out": ("Log out", "退出登录"),
    "frame.next_page": ("Next page", "下一页"),
    "frame.first_page": ("First page", "第一页"),
    "frame.keys": ("Keyboard shortcuts", "键盘快捷键"),
    "frame.close": ("Close", "关闭"),
    "ago.days": ("{count} d ago", "{count} 天前"),
    "ago.hours": ("{count} h ago", "{count} 小时前"),
    "ago.minutes": ("{count} min ago", "{count} 分钟前"),
    "ago.now": ("just now", "刚刚"),
    "role.viewer": ("viewer", "查看者"),
    "role.operator": ("operator", "客服"),
    "role.supervisor": ("supervisor", "主管"),
    "role.admin": ("administrator", "管理员"),
}
