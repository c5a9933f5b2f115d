"""Titles of errors, by the slug of their problem."""

TEXTS = {
    "errors.back": ("Back", "返回"),
    "errors.bad-request": ("The request makes no sense", "请求无效"),
    "errors.invalid-input": ("Something is filled in wrongly", "填写内容有误"),
    "errors.too-large": ("That is too large", "内容过大"),
    "errors.unauthorized": ("Log in first", "请先登录"),
    "errors.forbidden": ("You may not do that", "您没有权限执行此操作"),
    "errors.not-found": ("There is no such thing", "找不到该内容"),
    "errors.conflict": ("The present state does not allow this", "当前状态不允许此操作"),
    "errors.rivals": ("Another answer says or answers this already", "已有另一个答案包含或回答了这个内容"),
    "errors.handoff-state": (
        "Another person has this conversation, or it has ended",
        "该会话已由他人接手，或已结束",
    ),
    "errors.nothing-to-serve": ("There is no release yet", "还没有可用的版本"),
    "errors.gate-refused": ("The gate refused this release", "该版本未通过检验"),
    "errors.rate-limited": ("Too many requests", "请求过于频繁"),
    "errors.unavailable": ("Not able to answer right now", "暂时无法处理"),
    "errors.internal-error": ("Something went wrong on our side", "我们这边出了问题"),
}
