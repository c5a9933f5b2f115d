"""Label candidates: what agents replied and visitors chose, until somebody has decided."""

TEXTS = {
    "candidates.title": ("Replies and choices to accept", "待采纳的回复与选择"),
    "candidates.waiting": ("{count} waiting", "待处理 {count} 条"),
    "candidates.all": ("All", "全部"),
    "candidates.agent_reply": ("Agents' replies", "客服回复"),
    "candidates.visitor_choice": ("Visitors' choices", "访客选择"),
    "candidates.nothing_hint": (
        "What agents reply in handoffs, and what visitors choose when the bot asks back, comes here.",
        "人工会话中客服的回复，以及机器人追问时访客的选择，会出现在这里。",
    ),
    "candidates.times": ("said {count} times", "共出现 {count} 次"),
    "candidates.replied": (
        "{name} replied, with names and numbers masked",
        "{name} 的回复（姓名与号码已隐去）",
    ),
    "candidates.chose": ("The visitor chose this answer", "访客选择了此答案"),
    "candidates.became": ("Became this answer", "成为此答案"),
    "candidates.accept": ("Accept as it is", "按原样采纳"),
    "candidates.edit": ("Accept in better words", "修改后采纳"),
    "candidates.reject": ("Reject", "不采纳"),
    "candidates.next": ("next one", "下一条"),
    "candidates.previous": ("previous one", "上一条"),
    "candidates.accepted": ("Accepted. It counts at once.", "已采纳，立即生效。"),
    "candidates.rejected": ("Put aside. It is not proposed again.", "未采纳，不再提示。"),
    "label_state.candidate": ("Waits.", "待处理。"),
    "label_state.counted": ("Accepted", "已采纳"),
    "label_state.rejected": ("Rejected", "未采纳"),
}
