"""Documents that answers may quote."""

TEXTS = {
    "documents.title": ("Documents", "文档"),
    "documents.document": ("Document", "文档"),
    "documents.none": ("No document was found. Import some first.", "没有找到文档，请先导入。"),
    "documents.search": ("Words in title, path or address", "标题、路径或网址中的文字"),
    "documents.sections": ("Sections", "章节"),
    "documents.sections_of": ("Sections ({count})", "章节（{count}）"),
    "documents.more": ("The first {count} are shown.", "仅显示前 {count} 个。"),
    "documents.key": ("Known by", "标识"),
    "documents.url": ("Address", "网址"),
    "documents.decide": ("State and dates", "状态与有效期"),
    "documents.saved": ("Saved; it counts for the next reply.", "已保存，下一条回复起生效。"),
    "documents.waits": ("a change waits", "有待批准的变更"),
    "documents.pending": ("A change waits for approval", "有变更等待批准"),
    "documents.pending_hint": (
        "An import brought another text. Until it is approved, customers get what stands.",
        "导入带来了新的内容。在批准之前，客户看到的仍是现有内容。",
    ),
    "documents.look": ("Read the change (version {number})", "查看变更（版本 {number}）"),
    "documents.approve": ("Approve the change", "批准变更"),
    "documents.drop": ("Drop the change", "放弃变更"),
    "document_state.draft": ("draft", "草稿"),
    "document_state.approved": ("approved", "已批准"),
    "document_state.retired": ("retired", "已停用"),
    "document_state.pending": ("only waited", "仅曾待批"),
}
