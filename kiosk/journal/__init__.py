"""The journal: the one file in which a terminal keeps every promise it made.

Start reading at `kiosk.journal.journal`.  Inside the package arrows run down only:
`journal > entries, outbox, print_jobs, inbox, audit, settings > sealing, schema > database`.
"""
