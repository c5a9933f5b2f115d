"""Gaps in the knowledge."""

TEXTS = {
    "gaps.title": ("Gaps in the knowledge", "知识缺口"),
    "gaps.hint": (
        "What customers ask and nobody has an answer for, the most asked first.",
        "客户提出但还没有答案的问题，按提问次数排列。",
    ),
    "gaps.none": ("There is none.", "没有内容。"),
    "gaps.find": ("Look for gaps now", "立即查找缺口"),
    "gaps.looked": ("Looked for gaps.", "已查找知识缺口。"),
    "gaps.question": ("Question", "问题"),
    "gaps.messages": ("Messages", "消息数"),
    "gaps.visitors": ("Visitors", "访客数"),
    "gaps.draft": ("Draft", "草稿"),
    "gaps.has_draft": ("there is one", "有"),
    "gaps.forecast": ("A week", "每周"),
    "gaps.forecast_said": ("{low} to {high}", "{low} 到 {high}"),
    "gaps.forecast_long": (
        "An answer would take over some {mean} messages a week (nine weeks in ten: {low} to {high}).",
        "有了答案后，预计每周可处理约 {mean} 条消息（十周中有九周在 {low} 到 {high} 之间）。",
    ),
    "gaps.actual": (
        "Since then: {answered} answered in {weeks} weeks.",
        "此后 {weeks} 周内已回答 {answered} 条。",
    ),
    "gaps.unnamed": ("(erased)", "（已删除）"),
    "gaps.examples": ("What was asked", "客户的提问"),
    "gaps.times": ("×{count}", "{count} 次"),
    "gaps.answer": ("Answer these questions", "回答这些问题"),
    "gaps.text": ("Answer", "答案内容"),
    "gaps.draft_from": (
        "The draft is what a person replied to: {asked}",
        "草稿来自人工对以下问题的回复：{asked}",
    ),
    "gaps.send": ("Approve this answer", "批准此答案"),
    "gaps.existing": ("Or an answer that says this already", "或选用已有的答案"),
    "gaps.this_one": ("This one answers them", "使用此答案"),
    "gaps.dismiss": ("Dismiss", "忽略"),
    "gaps.answered": ("The questions lead to this answer from now on.", "这些问题现在会得到此答案。"),
    "gaps.dismissed": (
        "The gap is dismissed; what is like it does not come up again.",
        "已忽略，类似问题不再出现。",
    ),
    "gap_state.open": ("open", "待处理"),
    "gap_state.answered": ("answered", "已回答"),
    "gap_state.dismissed": ("dismissed", "已忽略"),
}
