"""What assistants ask, over the Model Context Protocol: the REST interface asked inside this process, and text made harmless.

`inside` asks the application as the holder of a token, `tools` is the one table of what can be asked, `untrusted` makes what others wrote
into data, `protocol` speaks with the client. Only `protocol` needs the package `mcp` (the extra of that name).
"""
