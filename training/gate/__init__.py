"""The gate: a candidate release is judged before it may speak, alone and beside the release that serves.

``folders`` and ``contents`` look at files, ``rows`` and ``asking`` ask held-out questions of both releases, ``comparison``,
``confidence_checks``, ``anchors`` and ``speed`` judge what they replied, ``replay`` lists logged messages that would be answered otherwise;
``judging`` puts them in order and ``writing`` makes gate.json and the page. docs/gate.md is for those who read a verdict.
"""
