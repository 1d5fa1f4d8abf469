"""The operators' console: pages, made on the platform, for the people who look after the fleet.

It needs no script in the browser, sends none, and loads nothing from anywhere else.  One file a page
stands in `pages`; what they ask of the database stands in the files named after what they ask for.
"""
