"""Pages for people: one package a page with `PAGE`, its handlers and its templates. They show what `Released` holds, and nothing else.

What all pages share stands beside them: `page` (what a page says of itself), `view` (who looks, and how), `rendering` (templates to
responses), `forms` (what people send), `same_origin` (who may send it), `failing` (errors people can read), `assets` (styles and scripts).
"""
