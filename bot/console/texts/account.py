"""Logging in, and one's own account."""

TEXTS = {
    "login.title": ("Log in", "登录"),
    "login.name": ("Name", "用户名"),
    "login.password": ("Password", "密码"),
    "login.send": ("Log in", "登录"),
    "login.wrong": ("Name or password is wrong.", "用户名或密码错误。"),
    "login.held_back": (
        "Too many logins have failed. Try again in 15 minutes.",
        "登录失败次数过多，请在 15 分钟后重试。",
    ),
    "login.ended": ("You are logged out.", "您已退出登录。"),
    "login.empty": (
        "Nobody can log in yet. Make the first account on the machine that runs Kefu:",
        "目前还没有账户。请在运行 Kefu 的机器上创建第一个账户：",
    ),
    "account.title": ("My account", "我的账户"),
    "account.preferences": ("Language and time", "语言与时间"),
    "account.language": ("Language", "语言"),
    "account.browser_language": ("As my browser asks for", "跟随浏览器"),
    "account.time_zone": ("Time zone", "时区"),
    "account.time_zone_hint": (
        "Such as Europe/Berlin or Asia/Shanghai; empty for UTC",
        "例如 Asia/Shanghai 或 Europe/Berlin；留空表示 UTC",
    ),
    "account.save": ("Save", "保存"),
    "account.saved": ("Saved.", "已保存。"),
    "account.password": ("Password", "密码"),
    "account.present_password": ("Present password", "当前密码"),
    "account.new_password": ("New password", "新密码"),
    "account.password_hint": (
        "At least {count} characters; all your other sessions end",
        "至少 {count} 个字符；您的其他登录会话都会结束",
    ),
    "account.change_password": ("Change password", "修改密码"),
    "account.password_changed": (
        "The password is changed, and all your other sessions have ended.",
        "密码已修改，您的其他登录会话均已结束。",
    ),
    "account.wrong_password": ("That is not your present password.", "当前密码不正确。"),
    "account.sessions": ("Sessions", "登录会话"),
    "account.sessions_hint": (
        "If you have logged in on a machine that others use, end all of your sessions.",
        "如果您曾在他人使用的设备上登录，请结束所有会话。",
    ),
    "account.log_out_everywhere": ("Log out everywhere", "在所有设备上退出"),
}
