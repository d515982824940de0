"""The web page: figures for people in a browser, drawn on the server. It computes nothing that readers do not compute.

`app.py` has the addresses, `address.py` the state that an address holds, `source.py` the way to Cassandra, `seen.py`
the pages that were rendered. Each page is a module of its name, with a template of the same name.
"""
