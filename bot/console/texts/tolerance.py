"""How often the bot may be wrong, by language."""

TEXTS = {
    "tolerance.title": ("Tolerated error", "容许错误率"),
    "tolerance.hint": (
        "The more of its answers may be wrong, the more questions the bot answers by itself; the others it asks back about or hands "
        "over. A choice counts within two seconds, without training.",
        "容许的错误回答越多，机器人直接回答的问题就越多；其余的会追问或转人工。选择在两秒内生效，无需重新训练。",
    ),
    "tolerance.no_forecast": (
        "The release that speaks has no forecast: it was made by an older version, or had too few questions to learn from. Train again.",
        "当前版本没有预测：它由旧版本程序生成，或可供学习的问题太少。请重新训练。",
    ),
    "tolerance.forecast": ("What would be answered", "预计可直接回答的比例"),
    "tolerance.forecast_hint": (
        "Share of messages that the release that speaks would answer, by what may be wrong of these answers; found on questions it had "
        "not seen. Messages known word for word are answered besides.",
        "按容许的错误比例，当前版本预计可直接回答的消息比例；在它未见过的问题上得出。与已知问题完全相同的消息另外计算，始终会回答。",
    ),
    "tolerance.may_be_wrong": ("Of answers, wrong at most", "回答中最多有误"),
    "tolerance.answered": ("Messages answered", "直接回答的消息"),
    "tolerance.now": ("now", "当前"),
    "tolerance.choose": ("Choose another one", "重新选择"),
    "tolerance.in_language": ("Wrong at most, {language}", "最多有误（{language}）"),
    "tolerance.as_installed": (
        "as installed (KEFU_TOLERATED_ERROR): {share}",
        "按安装设置（KEFU_TOLERATED_ERROR）：{share}",
    ),
    "tolerance.option": ("{share}; answers some {answered}", "{share}；约可回答 {answered}"),
    "tolerance.not_in_force": (
        "{share} was chosen, but the release that speaks has no forecast for it; it does as it was trained.",
        "已选择 {share}，但当前版本没有对应的预测，仍按训练时的设置运行。",
    ),
    "tolerance.show": ("Show what would change", "查看会有什么变化"),
    "tolerance.changes": ("What would change", "将会发生的变化"),
    "tolerance.save": ("Let it count", "确认生效"),
    "tolerance.leave": ("Leave it as it is", "保持不变"),
    "tolerance.saved": ("Saved. It counts within two seconds.", "已保存，两秒内生效。"),
    "tolerance.composed": ("Replies composed from documents", "根据文档组成的回复"),
    "tolerance.judged": (
        "The newest verdicts on composed replies, at most a hundred of ninety days: {judged}, of which {wrong} say wrong. Where so "
        "many are wrong that the tolerated error can hardly be kept, a higher confidence is asked for from then on.",
        "最近九十天里对组成的回复的最新人工评判（最多一百条）共 {judged} 条，其中 {wrong} 条认为有误。若错误过多、难以保持容许的错误率，此后会要求更高的置信度。",
    ),
    "tolerance.composed_from": ("Given from a confidence of", "给出所需的置信度"),
    "tolerance.not_composed": ("not given", "不再给出"),
    "tolerance.composed_before": ("({share} without these verdicts)", "（若无这些评判为 {share}）"),
}
