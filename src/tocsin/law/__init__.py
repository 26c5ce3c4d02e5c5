"""Law as dated data: on what ground may personal data in intelligence cross a border, and is a legal basis in force.

`transfer` answers the first question, `bases` the second, both from the files in `data` and for a moment that the caller names.
What the data do not know is no permission. None of this is legal advice (docs/reference/law.md).
"""
